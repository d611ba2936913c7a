// The challenges of all lessons: as a list that `lamplight grade` reads, and as a sheet for a class, to print.

import { escape, page, say, suffix } from "./lesson-pages.mjs";

const WORDS = {
  title: ["Class sheet", "练习单"],
  summary: [
    "The challenges of each course: what is asked for, where it is done, and how it is handed in.",
    "每门课程的练习：做什么，在哪里做，怎样提交。",
  ],
  print: ["Print", "打印"],
  how: ["How a solution is handed in", "怎样提交"],
  solve: [
    "Open the challenge, press “{0}”, and break or mend the cluster until the page says that it is solved.",
    "打开练习，按“{0}”，然后动手操作集群，直到页面显示完成。",
  ],
  send: ["Press “{0}” and send the link to your teacher.", "按“{0}”，把链接交给老师。"],
  proves: [
    "The link holds the scenario, its seed and every intervention with its step, nothing else. The same link always gives the same run. So it proves that these interventions, in the unchanged scenario, lead to the goal. It does not prove who found them.",
    "链接里只有场景、种子，以及每次干预和它所在的步骤。同一个链接总是得到同一次运行。所以它证明：在未改动的场景里，这些干预确实达到了目标。它不证明是谁找到的。",
  ],
  teacher: [
    "For the teacher: the command below each challenge plays the run again and looks for the goal in it.",
    "给老师：每题下面的命令会重新执行这次运行，并检查是否达到目标。",
  ],
  name: ["Name:", "姓名："],
  class: ["Class:", "班级："],
  date: ["Date:", "日期："],
  none: ["This course has no challenges yet.", "本课程还没有练习。"],
  where: ["Where", "位置"],
  goal: ["Goal", "目标"],
  goalIs: ["at some step of the run this holds:", "在运行的某一步，下面的条件成立："],
  starts: ["Run", "运行"],
  seed: ["{0}, seed {1}", "{0}，种子 {1}"],
  check: ["Check", "检查"],
  LINK: ["LINK", "链接"],
};

for (const [key, words] of Object.entries(WORDS)) {
  if (words.length !== 2 || !words.every(Boolean)) throw new Error(`the words of "${key}" are not in both languages`);
}

/** The challenges of a lesson that was played, as `lamplight grade` addresses them. */
function ofLesson({ course, slug, texts }, lang) {
  return texts[lang].parts
    .filter(({ is }) => is === "challenge")
    .map((part, at) => ({ id: `${course}/${slug}`, number: at + 1, scenario: part.scenario.id, seed: part.seed, goal: part.goal, part }));
}

/** All challenges, as the text of a file. */
export function challengesText(courses) {
  const all = courses.flatMap(({ lessons }) => lessons.flatMap((lesson) => ofLesson(lesson, "en")));
  const lines = all.map(({ part, ...challenge }) => `  ${JSON.stringify(challenge)}`);
  return `[\n${lines.join(",\n")}\n]\n`;
}

/** The sheet. Each course begins on a page of its own. */
export function sheetPage({ courses, lang, render }) {
  const t = (key, ...gaps) => escape(WORDS[key][lang === "zh" ? 1 : 0].replace(/\{(\d)\}/g, (_, gap) => gaps[gap]));
  const task = ({ id, number, scenario, seed, goal, part }, title) => {
    const address = `${id}${suffix(lang)}#challenge-${number}`;
    const named = number > 1 ? `${id}#${number}` : id;
    return `<li>
<h3>${escape(title)}</h3>
${render.render(part.task.join("\n"))}<dl>
<dt>${t("goal")}</dt><dd>${t("goalIs")} <code lang="en">${escape(goal)}</code></dd>
<dt>${t("starts")}</dt><dd>${t("seed", scenario, seed)}</dd>
<dt>${t("where")}</dt><dd><a class="address" href="${address}">${address}</a></dd>
<dt>${t("check")}</dt><dd><code lang="en">lamplight grade ${named} ${t("LINK")}</code></dd>
</dl>
</li>`;
  };
  const sections = courses.map(({ id, lessons, [lang]: { title } }) => {
    const items = lessons.flatMap((lesson) => ofLesson(lesson, lang).map((one) => task(one, lesson.texts[lang].head.title)));
    return `<section>
<h2 id="${id}">${escape(title)}</h2>
<p class="blanks"><span>${t("name")}</span> <span>${t("class")}</span> <span>${t("date")}</span></p>
${items.length ? `<ol>\n${items.join("\n")}\n</ol>` : `<p>${t("none")}</p>`}
</section>`;
  });
  const body = `<main class="list sheet">
<h1>${t("title")}</h1>
<p class="summary">${t("summary")}</p>
<button type="button" class="print" hidden>${t("print")}</button>
<h2>${t("how")}</h2>
<ol class="how">
<li>${t("solve", say(lang, "begin"))}</li>
<li>${t("send", say(lang, "copy"))}</li>
</ol>
<p>${t("proves")}</p>
<p>${t("teacher")}</p>
${sections.join("\n")}
</main>`;
  const script = `  <script type="module" src="lesson.js"></script>\n`;
  const other = `sheet${suffix(lang === "en" ? "zh" : "en")}`;
  return page({ lang, title: WORDS.title[lang === "zh" ? 1 : 0], summary: WORDS.summary[lang === "zh" ? 1 : 0], up: "", other, body, script });
}
