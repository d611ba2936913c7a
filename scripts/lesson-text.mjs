// Reads the notation of a lesson: prose in CommonMark, and lines that begin with `@` and bind it to places of a run
// (`docs/LESSONS.md`). It knows neither engines nor HTML; what is wrong is an error with its file and line.

/** A mistake of an author, at a line. */
export class LessonError extends Error {
  constructor(file, line, text) {
    super(`${file}:${line}: ${text}`);
  }
}

const HEAD_KEYS = ["title", "summary", "scenario", "minutes", "source"];

function readHead(file, lines) {
  const head = {};
  if (lines[0] !== "---") throw new LessonError(file, 1, "a lesson begins with a line ---");
  let at = 1;
  for (; lines[at] !== "---"; at += 1) {
    if (lines[at] === undefined) throw new LessonError(file, at, "the head has no end: a line ---");
    const [, key, value] = /^(\w+): *(.+)$/.exec(lines[at]) ?? [];
    if (!HEAD_KEYS.includes(key)) throw new LessonError(file, at + 1, `the head has no ${key ?? "such line"}; it has ${HEAD_KEYS.join(", ")}`);
    head[key] = value.trim();
  }
  for (const key of HEAD_KEYS) if (!head[key]) throw new LessonError(file, at + 1, `the head lacks ${key}`);
  return { head, next: at + 1 };
}

/** `step 42`, `start`, or `until CONDITION`. */
function readPlace(file, line, text) {
  const [, step] = /^step (\d{1,7})$/.exec(text) ?? [];
  if (step) return { step: Number(step) };
  if (text === "start") return { step: undefined };
  const [, condition] = /^until (.+)$/.exec(text) ?? [];
  if (condition) return { condition };
  throw new LessonError(file, line, `@at takes "step 42", "start" or "until a condition", not "${text}"`);
}

const readOption = (file, line, text) => {
  const [, mark, answer, reply] = /^- \[([ x])\] ([^|]+)\|(.+)$/.exec(text) ?? [];
  if (!answer) throw new LessonError(file, line, 'an answer is "- [x] answer | reply", or "[ ]" where it is wrong');
  return { isRight: mark === "x", answer: answer.trim(), reply: reply.trim() };
};

/**
 * A lesson as a list of parts, in the order of the text: `{ is: "prose", text }`, `{ is: "place", … }` with what is to be
 * pointed at, `{ is: "claim", condition }`, `{ is: "unchecked" }` (a claim that
 * no condition can say yet), `{ is: "term", id }`, `{ is: "note", text }` (for whoever teaches, to what stands above),
 * `{ is: "predict", question, options }`,
 * `{ is: "scenario", id, seed }`, and `{ is: "challenge", goal, text, hints, solution }`. Each has its line.
 */
export function readLesson(file, text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const { head, next } = readHead(file, lines);
  const parts = [];
  let prose = [];
  let proseLine = next + 1;
  const flush = () => {
    if (prose.join("").trim()) parts.push({ is: "prose", line: proseLine, text: prose.join("\n") });
    prose = [];
  };
  for (let at = next; at < lines.length; at += 1) {
    const line = at + 1;
    const [, word, rest] = /^@([a-z-]+) ?(.*)$/.exec(lines[at]) ?? [];
    if (!word) {
      if (!prose.join("").trim()) proseLine = line;
      prose.push(lines[at]);
      continue;
    }
    flush();
    const value = rest.trim();
    const last = parts.at(-1);
    if (!value) throw new LessonError(file, line, `@${word} says nothing`);
    if (word === "at") parts.push({ is: "place", line, ...readPlace(file, line, value), point: [] });
    else if (word === "point") {
      if (last?.is !== "place" && last?.is !== "term") throw new LessonError(file, line, "@point stands below an @at");
      parts.findLast(({ is }) => is === "place").point = value.split(/\s+/);
    } else if (word === "claim") parts.push({ is: "claim", line, condition: value });
    else if (word === "unchecked") parts.push({ is: "unchecked", line });
    else if (word === "term") parts.push({ is: "term", line, id: value });
    else if (word === "note") {
      if (!last) throw new LessonError(file, line, "a @note stands below what it is about");
      parts.push({ is: "note", line, text: value });
    } else if (word === "scenario") {
      const [, id, seed] = /^([\w/-]+)(?: seed=(\d+))?$/.exec(value) ?? [];
      if (!id) throw new LessonError(file, line, '@scenario takes "raft/calm", and perhaps "seed=7"');
      parts.push({ is: "scenario", line, id, seed });
    } else if (word === "predict") {
      const options = [];
      while (/^- \[/.test(lines[at + 1] ?? "")) options.push(readOption(file, (at += 1) + 1, lines[at]));
      if (options.length < 2 || !options.some(({ isRight }) => isRight)) {
        throw new LessonError(file, line, "a prediction has two answers at least, and one of them is right");
      }
      parts.push({ is: "predict", line, question: value, options });
    } else if (word === "challenge") {
      const challenge = { is: "challenge", line, goal: value, task: [], hints: [], solution: [] };
      while (at + 1 < lines.length && lines[at + 1].trim() && !/^@challenge|^#/.test(lines[at + 1])) {
        at += 1;
        const [, kind, what] = /^@(hint|do) (.+)$/.exec(lines[at]) ?? [];
        if (kind === "hint") challenge.hints.push(what);
        else if (kind === "do") challenge.solution.push(readDeed(file, at + 1, what));
        else if (lines[at].startsWith("@")) throw new LessonError(file, at + 1, "a challenge has lines of text, @hint and @do");
        else challenge.task.push(lines[at]);
      }
      if (!challenge.task.length || !challenge.solution.length) {
        throw new LessonError(file, line, "a challenge has its task as text, and a solution: @do step 40 {…}");
      }
      parts.push(challenge);
    } else throw new LessonError(file, line, `there is no @${word}; there are @at, @point, @claim, @unchecked, @term, @note, @scenario, @predict and @challenge`);
  }
  flush();
  return { file, head: { ...head, minutes: Number(head.minutes) }, parts };
}

/** `step 40 {"crash":{"node":0}}` or `until n1 leads {"crash":{"node":0}}`. */
function readDeed(file, line, text) {
  const [, place, json] = /^(.+?) (\{.*\}|"heal")$/.exec(text) ?? [];
  try {
    return { line, place: readPlace(file, line, place ?? text), act: JSON.parse(json) };
  } catch (error) {
    if (error instanceof LessonError) throw error;
    throw new LessonError(file, line, `@do takes a place and an intervention as JSON: ${error.message}`);
  }
}

/** What has to be the same in every language, as a text to compare. */
export function skeleton({ parts }) {
  const same = { place: ["step", "condition", "point"], claim: ["condition"], term: ["id"], scenario: ["id", "seed"], challenge: ["goal"] };
  return parts
    .filter(({ is }) => is !== "prose")
    .map((part) => ({
      line: part.line,
      text: `@${part.is} ${(same[part.is] ?? []).map((key) => JSON.stringify(part[key])).join(" ")}${
        part.options ? part.options.map(({ isRight }) => isRight).join() : ""
      }${part.solution ? JSON.stringify(part.solution.map(({ place, act }) => [place, act])) : ""}`,
    }));
}

/** The glossary: `## term {#id}` and what it means. */
export function readGlossary(file, text) {
  const terms = new Map();
  for (const [at, block] of text.split(/^## /m).entries()) {
    if (at === 0) continue;
    const [, name, id] = /^(.+?) *\{#([\w-]+)\}$/m.exec(block.split("\n")[0]) ?? [];
    if (!id) throw new LessonError(file, 1, `"## ${block.split("\n")[0]}" is no "## term {#id}"`);
    if (terms.has(id)) throw new LessonError(file, 1, `the term ${id} stands there twice`);
    terms.set(id, { name, text: block.split("\n").slice(1).join("\n").trim() });
  }
  return terms;
}
