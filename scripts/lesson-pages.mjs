// The pages of the lessons, as text. They can be read without a script; what moves is the element for other pages.

/** English pages have the plain name. */
export const suffix = (lang) => (lang === "en" ? ".html" : `.${lang}.html`);

const WORDS = {
  lessons: ["Lessons", "课程"],
  glossary: ["Glossary", "术语表"],
  lamplight: ["Lamplight", "Lamplight"],
  other: ["中文", "English"],
  minutes: ["{0} minutes", "约 {0} 分钟"],
  source: ["Sources: {0}", "来源：{0}"],
  before: ["Previous lesson: {0}", "上一课：{0}"],
  after: ["Next lesson: {0}", "下一课：{0}"],
  next: ["Next", "下一步"],
  back: ["Back", "上一步"],
  show: ["Show this moment", "显示这一刻"],
  places: ["Places in the run", "运行中的位置"],
  predict: ["Predict", "猜一猜"],
  challenge: ["Your turn", "轮到你了"],
  hint: ["Hint", "提示"],
  check: ["Check my run", "检查我的运行"],
  begin: ["Set the run up", "准备运行"],
  touched: ["You have changed the run.", "你改动了这次运行。"],
  return: ["Return to the lesson's run", "回到课程的运行"],
  solved: ["Solved: in your run this came true at step {0}.", "完成：在你的运行中，第 {0} 步做到了。"],
  solvedBefore: ["You have solved this one before.", "你以前完成过这一题。"],
  elsewhere: ["Another run is shown. Set the run up first.", "现在显示的是另一次运行。请先按“准备运行”。"],
  copy: ["Copy the link of my run", "复制我的运行的链接"],
  hand: [
    "To hand it in, send this link. It holds the scenario, its seed and all that you did, so that whoever opens it sees the same run, step by step.",
    "提交时发送这个链接即可。链接里有场景、种子和你的全部操作，任何人打开它都会看到同样的运行，每一步都相同。",
  ],
  link: ["The link of your run", "你的运行的链接"],
  copied: ["Copied.", "已复制。"],
  select: ["This browser does not let the page copy. The link is selected: copy it by keyboard.", "浏览器不允许页面复制。链接已选中，请用键盘复制。"],
  unsolved: ["Not yet: in your run this has not come true within the next 5,000 steps.", "还没有：在你的运行中，之后 5,000 步之内都没有做到。"],
  clear: ["Forget my progress", "清除我的进度"],
  progress: ["Your progress", "你的进度"],
  kept: [
    "What you have read and solved stays on this device. As a file it moves to another one.",
    "你读过和完成的内容只保存在这台设备上。存成文件就可以带到另一台设备。",
  ],
  save: ["Save as a file", "存成文件"],
  take: ["Read from a file", "从文件读取"],
  file: ["A file of progress", "进度文件"],
  taken: ["Read. What you had done here before stays, too.", "已读取。这里原有的进度也保留着。"],
  passing: ["Read. This browser stores nothing, so it is forgotten with this page.", "已读取。但这个浏览器不保存数据，关闭页面后就会丢失。"],
  large: ["This file is larger than 16 KB, so it is no progress of these lessons. Nothing was changed.", "这个文件大于 16 KB，不是这些课程的进度文件。没有作任何改动。"],
  foreign: [
    "This file holds no progress of these lessons. Choose one that “Save as a file” has made. Nothing was changed.",
    "这个文件不是这些课程的进度文件。请选择用“存成文件”得到的文件。没有作任何改动。",
  ],
  later: ["This file was made by a later version of Lamplight. Nothing was changed.", "这个文件来自更新版本的 Lamplight。没有作任何改动。"],
  cleared: ["Forgotten.", "已清除。"],
  read: ["read", "已读"],
  done: ["challenge solved", "已完成练习"],
  forClass: ["Class sheet: the challenges of this course to print", "练习单：本课程的全部练习，可以打印"],
  noscript: [
    "The text can be read like this. For the cluster beside it, allow scripts and WebAssembly.",
    "没有脚本也可以阅读正文。要看到旁边的集群，请允许脚本和 WebAssembly。",
  ],
  teach: ["Projector", "投影模式"],
  notes: ["Notes", "备注"],
  reveal: ["Reveal the answer", "公布答案"],
  hands: ["By a show of hands:", "请举手："],
  keys: ["← and → turn, R reveals an answer, Esc ends.", "← 和 → 翻页，R 公布答案，Esc 退出。"],
  keysNotes: ["← and → turn, R reveals an answer, N shows the notes, Esc ends.", "← 和 → 翻页，R 公布答案，N 显示备注，Esc 退出。"],
  tapAgain: ["Tap the term again to open the glossary.", "再点一次该术语，打开术语表。"],
  intro: [
    "Each lesson is a text beside a real cluster: every paragraph belongs to a moment of a run, and you can touch anything at any time.",
    "每一课都是正文加上一个真实的集群：每个段落对应运行中的一个时刻，你随时可以动手操作。",
  ],
};

for (const [key, words] of Object.entries(WORDS)) {
  if (words.length !== 2 || !words.every(Boolean)) throw new Error(`the words of "${key}" are not in both languages`);
}

const at = (lang) => (lang === "zh" ? 1 : 0);
export const say = (lang, key, ...gaps) => WORDS[key][at(lang)].replace(/\{(\d)\}/g, (_, gap) => gaps[gap] ?? "");
export const tag = (lang) => (lang === "zh" ? "zh-Hans" : "en");
export const escape = (text) =>
  String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

/** A whole page. `up` leads from it to the folder `learn/`. */
export function page({ lang, title, summary, up, other, body, script = "" }) {
  const t = (key) => escape(say(lang, key));
  return `<!DOCTYPE html>
<html lang="${tag(lang)}">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${POLICY}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="referrer" content="no-referrer">
  <meta name="description" content="${escape(summary)}">
  <title>${escape(title)} – Lamplight</title>
  <script src="${up}../early.js"></script>
  <link rel="icon" type="image/svg+xml" href="${up}../favicon.svg">
  <link rel="stylesheet" href="${up}lesson.css">
${script}</head>
<body>
<header class="top">
  <nav aria-label="Lamplight">
    <a href="${up}../">${t("lamplight")}</a>
    <a href="${up}index${suffix(lang)}">${t("lessons")}</a>
    <a href="${up}glossary${suffix(lang)}">${t("glossary")}</a>
  </nav>
  <a lang="${lang === "en" ? "zh-Hans" : "en"}" href="${other}">${t("other")}</a>
</header>
${body}
</body>
</html>
`;
}

/** Prose with the terms of the glossary as links, each where it is used first, and beside each what it means. */
function prose(render, text, terms, { glossary, up, lang, used }) {
  let html = render.render(text.trim());
  for (const { id } of terms) {
    if (used.has(id)) continue;
    used.add(id);
    const { name, text: meaning } = glossary.get(id);
    const tip = `<span class="meaning" id="meaning-${id}" popover="manual" role="tooltip" data-tap="${escape(say(lang, "tapAgain"))}"><strong>${escape(name)}</strong> ${escape(meaning)}</span>`;
    const link = (word) => `<a class="term" href="${up}glossary${suffix(lang)}#${id}" aria-describedby="meaning-${id}">${word}</a>${tip}`;
    // Only in text, never inside of a tag, of another link or of what another term means.
    let isDone = false;
    html = html
      .split(/(<a [^>]*>.*?<\/a>|<span class="meaning".*?<\/span>|<[^>]+>)/)
      .map((piece) => {
        if (isDone || piece.startsWith("<")) return piece;
        const found = new RegExp(`${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "i").exec(piece);
        if (!found) return piece;
        isDone = true;
        return piece.slice(0, found.index) + link(found[0]) + piece.slice(found.index + found[0].length);
      })
      .join("");
    if (!isDone) html += `<p class="also">${link(escape(name))}</p>\n`;
  }
  return html;
}

function prediction({ question, options }, number, lang, render) {
  const answers = options
    .map(
      ({ answer, reply, isRight }, at) =>
        `    <li><details name="predict-${number}" data-right="${isRight}"><summary>${render.renderInline(answer)}</summary><p>${render.renderInline(reply)}</p></details></li>`,
    )
    .join("\n");
  return `<div class="predict" id="predict-${number}">
  <p><strong>${escape(say(lang, "predict"))}:</strong> ${render.renderInline(question)}</p>
  <p class="hands">${escape(say(lang, "hands"))}</p>
  <ul>
${answers}
  </ul>
  <button type="button" class="reveal">${escape(say(lang, "reveal"))}</button>
</div>
`;
}

function challenge(part, number, lang, render) {
  const hints = part.hints.map((hint) => `<details><summary>${escape(say(lang, "hint"))}</summary><p>${render.renderInline(hint)}</p></details>`);
  return `<div class="challenge" id="challenge-${number}" data-goal="${escape(part.goal)}" data-scenario="${escape(part.scenario.id)}"${
    part.scenario.seed ? ` data-seed="${part.scenario.seed}"` : ""
  }>
  <h3>${escape(say(lang, "challenge"))}</h3>
  ${render.render(part.task.join("\n"))}
  ${hints.join("\n  ")}
  <p class="acts" hidden><button type="button" data-act="begin">${escape(say(lang, "begin"))}</button> <button type="button" data-act="check">${escape(say(lang, "check"))}</button></p>
  <p class="verdict" role="status" ${["solved", "unsolved", "elsewhere"].map((key) => `data-${key}="${escape(say(lang, key, "{0}"))}"`).join(" ")} data-before="${escape(say(lang, "solvedBefore"))}"></p>
  <div class="hand" hidden>
    <p>${escape(say(lang, "hand"))}</p>
    <p><input type="text" readonly aria-label="${escape(say(lang, "link"))}"> <button type="button" data-act="copy">${escape(say(lang, "copy"))}</button> <span role="status" data-copied="${escape(say(lang, "copied"))}" data-select="${escape(say(lang, "select"))}"></span></p>
  </div>
</div>
`;
}

/** A lesson. */
export function lessonPage({ course, lesson, lang, glossary, render, before, after }) {
  const { head, parts } = lesson.texts[lang];
  const up = "../";
  const context = { glossary, up, lang, used: new Set() };
  let text = "";
  let terms = [];
  let isOpen = false;
  let [places, predictions, challenges] = [0, 0, 0];
  const close = () => {
    if (isOpen) text += "</section>\n";
    isOpen = false;
  };
  for (const part of parts) {
    if (part.is === "term") terms.push(part);
    if (part.is === "place") {
      close();
      places += 1;
      const { step, scenario, point } = part;
      const data = [`data-scenario="${escape(scenario.id)}"`, scenario.seed ? `data-seed="${scenario.seed}"` : "", `data-step="${step}"`];
      if (point.length) data.push(`data-point="${escape(point.join(" "))}"`);
      text += `<section class="place" id="p${places}" ${data.filter(Boolean).join(" ")}>\n`;
      text += `<a class="show" href="#p${places}" title="${escape(say(lang, "show"))}"><span aria-hidden="true">◆</span><span class="said">${escape(say(lang, "show"))}</span></a>\n`;
      isOpen = true;
    }
    if (part.is === "prose") {
      // A heading begins something new, which belongs to no place yet.
      const [, body, heading] = /^([\s\S]*?)((?:^|\n)#{2,3} [\s\S]*)?$/.exec(part.text) ?? [];
      if (body?.trim()) text += prose(render, body, terms, context);
      if (heading) {
        close();
        text += prose(render, heading, body?.trim() ? [] : terms, context);
      }
      terms = [];
    }
    if (part.is === "note") {
      text += `<div class="note"><strong>${escape(say(lang, "notes"))}</strong> ${render.renderInline(part.text)}</div>\n`;
    }
    if (part.is === "predict") {
      close();
      predictions += 1;
      text += prediction(part, predictions, lang, render);
    }
    if (part.is === "challenge") {
      close();
      challenges += 1;
      text += challenge(part, challenges, lang, render);
    }
  }
  close();
  const hasNotes = parts.some(({ is }) => is === "note");
  const near = (key, other, rel) =>
    other
      ? `<a rel="${rel}" href="${other.slug}${suffix(lang)}">${escape(say(lang, key, other.texts[lang].head.title))}</a>`
      : "<span></span>";
  const body = `<main class="lesson" data-lesson="${lesson.course}/${lesson.slug}">
<article>
<p class="course">${escape(course[lang].title)} · ${escape(say(lang, "minutes", head.minutes))}</p>
<h1>${escape(head.title)}</h1>
<p class="summary">${escape(head.summary)}</p>
<noscript><p>${escape(say(lang, "noscript"))}</p></noscript>
${text}<p class="source">${escape(say(lang, "source", head.source))}</p>
<nav class="near" aria-label="${escape(say(lang, "lessons"))}">${near("before", before, "prev")}${near("after", after, "next")}</nav>
</article>
<aside>
<lamplight-cluster scenario="${escape(head.scenario)}" controls="faults" lang="${tag(lang)}" site="${up}../"></lamplight-cluster>
<p class="touched" hidden><span>${escape(say(lang, "touched"))}</span> <button type="button">${escape(say(lang, "return"))}</button></p>
<div class="walk" role="group" aria-label="${escape(say(lang, "places"))}" hidden>
<button type="button" data-walk="back">${escape(say(lang, "back"))}</button>
<span class="progress" aria-live="polite"></span>
<button type="button" data-walk="next">${escape(say(lang, "next"))}</button>
<button type="button" data-walk="notes" aria-pressed="false"${hasNotes ? "" : " hidden"}>${escape(say(lang, "notes"))}</button>
<button type="button" data-walk="teach" aria-pressed="false">${escape(say(lang, "teach"))}</button>
<p class="keys" role="status" data-keys="${escape(say(lang, hasNotes ? "keysNotes" : "keys"))}"></p>
</div>
</aside>
</main>`;
  const script = `  <script type="module" src="${up}../embed/lamplight.js"></script>\n  <script type="module" src="${up}lesson.js"></script>\n`;
  const other = lang === "en" ? "zh" : "en";
  return page({ lang, title: head.title, summary: head.summary, up, other: `${lesson.slug}${suffix(other)}`, body, script });
}

/** All lessons. */
export function listPage({ courses, lang }) {
  const list = courses
    .map(({ id, lessons, [lang]: { title, summary } }) => {
      const items = lessons.map(({ slug, texts }) => {
        const { head } = texts[lang];
        const minutes = escape(say(lang, "minutes", head.minutes));
        return `  <li data-lesson="${id}/${slug}"><a href="${id}/${slug}${suffix(lang)}">${escape(head.title)}</a> <small>${minutes}</small><br>${escape(head.summary)} <span class="done" hidden>${escape(say(lang, "read"))}</span> <span class="solved" hidden>${escape(say(lang, "done"))}</span></li>`;
      });
      return `<section>\n<h2 id="${id}">${escape(title)}</h2>\n<p>${escape(summary)}</p>\n<ol>\n${items.join("\n")}\n</ol>\n<p class="to-sheet"><a href="sheet${suffix(lang)}#${id}">${escape(say(lang, "forClass"))}</a></p>\n</section>`;
    })
    .join("\n");
  const sentences = ["taken", "passing", "large", "foreign", "later", "cleared"];
  const body = `<main class="list">
<h1>${escape(say(lang, "lessons"))}</h1>
<p class="summary">${escape(say(lang, "intro"))}</p>
${list}
<section class="kept" hidden ${sentences.map((key) => `data-${key}="${escape(say(lang, key))}"`).join(" ")}>
<h2>${escape(say(lang, "progress"))}</h2>
<p>${escape(say(lang, "kept"))}</p>
<p class="acts">${["save", "take", "clear"].map((key) => `<button type="button" data-act="${key}">${escape(say(lang, key))}</button>`).join(" ")}</p>
<input type="file" accept="application/json,.json" aria-label="${escape(say(lang, "file"))}" hidden>
<p role="status"></p>
</section>
</main>`;
  const script = `  <script type="module" src="lesson.js"></script>\n`;
  const other = `index${suffix(lang === "en" ? "zh" : "en")}`;
  return page({ lang, title: say(lang, "lessons"), summary: say(lang, "intro"), up: "", other, body, script });
}

/** All terms. */
export function glossaryPage({ glossary, lang, render }) {
  const terms = [...glossary]
    .map(([id, { name, text }]) => `<dt id="${id}">${escape(name)}</dt>\n<dd>${render.render(text)}</dd>`)
    .join("\n");
  const body = `<main class="list">\n<h1>${escape(say(lang, "glossary"))}</h1>\n<dl>\n${terms}\n</dl>\n</main>`;
  const other = `glossary${suffix(lang === "en" ? "zh" : "en")}`;
  return page({ lang, title: say(lang, "glossary"), summary: say(lang, "glossary"), up: "", other, body });
}
