// A lesson in the reader's hands: the figure follows the text, and whoever touches it finds the way back.

import { challenges } from "./challenges.js";
import { list, sheet } from "./list.js";
import { progress } from "./progress.js";
import { projector } from "./projector.js";
import { terms } from "./terms.js";

if (document.querySelector("main.lesson")) lesson();
else if (document.querySelector("main.sheet")) sheet();
else list();

function lesson() {
  const id = document.querySelector("main.lesson").dataset.lesson;
  const figure = document.querySelector("lamplight-cluster");
  const places = [...document.querySelectorAll(".place")];
  const walk = document.querySelector(".walk");
  const [back, next] = ["back", "next"].map((name) => walk.querySelector(`[data-walk="${name}"]`));
  const touched = document.querySelector(".touched");
  let current = -1;
  let isTouched = false;
  let shown = "";
  let wishes = Promise.resolve();
  walk.hidden = false;

  const runOf = ({ scenario, seed }) => `${scenario} ${seed ?? ""}`;

  /** Brings the run to a place; only the last of those that were wished meanwhile. */
  function show(at) {
    const place = places[at];
    current = at;
    places.forEach((one, index) => one.classList.toggle("current", index === at));
    writeWalk();
    if (at === places.length - 1) progress.add(id, { read: true });
    wishes = wishes
      .then(async () => {
        if (current !== at) return;
        await open(place.dataset);
        figure.setAttribute("point", place.dataset.point ?? "");
        await figure.seek(Number(place.dataset.step));
      })
      .catch(() => {});
  }

  function writeWalk() {
    const { at, of } = teacher.isOn() ? teacher.where() : { at: current, of: places.length };
    walk.querySelector(".progress").textContent = `${at + 1} / ${of}`;
    back.disabled = at <= 0;
    next.disabled = at >= of - 1;
  }

  /** The lesson's own run, without what the reader did to it. */
  async function open(data) {
    figure.challenge = undefined;
    const run = runOf(data);
    if (run === shown && !isTouched) return;
    if (run === shown) await figure.reset();
    else {
      if (data.seed) figure.setAttribute("seed", data.seed);
      else figure.removeAttribute("seed");
      figure.setAttribute("scenario", data.scenario);
      await figure.ready();
    }
    shown = run;
    setTouched(false);
  }

  function setTouched(is) {
    isTouched = is;
    touched.hidden = !is;
  }

  shown = runOf({ scenario: figure.getAttribute("scenario") });
  figure.addEventListener("intervention", () => setTouched(true));
  touched.querySelector("button").addEventListener("click", () => show(Math.max(0, current)));

  // On a narrow screen the cluster covers the upper half.
  const isStacked = matchMedia("(max-width: 60rem)");
  const aside = figure.closest("aside");

  const go = (at) => {
    const place = places[at];
    if (!place) return;
    isGoing = performance.now();
    place.scrollIntoView({ block: isStacked.matches ? "start" : "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    show(at);
  };
  const walkBy = (by) => (teacher.isOn() ? teacher.turn(by) : go(current + by));
  back.addEventListener("click", () => walkBy(-1));
  next.addEventListener("click", () => walkBy(1));
  places.forEach((place, at) =>
    place.querySelector(".show").addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", `#${place.id}`);
      show(at);
    }),
  );

  // The place that the reader's eyes are at: the last one that begins above the middle of the window.
  let isGoing = -Infinity;
  let isAsked = false;
  addEventListener(
    "scroll",
    () => {
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(() => {
        isAsked = false;
        // A scroll that a button caused is no wish of its own, and a run that the reader changed stays as it is.
        if (isTouched || teacher.isOn() || performance.now() - isGoing < 1_200) return;
        const middle = isStacked.matches ? aside.getBoundingClientRect().bottom + innerHeight * 0.15 : innerHeight * 0.55;
        const at = places.findLastIndex((place) => place.getBoundingClientRect().top < middle);
        if (at >= 0 && at !== current) show(at);
      });
    },
    { passive: true },
  );

  const teacher = projector({
    article: document.querySelector("article"),
    walk,
    current: () => current,
    show: (at, isMeant) => (isMeant ? show(at) : writeWalk()),
    leave: go,
  });

  challenges({
    id,
    figure,
    isShown: (data) => runOf(data) === shown,
    begin(data) {
      setTouched(true);
      // The run is the reader's from here on.
      wishes = wishes
        .then(async () => {
          await open(data);
          figure.setAttribute("point", "");
          figure.challenge = data.goal;
        })
        .catch(() => {})
        .then(() => setTouched(true));
    },
  });
  terms();

  const named = places.findIndex(({ id: name }) => `#${name}` === location.hash);
  if (places.length) show(Math.max(0, named));
}
