// What stays on this device: the lessons read and the challenges solved. As a file it moves to another device.

const KEY = "lamplight.lessons";

/** The version of the file. */
const FORMAT = 1;

/** More than the progress of a reader who has solved everything. */
const FILE_BYTES_MAX = 16_384;
const LESSONS_MAX = 300;

const LESSON = /^[a-z0-9-]{1,40}\/[a-z0-9-]{1,80}$/;
const DEED = /^(read|challenge-[1-9]\d?)$/;

/** Where the browser keeps nothing, this page remembers until it is closed. */
let here = {};

/** What of this is progress: `{ "raft/1-an-election": { read: true, "challenge-1": true } }`; undefined if it is none at all. */
function sift(lessons) {
  if (typeof lessons !== "object" || lessons === null || Array.isArray(lessons)) return undefined;
  const entries = Object.entries(lessons);
  if (entries.length > LESSONS_MAX) return undefined;
  for (const [id, deeds] of entries) {
    if (!LESSON.test(id) || typeof deeds !== "object" || deeds === null) return undefined;
    if (!Object.entries(deeds).every(([name, is]) => DEED.test(name) && is === true)) return undefined;
  }
  return lessons;
}

export const progress = {
  read() {
    try {
      return sift(JSON.parse(localStorage.getItem(KEY) ?? "null")) ?? here;
    } catch {
      return here;
    }
  },

  /** Remembers; false where only this page does. */
  write(all) {
    here = all;
    try {
      localStorage.setItem(KEY, JSON.stringify(all));
      return true;
    } catch {
      return false;
    }
  },

  add(id, what) {
    const all = this.read();
    return this.write({ ...all, [id]: { ...all[id], ...what } });
  },

  clear() {
    here = {};
    try {
      localStorage.removeItem(KEY);
    } catch {
      // There was nothing.
    }
  },

  file() {
    return `${JSON.stringify({ lamplight: "progress", format: FORMAT, lessons: this.read() }, null, 1)}\n`;
  },

  /**
   * Takes a file in, beside what is remembered already. Returns the name of a sentence, "taken" or "passing" (nothing is
   * stored, so it passes with the page); or why the file is refused: "large", "foreign" or "later".
   */
  async take(file) {
    if (file.size > FILE_BYTES_MAX) return "large";
    let read;
    try {
      read = JSON.parse(await file.text());
    } catch {
      return "foreign";
    }
    if (read?.lamplight !== "progress") return "foreign";
    if (Number.isInteger(read.format) && read.format > FORMAT) return "later";
    const lessons = read.format === FORMAT ? sift(read.lessons) : undefined;
    if (!lessons) return "foreign";
    const all = { ...this.read() };
    for (const [id, deeds] of Object.entries(lessons)) all[id] = { ...all[id], ...deeds };
    return this.write(all) ? "taken" : "passing";
  },
};
