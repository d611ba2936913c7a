// A figure of a run: the stage, one sentence, and what a reader may do.

import { Cluster } from "./cluster.js";
import { SITE } from "./engines.js";
import { Stage } from "./stage.js";
import { say } from "./words.js";

/** How many times slower than virtual time a run is played, at speed 1. */
const SLOWDOWN = 40;

/** The longest and the shortest time between two steps, in ms: quiet stretches pass quickly. */
const BETWEEN_MS = [120, 1_100];

/** How long the end stays in view before a figure that loops begins again, in ms. */
const LOOP_MS = 1_800;

/** How far the run is recorded when it is opened, in steps, so that the scrubber has somewhere to go. */
const AHEAD_STEPS = 300;

const ICONS = {
  play: "M7 4v16l13-8z",
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  step: "M6 4l10 8-10 8zM17 4h3v16h-3z",
  back: "M18 4L8 12l10 8zM4 4h3v16H4z",
  milestone: "M4 4l8 8-8 8zM12 4l8 8-8 8z",
  reset: "M12 5V1L6 6l6 5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z",
};

const html = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

/** A time as people write it. */
const time = (us) => (us < 1_000_000 ? `${(us / 1_000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(3)} s`);

/** A figure inside the parts that the element made. */
export class Figure {
  #host;
  #parts;
  #asked;
  #stage;
  #shown;
  #circleText = "";
  #chosen;
  #controls = {};
  #isPlaying = false;
  #isInView = true;
  #frame = 0;
  #flight;
  #endStep;
  #startStep = 0;
  #violation;
  /** The step up to which the condition of the challenge has been looked for, and the one at which it came true. */
  #lookedTo = 0;
  #reached;
  #isTold = false;
  #wishes = Promise.resolve();
  #onVisibility = () => this.#wake();

  static async open(host, parts, asked) {
    const figure = new Figure();
    figure.#host = host;
    figure.#parts = parts;
    figure.#asked = asked;
    figure.cluster = await Cluster.open(asked.run);
    try {
      await figure.#place();
      figure.#build();
      await figure.#show();
    } catch (error) {
      figure.close();
      throw error;
    }
    document.addEventListener("visibilitychange", figure.#onVisibility);
    return figure;
  }

  get #lang() {
    return this.cluster.lang;
  }

  /** Begins to play where the author asked for it. */
  begin() {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.#asked.autoplay && !isStill) this.play();
  }

  /** Other attributes, and perhaps another run. */
  async change(asked, isAnotherRun) {
    const isAnotherChallenge = asked.challenge !== this.#asked.challenge;
    this.#asked = asked;
    if (isAnotherRun) {
      this.pause();
      await this.cluster.load(asked.run);
      await this.cluster.speak(asked.run.lang);
    }
    if (isAnotherRun) await this.#place();
    else {
      if (isAnotherChallenge) this.pause();
      this.#endStep = await this.#find(asked.end);
      if (isAnotherChallenge) await this.#challenge();
    }
    this.#build();
    await this.#show();
    if (isAnotherRun) this.begin();
  }

  /** Goes to where the figure starts, and finds where it ends. */
  async #place() {
    this.#chosen = undefined;
    this.#violation = undefined;
    const { start, end } = this.#asked;
    await this.#goTo(start ?? { step: this.cluster.state().place.step });
    const begun = this.cluster.state().place.step;
    this.#startStep = begun;
    if (end) {
      await this.#goTo(end);
      this.#endStep = this.cluster.state().place.step;
    } else {
      this.#endStep = undefined;
      await this.cluster.seek(begun + AHEAD_STEPS);
    }
    await this.cluster.seek(begun);
    await this.#challenge();
  }

  /** Begins to look for the condition of the challenge, which is refused here where it is none. */
  async #challenge() {
    this.#lookedTo = this.#startStep - 1;
    this.#reached = undefined;
    this.#isTold = false;
    if (!this.#asked.challenge) return;
    await this.cluster.holds(this.#asked.challenge);
    await this.#lookForChallenge();
  }

  async #goTo({ step, condition }) {
    if (step !== undefined) return this.cluster.seek(step);
    if (!(await this.cluster.holds(condition)) && (await this.cluster.until(condition)) === undefined) {
      throw new Error(`"${condition}" does not come true in this run`);
    }
    return this.cluster.state().place.step;
  }

  async #find(place) {
    if (!place) return undefined;
    const { step } = this.cluster.state().place;
    await this.#goTo(place);
    const found = this.cluster.state().place.step;
    await this.cluster.seek(step);
    return found;
  }

  /** Plays to the end. */
  play() {
    if (this.#isPlaying) return;
    this.#isPlaying = true;
    this.#tell("play");
    this.#writeControls();
    this.#wake();
  }

  /** Stops playing. What is under way arrives. */
  pause() {
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    this.#land();
    this.#tell("pause");
    this.#writeControls();
  }

  /** Some steps forward or back, after what was wished before. */
  step(steps) {
    return this.#wish(() => this.#moveTo(this.cluster.state().place.step + steps));
  }

  /** To a step, or to the first one at which a condition holds. */
  seek(where) {
    return this.#wish(async () => {
      if (typeof where === "number") return this.#moveTo(where);
      await this.#goTo({ condition: String(where) });
      return this.#show();
    });
  }

  /** The same run again, without what was done to it. */
  reset() {
    return this.#wish(async () => {
      await this.cluster.load(this.#asked.run);
      await this.#place();
      await this.#show();
    });
  }

  /** Acts at the cursor, and shows the step that this is. */
  intervene(intervention) {
    return this.#wish(async () => {
      const { step } = this.cluster.state().place;
      await this.cluster.intervene(intervention);
      // In the past it takes away what came after, and perhaps the step that had solved the challenge.
      if (this.#reached > step) [this.#reached, this.#isTold] = [undefined, false];
      this.#lookedTo = Math.min(this.#lookedTo, step);
      // Where the author's run ends says nothing of this one.
      this.#endStep = undefined;
      this.#tell("intervention");
      await this.#show();
    });
  }

  /** The first step of this run at which a condition holds, looked for so many steps beyond here; it stays where it is. */
  comesTrue(condition, stepsMax) {
    let found;
    const look = async () => {
      const { step } = this.cluster.state().place;
      await this.cluster.seek(0);
      found = await this.cluster.until(condition, step + stepsMax);
      await this.cluster.seek(step);
    };
    return this.#wish(look).then(() => found);
  }

  async #milestone() {
    const before = this.cluster.state().place.step;
    await this.cluster.milestone();
    const { step } = this.cluster.state().place;
    if (this.#endStep !== undefined && step > this.#endStep) await this.cluster.seek(Math.max(before, this.#endStep));
    await this.#show();
  }

  #wish(what) {
    this.pause();
    const done = this.#wishes
      .then(what)
      .then(() => this.#lookForChallenge())
      .then(() => {
        const { step } = this.cluster.state().place;
        this.#tellChallenge(step);
        return step;
      });
    this.#wishes = done.catch(() => {});
    return done;
  }

  async #moveTo(step) {
    const most = this.#endStep ?? Infinity;
    await this.cluster.seek(Math.max(0, Math.min(step, most)));
    await this.#show();
  }

  /** Whether the figure is in view. */
  seen(isInView) {
    this.#isInView = isInView;
    this.#wake();
  }

  #wake() {
    const isActive = this.#isPlaying && this.#isInView && !document.hidden;
    if (isActive && !this.#frame) this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  /** One frame of playing: messages move on, or the next step is shown. */
  #tick(now) {
    this.#frame = 0;
    if (!this.#isPlaying) return;
    const flight = this.#flight;
    if (flight && !flight.isAsked) {
      flight.since ??= now;
      const part = flight.takes_ms ? Math.min(1, (now - flight.since) / flight.takes_ms) : 1;
      this.#stage?.move(flight.from_us + (flight.to_us - flight.from_us) * part);
      if (part >= 1) this.#land();
    }
    if (!this.#flight) this.#ask();
    this.#wake();
  }

  /** Asks for the next step, while the present one stays in view. */
  async #ask() {
    const { step, now_us: nowUs } = this.cluster.state().place;
    const isAtEnd = this.#endStep !== undefined && step >= this.#endStep;
    // Whoever pauses takes it away, and what comes then is of no use any more.
    const asked = { isAsked: true };
    this.#flight = asked;
    let next = step;
    try {
      if (!isAtEnd) next = await this.cluster.step();
      // What is shown meanwhile asks for nothing of where the run stands, and this step is the only one that is new.
      if (this.#flight === asked) await this.#lookForChallenge();
    } catch (error) {
      this.#flight = undefined;
      this.#isPlaying = false;
      this.#host.dispatchEvent(new CustomEvent("error", { composed: true, detail: { message: error.message } }));
      return;
    }
    if (this.#flight !== asked) return;
    if (next === step) {
      if (!this.#asked.loop) {
        this.#flight = undefined;
        this.pause();
        return;
      }
      await new Promise((done) => setTimeout(done, LOOP_MS));
      if (this.#flight !== asked) return;
      await this.cluster.seek(this.#startStep);
      if (this.#flight !== asked) return;
      await this.#show();
      this.#flight = undefined;
      this.#wake();
      return;
    }
    const toUs = this.cluster.state().place.now_us;
    const [least, most] = BETWEEN_MS;
    const wanted = ((toUs - nowUs) / 1_000) * SLOWDOWN;
    const takes = Math.min(most, Math.max(least, wanted)) / this.#asked.speed;
    this.#flight = { from_us: nowUs, to_us: toUs, takes_ms: toUs > nowUs ? takes : least / this.#asked.speed };
    if (!this.#isPlaying) this.#land();
  }

  /** Shows the step that was on its way. */
  #land() {
    if (!this.#flight) return;
    this.#flight = undefined;
    this.#wishes = this.#wishes.then(() => this.#show()).catch(() => {});
  }

  /** Shows the moment at which the run stands. */
  async #show() {
    const { place, stage, sentence } = this.cluster.state();
    const isNew = this.#shown !== place.step;
    this.#shown = place.step;
    if (this.#stage) {
      this.#circleText = await this.cluster.circle();
      this.#stage.show(stage, this.#circleText);
      this.#stage.mark(this.#chosen?.name, this.#asked.point);
    }
    const text = sentence?.text ?? say(this.#lang, "start");
    this.#parts.sentence.replaceChildren(text);
    if (sentence?.source) this.#parts.sentence.append(" ", html("span", { className: "source", textContent: sentence.source }));
    this.#parts.sentence.lang = this.#lang;
    this.#writeControls();
    await this.#showMore();
    if (isNew) this.#tell("step");
    this.#tellChallenge(place.step);
    await this.#notice(place);
  }

  /** Looks whether the condition of the challenge has come true by this step; no step since the last one is left out. */
  async #lookForChallenge() {
    const { challenge } = this.#asked;
    const { step } = this.cluster.state().place;
    if (!challenge || this.#reached !== undefined || step <= this.#lookedTo) return;
    const from = this.#lookedTo + 1;
    this.#lookedTo = step;
    if (from === step) {
      if (await this.cluster.holds(challenge)) this.#reached = step;
    } else {
      await this.cluster.seek(from);
      if (await this.cluster.holds(challenge)) this.#reached = from;
      else this.#reached = await this.cluster.until(challenge, step - from);
      await this.cluster.seek(step);
    }
  }

  /** Says that the challenge is solved once the step at which it is, is shown. */
  #tellChallenge(shown) {
    const { challenge: line } = this.#parts;
    const { challenge } = this.#asked;
    if (!challenge) return;
    const isReached = this.#isTold || this.#reached <= shown;
    if (isReached && !this.#isTold) {
      this.#isTold = true;
      const detail = { condition: challenge, step: this.#reached };
      this.#host.dispatchEvent(new CustomEvent("challenge", { composed: true, detail }));
    }
    const text = say(this.#lang, isReached ? "reached" : "goal", this.#reached);
    const key = `${text} ${challenge}`;
    if (line.dataset.key === key) return;
    line.dataset.key = key;
    line.classList.toggle("reached", isReached);
    line.replaceChildren(text, " ", html("code", { lang: "en", textContent: challenge }));
    line.lang = this.#lang;
  }

  /** Milestones and violations among what is recorded, as events of the element. */
  async #notice({ step }) {
    const { marks } = await this.cluster.tape();
    const here = marks.filter((mark) => mark.step === step);
    for (const mark of here) {
      if (mark.kind !== "violation") this.#tell("mark", mark);
    }
    const violation = marks.find((mark) => mark.kind === "violation" && mark.step <= step);
    if (violation && violation.step !== this.#violation) this.#tell("violation", violation);
    this.#violation = violation?.step;
  }

  #tell(name, detail) {
    this.#host.dispatchEvent(new CustomEvent(name, { composed: true, detail: { ...this.cluster.state().place, ...detail } }));
  }

  async #showMore() {
    const { views } = this.#asked;
    const parts = [];
    if (views.includes("inspector") && this.#chosen) {
      const inspected = await this.cluster.node(this.#chosen.node);
      if (inspected) {
        const rows = inspected.fields.map(({ name, value, hint }) =>
          html("tr", { title: hint }, html("th", { scope: "row", textContent: name }), html("td", { textContent: value })),
        );
        parts.push(html("table", {}, html("caption", { textContent: inspected.title }), html("tbody", {}, ...rows)));
      }
    }
    if (views.includes("table")) {
      for (const { title, columns, rows } of (await this.cluster.tables()).slice(0, 2)) {
        const head = ["", ...columns].map((name) => html("th", { scope: "col", textContent: name }));
        const body = rows.map(({ name, cells }) => {
          const data = cells.map((cell) => html("td", { textContent: cell?.text ?? "", title: cell?.hint ?? "" }));
          return html("tr", {}, html("th", { scope: "row", textContent: name }), ...data);
        });
        const all = [html("caption", { textContent: title }), html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...body)];
        parts.push(html("table", {}, ...all));
      }
    }
    if (views.includes("diagram")) {
      const parsed = new DOMParser().parseFromString(await this.cluster.exportDiagram(), "image/svg+xml");
      const picture = document.importNode(parsed.documentElement, true);
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", say(this.#lang, "diagram"));
      parts.push(picture);
    }
    this.#parts.more.replaceChildren(...parts.map((part) => Object.assign(html("div", { tabIndex: 0 }, part))));
  }

  #button(name, act, key = name) {
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[key]);
    icon.append(path);
    const button = html("button", { type: "button", className: name }, icon);
    button.setAttribute("part", `button ${name}`);
    button.setAttribute("aria-label", say(this.#lang, key));
    button.title = say(this.#lang, key);
    button.addEventListener("click", act);
    return button;
  }

  /** Makes what the author allows. */
  #build() {
    const { views, controls } = this.#asked;
    const hasFaults = controls === "faults";
    const choose = hasFaults || views.includes("inspector") ? (name, node) => this.#choose(name, node) : undefined;
    this.#stage?.close();
    this.#stage = views.includes("stage")
      ? new Stage(this.#parts.stage, { label: say(this.#lang, "stage"), choose })
      : undefined;
    const { bar, faults } = this.#parts;
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", say(this.#lang, "controls"));
    const scrubber = html("input", { type: "range", min: "0", step: "1" });
    scrubber.setAttribute("part", "scrubber");
    scrubber.setAttribute("aria-label", say(this.#lang, "position"));
    scrubber.addEventListener("input", () => this.#scrub(Number(scrubber.value)));
    const open = html("a", { className: "open", target: "_blank", rel: "noopener", textContent: say(this.#lang, "open") });
    open.setAttribute("part", "open");
    // The exact run is asked for when somebody is about to follow it.
    for (const event of ["pointerenter", "focus", "pointerdown"]) open.addEventListener(event, () => this.#writeOpen());
    this.#controls = {
      back: this.#button("back", () => this.step(-1)),
      play: this.#button("play", () => (this.#isPlaying ? this.pause() : this.#again())),
      step: this.#button("step", () => this.step(1)),
      milestone: this.#button("milestone", () => this.#wish(() => this.#milestone())),
      reset: this.#button("reset", () => this.reset()),
      scrubber,
      where: html("span", { className: "where" }),
      open,
    };
    bar.replaceChildren(...Object.values(this.#controls));
    faults.setAttribute("role", "group");
    faults.setAttribute("aria-label", say(this.#lang, "faults"));
    this.#writeOpen();
    this.#writeControls();
  }

  /** Plays, from the start where the figure stands at its end. */
  #again() {
    const { step } = this.cluster.state().place;
    if (this.#endStep !== undefined && step >= this.#endStep) {
      this.#wishes = this.#wishes.then(() => this.#moveTo(this.#startStep));
    }
    this.#wishes = this.#wishes.then(() => this.play());
  }

  #wanted;

  /** Seeks that pile up are answered for the last one only. */
  #scrub(step) {
    const isWaiting = this.#wanted !== undefined;
    this.#wanted = step;
    if (isWaiting) return;
    this.#wish(async () => {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      await this.#moveTo(wanted);
    });
  }

  async #writeOpen() {
    const site = this.#asked.site ?? SITE;
    const { open } = this.#controls;
    open.hidden = !site;
    if (!site) {
      open.remove();
      return;
    }
    const link = await this.cluster.link().catch(() => "");
    open.href = new URL(`#${link}`, new URL(site, document.baseURI)).href;
  }

  #choose(name, node) {
    this.#chosen = this.#chosen?.name === name ? undefined : { name, node };
    this.#stage?.mark(this.#chosen?.name, this.#asked.point);
    this.#writeControls();
    this.#wishes = this.#wishes.then(() => this.#showMore()).catch(() => {});
  }

  #writeControls() {
    const { place, stage } = this.cluster.state();
    const { play, back, step, milestone, scrubber, where } = this.#controls;
    if (!play) return;
    const label = this.#isPlaying ? "pause" : "play";
    play.setAttribute("aria-label", say(this.#lang, label));
    play.title = say(this.#lang, label);
    play.querySelector("path").setAttribute("d", ICONS[label]);
    this.#parts.sentence.setAttribute("aria-live", this.#isPlaying ? "off" : "polite");
    const isAtEnd = this.#endStep !== undefined && place.step >= this.#endStep;
    // A button that has the focus is not taken away from its reader.
    for (const [button, isOff] of [[back, place.step === 0], [step, isAtEnd], [milestone, isAtEnd]]) {
      button.setAttribute("aria-disabled", String(isOff));
    }
    scrubber.max = String(this.#endStep ?? Math.max(1, place.recorded));
    scrubber.value = String(place.step);
    where.textContent = `${say(this.#lang, "step_of", place.step)} · ${time(place.now_us)}`;
    scrubber.setAttribute("aria-valuetext", where.textContent);
    if (this.#asked.controls === "faults") this.#writeFaults(stage);
  }

  #writeFaults(stage) {
    const { faults } = this.#parts;
    const node = this.#chosen?.node;
    const party = stage.parties.find(({ address }) => address.node !== undefined && address.node === node);
    const fault = (key, act) => {
      const button = html("button", { type: "button", textContent: say(this.#lang, key, this.#chosen?.name) });
      button.setAttribute("part", "button");
      button.addEventListener("click", () =>
        this.intervene(act).catch((error) => this.#parts.sentence.replaceChildren(error.message)),
      );
      return button;
    };
    const others = stage.parties.map(({ address }) => address.node).filter((other) => other !== undefined && other !== node);
    const wanted = party
      ? [
          party.up ? fault("crash", { crash: { node } }) : fault("restart", { restart: { node } }),
          fault("cut", { partition: { groups: [[node], others] } }),
        ]
      : [html("span", { className: "where", textContent: say(this.#lang, "choose") })];
    if (stage.cuts.length) wanted.push(fault("heal", "heal"));
    const key = `${this.#lang} ${node} ${party?.up} ${stage.cuts.length > 0}`;
    if (faults.dataset.key === key) return;
    faults.dataset.key = key;
    const hadFocus = faults.contains(this.#parts.stage.getRootNode().activeElement);
    faults.replaceChildren(...wanted);
    if (hadFocus) faults.querySelector("button")?.focus();
  }

  /** Frees what it uses. */
  close() {
    this.#isPlaying = false;
    this.#flight = undefined;
    cancelAnimationFrame(this.#frame);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#stage?.close();
    for (const part of ["sentence", "challenge", "bar", "faults", "more"]) this.#parts[part].replaceChildren();
    this.#parts.challenge.classList.remove("reached");
    delete this.#parts.challenge.dataset.key;
    delete this.#parts.faults.dataset.key;
    this.cluster?.close();
  }
}
