// What an author can write on the element, and what is said in the console about what is none of it.

export const CONTROLS = ["none", "transport", "faults"];
export const VIEWS = ["stage", "sentence", "diagram", "table", "inspector"];
const LOADING = ["lazy", "eager", "manual"];
const THEMES = ["auto", "light", "dark"];

/** Attributes that open another run when they change, and those that change what is shown of it. */
export const RUN = ["protocol", "scenario", "seed", "nodes", "link"];
export const SHOWN = [
  "start", "end", "until", "speed", "autoplay", "loop", "controls", "views", "theme", "lang", "loading", "poster",
  "caption", "point", "site", "challenge",
];

const told = new Set();

/** Says something once, however many elements make the same mistake. */
function warn(text) {
  if (told.has(text)) return;
  told.add(text);
  console.warn(`lamplight-cluster: ${text}`);
}

const among = (element, name, words, fallback) => {
  const value = element.getAttribute(name)?.trim() ?? "";
  if (!value) return fallback;
  if (words.includes(value)) return value;
  warn(`${name}="${value}" is none of ${words.join(", ")}; ${fallback} is taken.`);
  return fallback;
};

const whole = (element, name, least, most) => {
  const value = element.getAttribute(name)?.trim() ?? "";
  if (!value) return undefined;
  if (/^\d{1,20}$/.test(value) && BigInt(value) >= BigInt(least) && BigInt(value) <= BigInt(most)) return value;
  warn(`${name}="${value}" is no whole number from ${least} to ${most}; it is left out.`);
  return undefined;
};

/** A step, or a condition for the first step at which it holds. */
const place = (element, name) => {
  const value = element.getAttribute(name)?.trim() ?? "";
  if (!value) return undefined;
  return /^\d{1,9}$/.test(value) ? { step: Number(value) } : { condition: value.replace(/^until\s+/, "") };
};

/** The scenario file that stands in the element as `<script type="application/json">`. */
function childFile(element) {
  const script = element.querySelector(':scope > script[type="application/json"]');
  return script?.textContent.trim() || undefined;
}

/** Everything that an element asks for. */
export function read(element) {
  const attribute = (name) => element.getAttribute(name)?.trim() || undefined;
  const speed = Number(attribute("speed") ?? 1);
  if (!(speed >= 0.1 && speed <= 20)) warn(`speed="${attribute("speed")}" is no number from 0.1 to 20; 1 is taken.`);
  const views = (attribute("views") ?? "stage sentence").split(/[\s,]+/).filter((view) => {
    if (VIEWS.includes(view)) return true;
    warn(`views holds "${view}", which is none of ${VIEWS.join(", ")}; it is left out.`);
    return false;
  });
  const nodes = whole(element, "nodes", 1, 100);
  const closest = element.closest("[lang]")?.getAttribute("lang");
  return {
    run: {
      protocol: attribute("protocol"),
      scenario: attribute("scenario"),
      seed: whole(element, "seed", 0, 18446744073709551615n),
      link: attribute("link"),
      file: element.scenarioFile ?? childFile(element),
      settings: nodes === undefined ? undefined : { nodes: Number(nodes) },
      lang: closest || document.documentElement.lang || navigator.language,
    },
    start: place(element, "start"),
    end: place(element, "end") ?? place(element, "until"),
    speed: speed >= 0.1 && speed <= 20 ? speed : 1,
    autoplay: element.hasAttribute("autoplay"),
    loop: element.hasAttribute("loop"),
    controls: among(element, "controls", CONTROLS, "transport"),
    views,
    theme: among(element, "theme", THEMES, "auto"),
    loading: among(element, "loading", LOADING, "lazy"),
    poster: attribute("poster"),
    caption: attribute("caption"),
    point: (attribute("point") ?? "").split(/[\s,]+/).filter(Boolean),
    site: attribute("site"),
    challenge: attribute("challenge"),
  };
}
