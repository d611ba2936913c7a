// `<lamplight-cluster>`: a figure of a real cluster. This file is the loader, which costs a page little; what draws and
// what runs comes when a figure is first seen.
//
//   <script type="module" src="…/embed/lamplight.js"></script>
//   <lamplight-cluster scenario="raft/calm"></lamplight-cluster>

import { RUN, SHOWN, read } from "./attributes.js";
import { styleSheet } from "./style.js";
import { say } from "./words.js";

/** How far below the window a figure begins to load. */
const NEAR = "200px";

const html = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

// On a server there is no document; the import must not break there.
const Base = globalThis.HTMLElement ?? class {};

/** The element. Its methods that need a run load the figure first. */
export class LamplightCluster extends Base {
  static observedAttributes = [...RUN, ...SHOWN];

  #parts;
  #figure;
  #loading;
  #seen;
  #isStale = false;
  /** How often it left its page: what was begun before belongs to no figure any more. */
  #life = 0;
  #file;

  /** A condition for the reader to make true; the figure says when it is so, and dispatches `challenge`. */
  get challenge() {
    return this.getAttribute("challenge") ?? undefined;
  }

  set challenge(condition) {
    if (condition) this.setAttribute("challenge", condition);
    else this.removeAttribute("challenge");
  }

  /** A scenario file, as an object or as text: richer than the attributes. */
  get scenarioFile() {
    return this.#file;
  }

  set scenarioFile(file) {
    this.#file = file;
    this.#change(true);
  }

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    this.#write();
    const { loading } = read(this);
    this.#seen = new IntersectionObserver(
      (entries) => {
        const isSeen = entries.some(({ isIntersecting }) => isIntersecting);
        if (isSeen && loading !== "manual") this.ready().catch(() => {});
        this.#figure?.seen(isSeen);
      },
      { rootMargin: NEAR },
    );
    this.#seen.observe(this);
    if (loading === "eager") this.ready().catch(() => {});
  }

  disconnectedCallback() {
    this.#seen?.disconnect();
    this.#figure?.seen(false);
    // Who is only moved comes back at once, and keeps the run.
    setTimeout(() => {
      if (!this.isConnected) this.#close();
    }, 0);
  }

  attributeChangedCallback(name, before, after) {
    if (before !== after && this.shadowRoot) this.#change(RUN.includes(name) || name === "start" || name === "lang");
  }

  /** Loads the figure if it is not there, and resolves when it can be used. */
  ready() {
    if (!this.isConnected) return Promise.reject(new Error("the figure is in no page"));
    const life = this.#life;
    this.#loading ??= this.#load(life).catch((error) => {
      if (life === this.#life) {
        this.#loading = undefined;
        this.#fail(error);
      }
      throw error;
    });
    return this.#loading;
  }

  /** Plays from where the figure stands to its end. */
  async play() {
    (await this.ready()).play();
  }

  /** Stops playing. */
  async pause() {
    (await this.ready()).pause();
  }

  /** Some steps forward. */
  async step(steps = 1) {
    return (await this.ready()).step(steps);
  }

  /** Some steps back. */
  async back(steps = 1) {
    return (await this.ready()).step(-steps);
  }

  /** To a step, or to the first step at which a condition holds. */
  async seek(where) {
    return (await this.ready()).seek(where);
  }

  /** The same run from where the figure starts, without what was done to it. */
  async reset() {
    return (await this.ready()).reset();
  }

  /** Opens another scenario: a name, a link, or a scenario file as an object. */
  async load(scenario) {
    if (typeof scenario === "object") this.scenarioFile = scenario;
    else {
      this.#file = undefined;
      const isLink = /run=\d/.test(scenario);
      this.toggleAttribute("link", false);
      this.toggleAttribute("scenario", false);
      this.setAttribute(isLink ? "link" : "scenario", scenario);
    }
    await this.ready();
  }

  /** Acts at the cursor: `{ crash: { node: 0 } }`. */
  async intervene(intervention) {
    return (await this.ready()).intervene(intervention);
  }

  /** The first step of this run at which a condition holds, from its start to so many steps beyond here. */
  async comesTrue(condition, stepsMax = 5_000) {
    return (await this.ready()).comesTrue(condition, stepsMax);
  }

  /** Where the run stands, as plain data; undefined before it is there. */
  state() {
    return this.#figure?.cluster.state();
  }

  /** The exact run as the fragment of a link. */
  async link() {
    return (await this.ready()).cluster.link();
  }

  /** The stage as an SVG that stands alone. */
  async exportSvg() {
    return (await this.ready()).cluster.exportSvg();
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styleSheet()];
    const part = (name, tag = "div") => {
      const element = html(tag, { className: name });
      element.setAttribute("part", name);
      return element;
    };
    const parts = {
      stage: part("stage"),
      sentence: part("sentence", "p"),
      challenge: part("challenge", "p"),
      bar: part("bar"),
      faults: part("bar"),
      more: part("more"),
      caption: part("caption", "figcaption"),
      // What stands inside the element is shown until the figure is there.
      slot: html("slot"),
      load: html("button", { className: "load", type: "button" }),
    };
    parts.faults.setAttribute("part", "faults");
    parts.challenge.setAttribute("role", "status");
    parts.stage.append(parts.slot);
    parts.load.addEventListener("click", () => this.ready().catch(() => {}));
    root.append(html("figure", {}, parts.stage, parts.sentence, parts.challenge, parts.bar, parts.faults, parts.more, parts.caption));
    this.#parts = parts;
  }

  /** Writes what does not need a run. */
  #write() {
    const { stage, sentence, challenge, bar, faults, caption, load } = this.#parts;
    const asked = read(this);
    sentence.hidden = !asked.views.includes("sentence");
    stage.hidden = !asked.views.includes("stage");
    challenge.hidden = !asked.challenge;
    bar.hidden = asked.controls === "none";
    faults.hidden = asked.controls !== "faults";
    caption.textContent = asked.caption ?? "";
    load.textContent = say(asked.run.lang, "load");
    if (asked.loading === "manual" && !this.#figure) stage.append(load);
    else load.remove();
    const poster = stage.querySelector(".poster");
    if (this.#figure || !asked.poster) poster?.remove();
    else if (poster) poster.src = asked.poster;
    else stage.prepend(html("img", { className: "poster", src: asked.poster, alt: asked.caption ?? "" }));
  }

  #change(isAnotherRun) {
    if (!this.#parts) return;
    this.#write();
    if (!this.#figure) return;
    this.#isStale ||= isAnotherRun;
    // Attributes that change together lead to one change.
    const then = this.#loading;
    this.#loading = Promise.resolve(then).then(async (figure) => {
      const isStale = this.#isStale;
      this.#isStale = false;
      try {
        await figure.change(read(this), isStale);
      } catch (error) {
        this.#fail(error);
      }
      return figure;
    });
  }

  async #load(life) {
    this.#parts.load.remove();
    this.#parts.stage.querySelector(".failure")?.remove();
    this.setAttribute("aria-busy", "true");
    try {
      const { Figure } = await import("./figure.js");
      const figure = await Figure.open(this, this.#parts, read(this));
      if (life !== this.#life) {
        figure.close();
        throw new Error("the figure has left its page");
      }
      this.#figure = figure;
      this.#write();
      this.#parts.slot.hidden = true;
      this.#parts.slot.remove();
      this.dispatchEvent(new CustomEvent("ready", { composed: true, detail: figure.cluster.state() }));
      figure.begin();
      return figure;
    } finally {
      this.removeAttribute("aria-busy");
    }
  }

  /** Says in its place that the figure failed; what stood there stays. */
  #fail(error) {
    const { lang } = read(this).run;
    const again = html("button", { type: "button", textContent: say(lang, "again") });
    const text = html("p", { textContent: say(lang, "failed", error.message) });
    const failure = html("div", { className: "failure" }, text, again);
    failure.setAttribute("role", "alert");
    this.#parts.stage.querySelector(".failure")?.remove();
    this.#parts.stage.hidden = false;
    this.#parts.stage.append(failure);
    again.addEventListener("click", () => {
      failure.remove();
      if (this.#figure) this.#change(true);
      else this.ready().catch(() => {});
    });
    this.dispatchEvent(new CustomEvent("error", { composed: true, detail: { message: error.message } }));
  }

  #close() {
    this.#life += 1;
    this.#figure?.close();
    this.#figure = undefined;
    this.#loading = undefined;
    this.#parts.stage.prepend(this.#parts.slot);
    this.#parts.slot.hidden = false;
  }
}

// A second copy of this script, perhaps of another version, finds the name taken and leaves it to the first.
if (globalThis.customElements && !customElements.get("lamplight-cluster")) {
  customElements.define("lamplight-cluster", LamplightCluster);
}
