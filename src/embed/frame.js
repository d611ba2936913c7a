// The figure for pages that allow only frames: `embed.html#scenario=raft/calm&origin=https://docs.example`.
//
// The address says what is shown, with the names of the element's attributes, or `run=…`, a link. A page that wants to
// talk to the figure names its origin there; to any other one the figure neither listens nor speaks.

import "./lamplight.js";
import { RUN, SHOWN } from "./attributes.js";

/** The version of the messages. */
const VERSION = 1;

/** More messages than this within a second are not answered. */
const MESSAGES_A_SECOND_MAX = 100;

/** A message holds no more than this, as JSON. */
const MESSAGE_LENGTH_MAX = 100_000;

/** What a page may ask for, and the kind of what comes with it. */
const METHODS = {
  play: undefined,
  pause: undefined,
  reset: undefined,
  step: "number",
  back: "number",
  seek: "place",
  load: "string",
  intervene: "object",
};

const sheet = new CSSStyleSheet();
sheet.replaceSync("body { margin: 0; } lamplight-cluster { margin: 0; max-inline-size: none; }");
document.adoptedStyleSheets = [sheet];

const hash = location.hash.slice(1);
const asked = new URLSearchParams(hash.startsWith("run=") ? "" : hash);
const element = document.createElement("lamplight-cluster");
if (hash.startsWith("run=")) element.setAttribute("link", `#${hash.split("&")[0]}`);
const after = hash.startsWith("run=") ? new URLSearchParams(hash.slice(hash.indexOf("&") + 1 || hash.length)) : asked;
for (const name of [...RUN, ...SHOWN]) if (after.has(name)) element.setAttribute(name, after.get(name));
if (after.has("lang")) document.documentElement.lang = after.get("lang");
document.body.append(element);

/** The origin that the figure was told to trust, if it is one. */
const trusted = (() => {
  try {
    const origin = after.get("origin");
    return origin && new URL(origin).origin === origin ? origin : undefined;
  } catch {
    return undefined;
  }
})();

/** Speaks to the page around, if it is the one that was named. */
function post(event, detail) {
  if (trusted && window.parent !== window) window.parent.postMessage({ lamplight: VERSION, event, detail }, trusted);
}

for (const name of ["ready", "play", "pause", "step", "mark", "violation", "intervention", "challenge", "error"]) {
  element.addEventListener(name, ({ detail }) => post(name, detail));
}
new ResizeObserver(() => post("size", { height: Math.ceil(document.documentElement.getBoundingClientRect().height) })).observe(element);

/** Why a message is not one, or undefined. */
function wrongWith(data) {
  if (typeof data !== "object" || data === null || data.lamplight !== VERSION) return `no message of version ${VERSION}`;
  if (!Object.hasOwn(METHODS, data.do)) return `there is no "${String(data.do).slice(0, 40)}"; there are ${Object.keys(METHODS).join(", ")}`;
  const kind = METHODS[data.do];
  const isRight =
    kind === undefined ||
    (kind === "number" && (data.with === undefined || (Number.isInteger(data.with) && data.with >= 0 && data.with <= 1_000_000))) ||
    (kind === "place" && (typeof data.with === "string" || (Number.isInteger(data.with) && data.with >= 0 && data.with <= 1_000_000))) ||
    (kind === "object" && (typeof data.with === "object" || typeof data.with === "string") && data.with !== null) ||
    kind === typeof data.with;
  if (!isRight) return `"${data.do}" takes ${kind}`;
  try {
    if (JSON.stringify(data).length > MESSAGE_LENGTH_MAX) return "the message is too long";
  } catch {
    return "the message is no plain data";
  }
  return undefined;
}

let since = 0;
let count = 0;
let isTold = false;

addEventListener("message", async ({ origin, source, data }) => {
  if (source !== window.parent || origin !== trusted) return;
  if (performance.now() - since > 1_000) [since, count, isTold] = [performance.now(), 0, false];
  count += 1;
  const wrong = count > MESSAGES_A_SECOND_MAX ? "too many messages" : wrongWith(data);
  if (wrong) {
    // A flood of them is told once.
    if (!isTold) post("error", { message: wrong });
    isTold = true;
    return;
  }
  try {
    const value = await element[data.do](data.with);
    if (data.number !== undefined) post("answer", { number: Number(data.number), value });
  } catch (error) {
    post("error", { message: String(error.message ?? error), number: data.number });
  }
});
