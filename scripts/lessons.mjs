// Makes the lessons: reads `static/lessons/`, plays each of them in its engine, and writes pages that hold the text, with
// a living figure beside it. What a lesson claims and its run does not show is an error of the build, with file and line.
//
//   node scripts/lessons.mjs [FOLDER]                  into FOLDER/learn, with the engines that are in FOLDER
//   node scripts/lessons.mjs --challenges [FOLDER]     writes static/challenges.json, too, which the build compares

import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LessonError, readGlossary, readLesson, skeleton } from "./lesson-text.mjs";
import { challengesText, sheetPage } from "./lesson-sheet.mjs";
import { glossaryPage, lessonPage, listPage, suffix } from "./lesson-pages.mjs";

const SOURCE = "static/lessons";

/** The challenges, as the command-line tool has them built in. */
const CHALLENGES = "static/challenges.json";

/** Where the build leaves the list that it has found, if it is another one. */
const FOUND = "target/challenges.json";

export const LANGS = ["en", "zh"];

/** How far a condition is looked for, and how long a challenge must stay unsolved by itself, in steps. */
const STEPS_MAX = 20_000;
const IDLE_STEPS = 5_000;

/** Finds the steps of all places, and checks what is claimed at each. */
async function play({ file, head, parts }, Cluster) {
  let cluster = await Cluster.open({ scenario: head.scenario, carrier: "thread" });
  let scenario = { id: head.scenario, seed: undefined };
  const start = cluster.state().place.step;
  let begun = start;
  const here = () => cluster.state().place.step;
  const refuse = (line, error) => {
    throw new LessonError(file, line, error.message ?? error);
  };
  try {
    for (const part of parts) {
      const { is, line } = part;
      if (is === "scenario") {
        scenario = { id: part.id, seed: part.seed };
        await cluster.load({ scenario: part.id, seed: part.seed, carrier: "thread" }).catch((error) => refuse(line, error));
        begun = here();
      } else if (is === "place") {
        if (part.condition) {
          const holds = await cluster.holds(part.condition).catch((error) => refuse(line, error));
          if (!holds && (await cluster.until(part.condition, STEPS_MAX)) === undefined) {
            refuse(line, `"${part.condition}" does not come true within ${STEPS_MAX} steps`);
          }
        } else {
          const wanted = part.step ?? begun;
          await cluster.seek(wanted);
          if (here() !== wanted) refuse(line, `the run comes to rest at step ${here()}, before step ${wanted}`);
        }
        Object.assign(part, { step: here(), scenario });
        const names = cluster.state().stage.parties.map(({ name }) => name);
        for (const name of part.point) if (!names.includes(name)) refuse(line, `there is no ${name} to point at; there are ${names.join(", ")}`);
      } else if (is === "claim") {
        const holds = await cluster.holds(part.condition).catch((error) => refuse(line, error));
        if (!holds) refuse(line, `at step ${here()} of ${scenario.id} it is not so that ${part.condition}`);
      } else if (is === "challenge") {
        await checkChallenge(part, scenario, Cluster, refuse);
        // As a number in the list of challenges, which not every seed is in every language.
        const seed = Number(cluster.state().place.seed);
        if (!Number.isSafeInteger(seed)) refuse(line, `a challenge needs a seed up to ${Number.MAX_SAFE_INTEGER}, not ${cluster.state().place.seed}`);
        Object.assign(part, { scenario, seed });
      }
    }
  } finally {
    cluster.close();
  }
}

/** Doing nothing must not solve a challenge, and its solution must. */
async function checkChallenge({ line, goal, solution }, { id, seed }, Cluster, refuse) {
  const open = () => Cluster.open({ scenario: id, seed, carrier: "thread" });
  const idle = await open();
  const idly = await idle.until(goal, IDLE_STEPS).catch((error) => refuse(line, error));
  if (idly !== undefined) refuse(line, `doing nothing solves this at step ${idly}`);
  idle.close();
  const solved = await open();
  for (const { line: at, place, act } of solution) {
    if (place.step !== undefined) await solved.seek(place.step);
    else if ((await solved.until(place.condition, STEPS_MAX)) === undefined) refuse(at, `"${place.condition}" does not come true`);
    await solved.intervene(act).catch((error) => refuse(at, error));
  }
  if (!(await solved.holds(goal)) && (await solved.until(goal, STEPS_MAX)) === undefined) refuse(line, "its solution does not solve it");
  solved.close();
}

/** All lessons, read and compared between the languages, by course. */
export function readAll() {
  const courses = JSON.parse(readFileSync(join(SOURCE, "courses.json"), "utf8"));
  const glossaries = Object.fromEntries(
    LANGS.map((lang) => {
      const file = join(SOURCE, `glossary.${lang}.md`);
      return [lang, readGlossary(file, readFileSync(file, "utf8"))];
    }),
  );
  const [first, ...others] = LANGS;
  for (const lang of others) {
    const [one, other] = [glossaries[first], glossaries[lang]].map((terms) => [...terms.keys()].sort().join(" "));
    if (one !== other) throw new LessonError(join(SOURCE, `glossary.${lang}.md`), 1, "it has other terms than the English one");
  }
  for (const course of courses) {
    const folder = join(SOURCE, course.id);
    const names = readdirSync(folder).filter((name) => name.endsWith(`.${first}.md`)).sort((a, b) => parseInt(a, 10) - parseInt(b, 10));
    course.lessons = names.map((name) => {
      const slug = basename(name, `.${first}.md`);
      const texts = {};
      for (const lang of LANGS) {
        const file = join(folder, `${slug}.${lang}.md`);
        texts[lang] = readLesson(file, readFileSync(file, "utf8"));
        const [one, other] = [texts[first], texts[lang]].map(skeleton);
        const differs = other.findIndex(({ text }, at) => text !== one[at]?.text);
        if (differs >= 0) throw new LessonError(file, other[differs].line, `here the English text has ${one[differs]?.text ?? "nothing"}`);
        if (other.length < one.length) throw new LessonError(file, 1, `it ends before ${one[other.length].text}`);
        for (const part of texts[lang].parts) {
          if (part.is === "term" && !glossaries[lang].has(part.id)) {
            throw new LessonError(file, part.line, `the glossary has no term ${part.id}`);
          }
        }
      }
      return { slug, course: course.id, texts };
    });
  }
  return { courses, glossaries };
}

/** The script of the pages, in one file, and what they look like. */
async function copyReader(out) {
  const { build } = createRequire(join(process.env.NODE_TOOLS_DIR, "package.json"))("esbuild");
  const options = { bundle: true, format: "esm", target: "es2022", minify: true, legalComments: "none", logLevel: "warning" };
  await build({ ...options, entryPoints: ["src/lesson/lesson.js"], outfile: join(out, "lesson.js") });
  copyFileSync("styles/lesson.css", join(out, "lesson.css"));
}

/** The challenges are committed as well, because the command-line tool is built without the lessons being played. */
function compareChallenges(text, isWritten) {
  if (isWritten) writeFileSync(CHALLENGES, text);
  else if (!existsSync(CHALLENGES) || readFileSync(CHALLENGES, "utf8") !== text) {
    mkdirSync(dirname(FOUND), { recursive: true });
    writeFileSync(FOUND, text);
    throw new LessonError(CHALLENGES, 1, `these are not the challenges of the lessons: cp ${FOUND} ${CHALLENGES}, and build again`);
  }
}

/** Writes the lessons into `folder`, which holds the page, its engines and `embed/`. */
export async function buildLessons(folder, { writesChallenges = false } = {}) {
  const { Cluster } = await import(pathToFileURL(resolve(folder, "embed/cluster.js")));
  const { courses, glossaries } = readAll();
  const markdown = createRequire(join(process.env.NODE_TOOLS_DIR, "package.json"))("markdown-it");
  const render = (markdown.default ?? markdown)({ html: false, linkify: false, typographer: false });
  const out = join(folder, "learn");
  const write = (name, text) => {
    mkdirSync(dirname(join(out, name)), { recursive: true });
    writeFileSync(join(out, name), text);
  };
  const count = { place: 0, claim: 0, unchecked: 0, predict: 0, challenge: 0 };
  for (const course of courses) {
    for (const [at, lesson] of course.lessons.entries()) {
      await play(lesson.texts[LANGS[0]], Cluster);
      for (const lang of LANGS) {
        // The places are the same; they were found once.
        for (const [index, part] of lesson.texts[lang].parts.filter(({ is }) => is !== "prose").entries()) {
          const found = lesson.texts[LANGS[0]].parts.filter(({ is }) => is !== "prose")[index];
          if (part.is === "place") Object.assign(part, { step: found.step, scenario: found.scenario });
          if (part.is === "challenge") Object.assign(part, { seed: found.seed, scenario: found.scenario });
        }
        const around = { before: course.lessons[at - 1], after: course.lessons[at + 1] };
        const page = lessonPage({ course, lesson, lang, glossary: glossaries[lang], render, ...around });
        // Markdown takes no full stop of Chinese before a closing ** for the end of what is strong.
        const plain = /[^>\n]{0,20}\*\*[^<\n]{0,20}/.exec(page);
        if (plain) throw new LessonError(lesson.texts[lang].file, 1, `"${plain[0]}" shows its asterisks`);
        write(`${course.id}/${lesson.slug}${suffix(lang)}`, page);
      }
      for (const { is } of lesson.texts[LANGS[0]].parts) if (is in count) count[is] += 1;
    }
  }
  for (const lang of LANGS) {
    write(`index${suffix(lang)}`, listPage({ courses, lang }));
    write(`glossary${suffix(lang)}`, glossaryPage({ glossary: glossaries[lang], lang, render }));
    write(`sheet${suffix(lang)}`, sheetPage({ courses, lang, render }));
  }
  const challenges = challengesText(courses);
  write("challenges.json", challenges);
  await copyReader(out);
  const lessons = courses.reduce((sum, course) => sum + course.lessons.length, 0);
  console.log(
    `${lessons} lessons in ${LANGS.length} languages: ${count.place} places, ${count.claim} claims checked, ${count.unchecked} not, ` +
      `${count.predict} predictions, ${count.challenge} challenges`,
  );
  compareChallenges(challenges, writesChallenges);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const writesChallenges = process.argv.includes("--challenges");
  const folder = process.argv.slice(2).find((word) => !word.startsWith("--")) ?? "dist";
  await buildLessons(folder, { writesChallenges }).catch((error) => {
    console.error(error instanceof LessonError ? error.message : error);
    process.exit(1);
  });
}
