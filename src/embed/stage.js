// Draws a cluster at one moment as SVG. Elements stay for as long as what they stand for is there, so that the focus stays
// where it is and only what differs is written.

const NS = "http://www.w3.org/2000/svg";

/** The space in which the engine draws a circle of keys, and its radius as a part of that. */
const CIRCLE_SIDE = 760;

/** The size of letters for which everything is drawn, in pixels. */
const FONT_PX = 15;

const make = (name, attributes = {}, ...children) => {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const write = (element, attributes) => {
  for (const [key, value] of Object.entries(attributes)) {
    const text = typeof value === "number" ? String(Math.round(value * 10) / 10) : value;
    if (element.getAttribute(key) !== text) element.setAttribute(key, text);
  }
};

/** The class that gives something its colours. */
const toneClass = (tone) => {
  if (typeof tone === "string") return tone;
  return `era${Number(tone.era ?? tone.owner ?? 0) % 6}`;
};

/** The key of an address: n0, c1. */
const keyOf = (address) => (address.node === undefined ? `c${address.client}` : `n${address.node}`);

/** The few colours of the engine's pictures that are not those of a node become the host's. */
const IN_THEME = {
  "#1e1f23": "var(--lamplight-ink)",
  "#676259": "var(--lamplight-muted)",
  "#faf8f3": "var(--lamplight-paper)",
  "#e3ddd2": "var(--lamplight-mesh)",
};
const inTheme = (text) => text.replace(/#[0-9a-f]{6}/g, (colour) => IN_THEME[colour] ?? colour);

/** The way of a message, from edge to edge, so that nobody is hidden behind what was just sent. */
function way(from, to, radius) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const reach = ({ halfWidth, halfHeight }) => {
    const isRound = halfWidth === halfHeight;
    const across = isRound ? halfWidth : Math.min(halfWidth / Math.abs(dx / length || 1e-6), halfHeight / Math.abs(dy / length || 1e-6));
    return Math.min(across + radius + 2, length / 2);
  };
  const at = (distance) => ({ x: from.x + (dx / length) * distance, y: from.y + (dy / length) * distance });
  return { from: at(reach(from)), to: at(length - reach(to)) };
}

/** Where everything stands in this space, in pixels. */
function lay(stage, hasCircle, width, height) {
  const nodes = Math.max(1, stage.parties.filter(({ outline }) => outline !== "client").length);
  const side = Math.min(width, height);
  const around = (Math.PI * 2 * 0.36 * side) / nodes;
  const radius = Math.min(Math.max(3.5, Math.min(around * 0.36, 38)), side * (hasCircle ? 0.068 : 0.09));
  const innerWidth = hasCircle ? side : Math.min(width, height * 1.4);
  // What stands below the lowest nodes needs room.
  const innerHeight = Math.min(height - (nodes > 14 ? 0 : 34), width * 1.3);
  const cards = stage.parties.filter(({ outline }) => outline === "card").length;
  const card = Math.max(17, Math.min(62, (innerWidth * 0.45) / Math.max(1, cards - 1) - 8));
  const [left, top] = [(width - innerWidth) / 2, 0];
  const places = new Map();
  for (const { address, outline, x, y } of stage.parties) {
    const [halfWidth, halfHeight] = outline === "card" ? [card, 30] : outline === "client" ? [13, 13] : [radius, radius];
    const [least, most] = [halfWidth + 10, width - halfWidth - 10];
    places.set(keyOf(address), {
      x: Math.min(Math.max(left + x * innerWidth, least), Math.max(least, most)),
      y: Math.min(Math.max(top + y * innerHeight, halfHeight + 10), height - halfHeight - 18),
      halfWidth,
      halfHeight,
    });
  }
  return { places, radius, card, message: radius > 24 ? 11 : Math.max(4, radius * 0.5) };
}

/** A stage inside an element, which it fills. */
export class Stage {
  #svg = make("svg", { role: "group" });
  #ground = make("g", { "aria-hidden": "true" });
  #circle = make("g", { "aria-hidden": "true" });
  #parties = make("g");
  #messages = make("g");
  #drawn = new Map();
  #flights = [];
  #stage;
  #size = [640, 460];
  #layout;
  #circleText = "";
  #observer;
  #choose;

  constructor(root, { label, choose }) {
    this.#choose = choose;
    this.#svg.setAttribute("aria-label", label);
    this.#svg.append(this.#circle, this.#ground, this.#parties, this.#messages);
    root.append(this.#svg);
    this.#observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width < 1) return;
      // A figure in larger letters is larger as a whole.
      const scale = Math.max(0.8, parseFloat(getComputedStyle(root).fontSize) / FONT_PX || 1);
      this.#size = [contentRect.width / scale, Math.max(120, contentRect.height / scale)];
      if (this.#stage) this.show(this.#stage, this.#circleText);
    });
    this.#observer.observe(root);
  }

  /** Shows a cluster, with the circle of keys as the engine draws it. */
  show(stage, circleText = "") {
    this.#stage = stage;
    const [width, height] = this.#size;
    write(this.#svg, { viewBox: `0 0 ${width.toFixed(1)} ${height.toFixed(1)}` });
    const layout = lay(stage, Boolean(circleText), width, height);
    this.#layout = layout;
    this.#showCircle(circleText, width, height);
    this.#showGround(stage, layout, Boolean(circleText));
    const there = new Set();
    for (const party of stage.parties) {
      const key = keyOf(party.address);
      there.add(key);
      if (!this.#drawn.has(key)) this.#drawn.set(key, this.#newParty(party));
      this.#writeParty(this.#drawn.get(key), party, layout);
    }
    for (const [key, { root }] of this.#drawn) {
      if (there.has(key)) continue;
      root.remove();
      this.#drawn.delete(key);
    }
    this.#showMessages(stage, layout);
    this.move(stage.now_us);
  }

  /** Marks who is chosen, and who is pointed at, by names. */
  mark(chosen, pointed = []) {
    for (const { root, name } of this.#drawn.values()) {
      root.classList.toggle("chosen", name === chosen);
      root.classList.toggle("pointed", pointed.includes(name));
      if (root.hasAttribute("aria-pressed")) root.setAttribute("aria-pressed", String(name === chosen));
    }
  }

  /** Puts the messages, and what is left of the timers, where they are at this moment. */
  move(timeUs) {
    for (const { root, from, to, message } of this.#flights) {
      const whole = Math.max(1, message.due_us - message.sent_us);
      const part = message.fate === "held" ? 0.5 : Math.min(1, Math.max(0, (timeUs - message.sent_us) / whole));
      const [x, y] = [from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part];
      root.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    }
    for (const { timer, party, place } of this.#drawn.values()) {
      if (!timer) continue;
      const { set_us: set, due_us: due } = party.timer ?? {};
      const left = due > set ? Math.min(0.999, Math.max(0, (due - timeUs) / (due - set))) : 0;
      const radius = this.#layout.radius + 5;
      const angle = left * Math.PI * 2;
      const [x, y] = [place.x + radius * Math.sin(angle), place.y - radius * Math.cos(angle)];
      const arc = `M${place.x.toFixed(1)} ${(place.y - radius).toFixed(1)}A${radius} ${radius} 0 ${left > 0.5 ? 1 : 0} 1 ${x.toFixed(1)} ${y.toFixed(1)}`;
      timer.setAttribute("d", party.timer && left > 0 ? arc : "");
    }
  }

  /** Frees what it uses. */
  close() {
    this.#observer.disconnect();
    this.#svg.remove();
  }

  #showCircle(text, width, height) {
    if (text !== this.#circleText) {
      this.#circleText = text;
      // It comes from the engine of this very figure, and holds no script.
      const parsed = text && new DOMParser().parseFromString(`<svg xmlns="${NS}">${inTheme(text)}</svg>`, "image/svg+xml");
      this.#circle.replaceChildren(...(parsed ? [...parsed.documentElement.childNodes].map((node) => document.importNode(node, true)) : []));
    }
    const side = Math.min(width, height);
    const scale = side / CIRCLE_SIDE;
    write(this.#circle, { transform: `translate(${((width - side) / 2).toFixed(1)} ${((height - side) / 2).toFixed(1)}) scale(${scale.toFixed(4)})` });
  }

  #showGround(stage, { places, radius }, hasCircle) {
    const lines = [];
    const nodes = stage.parties.filter(({ outline }) => outline !== "client").map(({ address }) => places.get(keyOf(address)));
    const line = (from, to, name) =>
      lines.push(make("line", { class: name, x1: from.x, y1: from.y, x2: to.x, y2: to.y }));
    if (!hasCircle && nodes.length <= 12) {
      nodes.forEach((one, at) => nodes.slice(at + 1).forEach((other) => line(one, other, "mesh")));
    }
    for (const { from, to, both_ways: bothWays } of stage.cuts) {
      const [one, other] = [places.get(keyOf(from)), places.get(keyOf(to))];
      if (!one || !other) continue;
      line(bothWays ? one : { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 }, other, "cut");
    }
    for (const { asked_by: asker, members, tone, is_complete: isComplete } of stage.quorums) {
      const centre = places.get(keyOf(asker));
      for (const member of members.map((address) => places.get(keyOf(address)))) {
        if (!centre || !member) continue;
        const name = `quorum ${toneClass(tone)}${isComplete ? " complete" : ""}`;
        line(centre, member, name);
        lines.push(make("circle", { class: name, cx: member.x, cy: member.y, r: radius + 9 }));
      }
    }
    this.#ground.replaceChildren(...lines);
  }

  #newParty({ name, outline, address }) {
    const root = make("g");
    const shape = make(outline === "disc" ? "circle" : "rect", { class: "shape" });
    const label = make("text", { class: "name" });
    root.append(shape, label);
    const drawn = { root, shape, label, name, cells: [] };
    if (outline === "disc") root.append((drawn.timer = make("path", { class: "timer" })));
    root.append((drawn.role = make("text", { class: "role" })), (drawn.figure = make("text", { class: "figure" })));
    root.append((drawn.tail = make("g")));
    if (this.#choose && address.node !== undefined) {
      write(root, { tabindex: "0", role: "button", "aria-pressed": "false" });
      const choose = () => this.#choose(name, address.node);
      root.addEventListener("click", choose);
      root.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      });
    } else {
      root.setAttribute("role", "img");
    }
    this.#parties.append(root);
    return drawn;
  }

  #writeParty(drawn, party, { places, radius, card }) {
    const place = places.get(keyOf(party.address));
    drawn.party = party;
    drawn.place = place;
    const kept = ["chosen", "pointed"].filter((name) => drawn.root.classList.contains(name));
    const isNode = party.address.node !== undefined;
    const names = ["party", toneClass(party.tone), party.up ? "" : "down", isNode && this.#choose ? "choosable" : "", ...kept];
    write(drawn.root, { class: names.filter(Boolean).join(" "), "aria-label": party.description });
    if (party.outline === "disc") {
      write(drawn.shape, { cx: place.x, cy: place.y, r: radius });
    } else {
      const { halfWidth, halfHeight } = place;
      write(drawn.shape, { x: place.x - halfWidth, y: place.y - halfHeight, width: halfWidth * 2, height: halfHeight * 2, rx: 5 });
    }
    const isSmall = radius < 14 && party.outline === "disc";
    const text = (element, content, y, fits = true) => {
      if (element.textContent !== content) element.textContent = content;
      write(element, { x: place.x, y, display: fits ? "inline" : "none" });
    };
    drawn.label.textContent = party.name;
    if (party.outline === "card") {
      text(drawn.label, party.name, place.y - 9);
      text(drawn.role, party.role, place.y + 8, card > 30);
      text(drawn.figure, party.figure, place.y + 23, card > 30);
      this.#writeTail(drawn, party, place.y + place.halfHeight + 4);
      return;
    }
    const below = place.y + (party.outline === "client" ? 13 : radius);
    text(drawn.label, party.name, place.y + 5, !isSmall);
    text(drawn.role, party.outline === "client" ? "" : party.role, below + 19, !isSmall);
    text(drawn.figure, party.outline === "client" ? "" : party.figure, below + 33, !isSmall);
    this.#writeTail(drawn, party, below + 38);
  }

  #writeTail(drawn, party, top) {
    const all = party.tail.length ? party.tail : party.badge ? [party.badge] : [];
    const isWide = all.some(({ text }) => text.length > 2);
    const widthOf = ({ text }) => (isWide ? Math.min(130, [...text].reduce((sum, one) => sum + (one > "\u2e80" ? 11 : 6.2), 12)) : 20);
    // The newest ones, as far as there is room for them.
    const room = Math.max(96, drawn.place.halfWidth * 2);
    const cells = [];
    let taken = 0;
    for (const cell of all.toReversed()) {
      taken += widthOf(cell) + 2;
      if (cells.length && taken > room) break;
      cells.unshift(cell);
    }
    const whole = cells.reduce((sum, cell) => sum + widthOf(cell) + 2, -2);
    let left = drawn.place.x - whole / 2;
    const drawnCells = cells.map((cell) => {
      const wide = widthOf(cell);
      const text = make("text", { x: (left + wide / 2).toFixed(1), y: (top + 13).toFixed(1) });
      text.textContent = cell.text;
      const box = make("rect", { x: left.toFixed(1), y: top.toFixed(1), width: wide, height: 17, rx: isWide ? 8 : 3 });
      const title = make("title");
      title.textContent = cell.hint;
      left += wide + 2;
      return make("g", { class: `cell ${toneClass(cell.tone)}${cell.settled ? " settled" : ""}` }, title, box, text);
    });
    // In a low figure they would lie over the nodes below.
    const hasRoom = party.outline === "card" || (this.#layout.radius > 18 && this.#size[1] > 260);
    drawn.tail.replaceChildren(...(hasRoom ? drawnCells : []));
  }

  #showMessages(stage, { places, message: radius }) {
    this.#flights = [];
    const drawn = [];
    for (const message of stage.messages) {
      const [from, to] = [places.get(keyOf(message.from)), places.get(keyOf(message.to))];
      // What a node tells itself has no way to go.
      if (!from || !to || from === to) continue;
      const name = `message ${toneClass(message.tone)}${message.answer ? " answer" : ""}${message.fate === "lost" ? " lost" : ""}`;
      const root = make("g", { class: name, role: "img", "aria-label": message.description });
      root.append(make("circle", { r: radius }));
      if (radius > 7) {
        const letter = make("text", { y: 4 });
        letter.textContent = message.letter;
        root.append(letter);
      }
      this.#flights.push({ root, ...way(from, to, radius), message });
      drawn.push(root);
    }
    this.#messages.replaceChildren(...drawn);
  }
}
