// A cluster without any view: create it, step it, break it, read it as plain data.

import { EngineFault, inThread, inWorker } from "./carrier.js";
import { ENGINES } from "./engines.js";
import { protocolOf, protocols } from "./source.js";

export { EngineFault, protocols };

/** The last step that an engine records. */
const STEP_MAX = 4_000_000;

/** The tag of a language that every sentence exists in. */
const languageOf = (tag) => (/^zh/i.test(tag ?? "") ? "zh-Hans" : "en");

/** A run of a real protocol on a virtual cluster. Make one with `Cluster.open`. */
export class Cluster {
  #engine;
  #lang;
  #listeners = new Set();
  #figure;
  #source;
  #queue = Promise.resolve();

  /**
   * Opens a run: `scenario` ("raft/calm"), `link` ("#run=…"), or `file` (the text of a scenario file, or the same as an
   * object); `protocol` alone opens its first scenario.
   */
  static async open(options = {}) {
    const cluster = new Cluster();
    cluster.#lang = languageOf(options.lang);
    await cluster.load(options);
    return cluster;
  }

  /** Opens another run in place of this one. What is open stays open where that is refused. */
  async load(options) {
    const { protocol, scenario, link, file, seed, settings, carrier = "auto" } = options;
    const text = typeof file === "object" && file !== null ? JSON.stringify(file) : file;
    const source = String(scenario ?? link ?? text ?? `${protocol ?? "raft"}/`);
    const of = (await protocolOf(source)) ?? protocol;
    if (!protocols().includes(of)) {
      throw new Error(`There is no protocol for ${JSON.stringify(source.slice(0, 80))}. There are: ${protocols().join(", ")}.`);
    }
    const engine = (carrier !== "thread" && (await inWorker(of).catch(() => undefined))) || (await inThread(of));
    try {
      const number = seed === undefined || seed === null ? undefined : BigInt(seed);
      await engine.call("open", [source.endsWith("/") ? ENGINES[of].first : source, number, this.#lang]);
      if (settings && Object.keys(settings).length) {
        await engine.call("rebuild", [JSON.stringify(settings), this.#lang]);
      }
    } catch (error) {
      engine.close();
      throw error;
    }
    this.#engine?.close();
    this.#engine = engine;
    this.#source = { ...options };
    await this.#changed();
  }

  /** Opens the same run again, from its start. */
  async reset() {
    await this.load(this.#source);
  }

  /** What carries the engine: "worker" or "thread". */
  get carrier() {
    return this.#engine.kind;
  }

  /** The language of its sentences. */
  get lang() {
    return this.#lang;
  }

  /** Speaks another language from now on. */
  async speak(lang) {
    this.#lang = languageOf(lang);
    await this.#changed();
  }

  // What is asked at the same time is answered in order, with the state that each found.
  #ask(method, ...args) {
    const engine = this.#engine;
    const answer = this.#queue.then(() => engine.call(method, args));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  async #changed() {
    this.#figure = JSON.parse(await this.#ask("figure", this.#lang));
    for (const listener of [...this.#listeners]) listener(this.#figure);
    return this.#figure;
  }

  async #move(method, ...args) {
    const step = await this.#ask(method, ...args);
    await this.#changed();
    return step;
  }

  /** Where the run stands, the cluster as shapes and words, and the sentence of this step. */
  state() {
    return this.#figure;
  }

  /** Some steps forward; returns the step at which the run stands. */
  step(steps = 1) {
    return this.#move("step", steps);
  }

  /** Some steps back. */
  back(steps = 1) {
    return this.#move("step", -steps);
  }

  /** To a step; earlier where the run comes to rest before it. */
  async seek(step) {
    if (!Number.isInteger(step) || step < 0 || step > STEP_MAX) throw new Error(`${step} is no step from 0 to ${STEP_MAX}`);
    return this.#move("seek", step);
  }

  /** To the next step that is worth stopping at, or the previous one; undefined where there is none. */
  milestone(forward = true) {
    return this.#move("milestone", forward);
  }

  /** To the first step from here at which a condition holds, within so many steps; undefined where there is none. */
  until(condition, stepsMax = 20_000) {
    return this.#move("until", condition, stepsMax, this.#lang);
  }

  /** Whether a condition holds here. */
  holds(condition) {
    return this.#ask("holds", condition, this.#lang);
  }

  /** The named facts of each node: `{ n1: { role: "leader", term: 2, … }, … }`. */
  async facts() {
    return JSON.parse(await this.#ask("facts"));
  }

  /** Acts: an intervention as it stands in scenario files, `{ crash: { node: 0 } }`. In the past this opens a branch. */
  async intervene(intervention) {
    return this.#move("act", JSON.stringify(intervention), this.#lang);
  }

  /** The fields of a node, counted from 0. */
  async node(node) {
    return JSON.parse(await this.#ask("node", node, this.#lang));
  }

  /** The tables: logs side by side, records on disk, keys by owner. */
  async tables() {
    return JSON.parse(await this.#ask("tables", this.#lang));
  }

  /** Terms, leaders and marks of what is recorded. */
  async tape() {
    return JSON.parse(await this.#ask("tape", this.#lang));
  }

  /** The circle of keys as elements of SVG; empty where there is none. */
  circle() {
    return this.#ask("circle", this.#lang);
  }

  /** The exact run, as the fragment of a link. */
  link() {
    return this.#ask("link");
  }

  /** The exact run, as a scenario file. */
  file() {
    return this.#ask("file");
  }

  /** The digest of the run up to here, as `lamplight run` prints it. */
  digest() {
    return this.#ask("digest");
  }

  /** The stage as an SVG that stands alone. */
  exportSvg() {
    return this.#ask("svg", this.#lang);
  }

  /** The space-time diagram between two moments as an SVG that stands alone. */
  exportDiagram(fromUs = 0, toUs = this.#figure.place.now_us) {
    return this.#ask("diagram", fromUs, toUs, this.#lang);
  }

  /** Calls `listener` with the state now and after each change; returns what ends that. */
  subscribe(listener) {
    this.#listeners.add(listener);
    listener(this.#figure);
    return () => this.#listeners.delete(listener);
  }

  /** Frees what it uses. */
  close() {
    this.#listeners.clear();
    this.#engine?.close();
  }
}
