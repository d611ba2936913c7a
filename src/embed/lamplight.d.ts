/** Real distributed protocols on a virtual cluster: as an element for pages, and as plain data for scripts. */

/** The protocols that the package brings. */
export type Protocol =
  | "raft"
  | "paxos"
  | "multi-paxos"
  | "two-phase-commit"
  | "three-phase-commit"
  | "consistent-hashing";

/** A node or a client, counted from 0: `{ node: 0 }` is n1. */
export type Address = { node: number } | { client: number };

/** What is opened: one of `scenario`, `link` and `file`, or `protocol` alone for its first scenario. */
export interface Source {
  protocol?: Protocol;
  /** A built-in scenario: "raft/leader-crash". */
  scenario?: string;
  /** A link as *Share run* makes it, whole or from "#run=" on. */
  link?: string;
  /** A scenario file, as text or as the object that its JSON is. */
  file?: string | object;
  /** Another seed than that of the scenario; up to 2^64 - 1. */
  seed?: number | bigint | string;
  /** Other settings, by their places in a scenario file: `{ nodes: 7 }`. */
  settings?: Record<string, number | boolean | string>;
  /** The language of sentences: "en", or "zh" and its kinds. */
  lang?: string;
  /** What carries the engine: a worker where one is allowed ("auto"), or this thread. */
  carrier?: "auto" | "thread";
}

/** Where a run stands. Times are virtual, in µs. */
export interface Place {
  protocol: Protocol;
  scenario: string;
  /** As text, because it can have more digits than a number. */
  seed: string;
  nodes: number;
  clients: number;
  /** How many steps have happened, and how many are recorded. */
  step: number;
  recorded: number;
  now_us: number;
  recorded_us: number;
}

/** What a colour stands for; `era` is a term or ballot, `owner` a node. */
export type Tone =
  | "plain" | "member" | "contender" | "leader" | "good" | "bad" | "absent"
  | { era: number } | { owner: number };

export interface Cell {
  text: string;
  tone: Tone;
  settled: boolean;
  changed: boolean;
  hint: string;
}

/** A node or client, with its place in the unit square. */
export interface Party {
  address: Address;
  name: string;
  x: number;
  y: number;
  outline: "disc" | "card" | "client";
  tone: Tone;
  role: string;
  figure: string;
  up: boolean;
  paused: boolean;
  timer: { set_us: number; due_us: number } | null;
  tail: Cell[];
  badge: Cell | null;
  is_locked: boolean;
  unsynced: boolean;
  description: string;
}

/** A message under way. */
export interface Message {
  id: number;
  from: Address;
  to: Address;
  kind: string;
  letter: string;
  tone: Tone;
  answer: boolean;
  sent_us: number;
  due_us: number;
  fate: "flying" | "lost" | "held";
  description: string;
}

export interface Stage {
  headline: string;
  parties: Party[];
  cuts: { from: Address; to: Address; both_ways: boolean }[];
  quorums: { asked_by: Address; members: Address[]; tone: Tone; is_complete: boolean }[];
  messages: Message[];
  now_us: number;
}

/** What happened in a step, and the paper that asks for it. */
export interface Sentence {
  step: number;
  time_us: number;
  address: Address | null;
  text: string;
  source: string | null;
  intervention: boolean;
}

export interface State {
  place: Place;
  stage: Stage;
  sentence: Sentence | null;
}

export interface Mark {
  step: number;
  time_us: number;
  address: Address | null;
  kind: "crash" | "restart" | "network" | "intervention" | "milestone" | "violation";
}

export interface Tape {
  eras: object[];
  leaders: object[];
  marks: Mark[];
}

export interface Table {
  title: string;
  note: string;
  columns: string[];
  rows: { name: string; address: Address | null; faint: boolean; cells: (Cell | null)[] }[];
}

export interface Inspection {
  title: string;
  fields: { name: string; value: string; before: string | null; hint: string }[];
}

/** A named fact of a node. */
export type Fact = number | string | boolean | null | Fact[];

/** An intervention as it stands in scenario files. Any other of them works, too. */
export type Intervention =
  | { crash: { node: number } }
  | { restart: { node: number } }
  | { pause: { node: number } }
  | { resume: { node: number } }
  | { partition: { groups: number[][] } }
  | { cut: { from: Address; to: Address; both_ways: boolean } }
  | "heal"
  | Record<string, object>;

/** The engine has stopped and answers nothing more. */
export class EngineFault extends Error {}

/** The names of the protocols that there are. */
export function protocols(): Protocol[];

/** A run of a real protocol on a virtual cluster, without any view. */
export class Cluster {
  private constructor();
  /** @throws if it cannot be opened, with what is wrong and what to do. */
  static open(source?: Source): Promise<Cluster>;
  /** Opens another run in place of this one, which stays open where that is refused. */
  load(source: Source): Promise<void>;
  /** The same run from its start, without what was done to it. */
  reset(): Promise<void>;
  /** What carries the engine. */
  readonly carrier: "worker" | "thread";
  readonly lang: string;
  speak(lang: string): Promise<void>;
  state(): State;
  /** Each of these returns the step at which the run stands then. */
  step(steps?: number): Promise<number>;
  back(steps?: number): Promise<number>;
  seek(step: number): Promise<number>;
  /** To the next (or previous) step that is worth stopping at; undefined where there is none. */
  milestone(forward?: boolean): Promise<number | undefined>;
  /** To the first step from here at which a condition holds: "n3 leads". Undefined where there is none. */
  until(condition: string, stepsMax?: number): Promise<number | undefined>;
  holds(condition: string): Promise<boolean>;
  facts(): Promise<Record<string, Record<string, Fact>>>;
  /** In the past this opens a branch. */
  intervene(intervention: Intervention): Promise<number>;
  node(node: number): Promise<Inspection | null>;
  tables(): Promise<Table[]>;
  tape(): Promise<Tape>;
  /** The circle of keys as elements of SVG; empty where there is none. */
  circle(): Promise<string>;
  /** The exact run, as the fragment of a link. */
  link(): Promise<string>;
  /** The exact run, as a scenario file. */
  file(): Promise<string>;
  /** The digest of the run up to here. */
  digest(): Promise<string>;
  exportSvg(): Promise<string>;
  exportDiagram(fromUs?: number, toUs?: number): Promise<string>;
  /** Calls the listener now and after each change; returns what ends that. */
  subscribe(listener: (state: State) => void): () => void;
  close(): void;
}

/** What the event `challenge` tells: the condition, and the first step of the reader's run at which it holds. */
export interface ChallengeReached {
  condition: string;
  step: number;
}

/**
 * The element. Its events are `ready`, `play`, `pause`, `step`, `mark`, `violation`, `intervention`, `challenge` and
 * `error`.
 */
export class LamplightCluster extends HTMLElement {
  scenarioFile: object | string | undefined;
  /** A condition for the reader to make true; `challenge` is dispatched when it is. */
  challenge: string | undefined;
  ready(): Promise<unknown>;
  play(): Promise<void>;
  pause(): Promise<void>;
  step(steps?: number): Promise<number>;
  back(steps?: number): Promise<number>;
  seek(where: number | string): Promise<number>;
  reset(): Promise<number>;
  load(scenario: string | object): Promise<void>;
  intervene(intervention: Intervention): Promise<number>;
  comesTrue(condition: string, stepsMax?: number): Promise<number | undefined>;
  state(): State | undefined;
  link(): Promise<string>;
  exportSvg(): Promise<string>;
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-cluster": LamplightCluster;
  }
}
