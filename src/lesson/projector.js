// The teacher's view: one thing at a time, in letters that the last row reads. What is shown at once is a stop: a place, a
// paragraph, a prediction or a challenge, below the heading of its section.

/** What belongs to no stop. */
const APART = ".course, h1, .near, .source, noscript";

/** What goes with the paragraph before it. */
const JOINED = "ul, ol, pre, table, blockquote, .also, .note";

function stopsOf(article) {
  const stops = [];
  let heading;
  let place = -1;
  for (const element of article.children) {
    if (element.matches(APART)) continue;
    if (element.matches("h2, h3")) {
      heading = element;
      continue;
    }
    const isPlace = element.matches(".place");
    if (isPlace) place += 1;
    const last = stops.at(-1);
    if (last && last.heading === heading && element.matches(JOINED)) last.elements.push(element);
    else stops.push({ heading, elements: [element], isPlace, place: Math.max(0, place) });
  }
  return stops;
}

/**
 * `show(place)` brings the run to a place, `leave(place)` is told where the teacher's view ended, and `current()` is the
 * place that is shown.
 */
export function projector({ article, walk, show, leave, current }) {
  const root = document.documentElement;
  const [toggle, notes] = ["teach", "notes"].map((name) => walk.querySelector(`[data-walk="${name}"]`));
  const keys = document.querySelector(".keys");
  const stops = stopsOf(article);
  let at = -1;

  const isOn = () => root.classList.contains("teach");

  /** What does not fit is written a little smaller; what even then does not is scrolled. */
  function fit() {
    article.classList.remove("long");
    article.classList.toggle("long", root.scrollHeight > innerHeight);
  }

  function turn(to) {
    const stop = stops[to];
    if (!stop) return;
    at = to;
    for (const one of article.querySelectorAll(":scope > .on")) one.classList.remove("on");
    for (const element of [stop.heading, ...stop.elements]) element?.classList.add("on");
    scrollTo(0, 0);
    fit();
    // A question or a task leaves the run as the class sees it.
    show(stop.place, stop.isPlace || stop.place !== current());
  }

  function lock(isLocked) {
    for (const predict of article.querySelectorAll(".predict")) {
      predict.classList.remove("revealed");
      for (const details of predict.querySelectorAll("details")) {
        if (isLocked) details.open = false;
        const summary = details.querySelector("summary");
        if (isLocked) summary.setAttribute("aria-disabled", "true");
        else summary.removeAttribute("aria-disabled");
      }
    }
  }

  function reveal(predict) {
    predict.classList.add("revealed");
    for (const summary of predict.querySelectorAll("summary")) summary.removeAttribute("aria-disabled");
    predict.querySelector('details[data-right="true"]').open = true;
    fit();
  }

  function showNotes(is) {
    root.classList.toggle("notes", is);
    notes.setAttribute("aria-pressed", String(is));
    if (isOn()) fit();
  }

  function turnOn(is) {
    root.classList.toggle("teach", is);
    toggle.setAttribute("aria-pressed", String(is));
    showNotes(false);
    article.classList.remove("long");
    lock(is);
    keys.textContent = is ? keys.dataset.keys : "";
    if (is) turn(Math.max(0, stops.findIndex(({ isPlace, place }) => isPlace && place === current())));
    else leave(stops[at]?.place ?? 0);
  }

  addEventListener("resize", () => isOn() && fit());
  toggle.addEventListener("click", () => turnOn(!isOn()));
  notes.addEventListener("click", () => showNotes(!root.classList.contains("notes")));
  article.addEventListener("click", (event) => {
    const predict = event.target.closest(".predict");
    if (!predict || !isOn()) return;
    if (event.target.closest(".reveal")) {
      reveal(predict);
      predict.querySelector('details[data-right="true"] summary').focus();
    } else if (event.target.closest("summary") && !predict.classList.contains("revealed")) event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (!isOn() || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    // A field keeps its keys, also one inside of the figure.
    if (event.composedPath()[0].matches?.("input, select, textarea")) return;
    const question = article.querySelector(":scope > .predict.on:not(.revealed)");
    const deeds = {
      ArrowRight: () => turn(at + 1),
      PageDown: () => turn(at + 1),
      ArrowLeft: () => turn(at - 1),
      PageUp: () => turn(at - 1),
      n: () => !notes.hidden && showNotes(!root.classList.contains("notes")),
      r: () => question && reveal(question),
      Escape: () => turnOn(false),
    };
    const deed = deeds[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });

  return { isOn, turn: (by) => turn(at + by), where: () => ({ at, of: stops.length }) };
}
