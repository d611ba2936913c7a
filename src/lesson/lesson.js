// A lesson in the reader's hands: the figure follows the text, and whoever touches it finds the way back.

const article = document.querySelector("main.lesson");

/** What stays on this device, where a browser keeps anything: the lessons read, and the challenges solved. */
const progress = {
  key: "lamplight.lessons",
  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "{}") ?? {};
    } catch {
      return {};
    }
  },
  add(id, what) {
    try {
      const all = this.read();
      localStorage.setItem(this.key, JSON.stringify({ ...all, [id]: { ...all[id], ...what } }));
    } catch {
      // Then it is not remembered, and all else works.
    }
  },
  clear() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // There was nothing.
    }
  },
};

if (article) lesson();
else list();

function lesson() {
  const id = article.dataset.lesson;
  const figure = document.querySelector("lamplight-cluster");
  const places = [...document.querySelectorAll(".place")];
  const walk = document.querySelector(".walk");
  const [back, next, teach] = ["back", "next", "teach"].map((name) => walk.querySelector(`[data-walk="${name}"]`));
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
    walk.querySelector(".progress").textContent = `${at + 1} / ${places.length}`;
    back.disabled = at <= 0;
    next.disabled = at >= places.length - 1;
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

  /** The lesson's own run, without what the reader did to it. */
  async function open(data) {
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
  back.addEventListener("click", () => go(current - 1));
  next.addEventListener("click", () => go(current + 1));
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
        if (isTouched || performance.now() - isGoing < 1_200) return;
        const middle = isStacked.matches ? aside.getBoundingClientRect().bottom + innerHeight * 0.15 : innerHeight * 0.55;
        const at = places.findLastIndex((place) => place.getBoundingClientRect().top < middle);
        if (at >= 0 && at !== current) show(at);
      });
    },
    { passive: true },
  );

  teach.addEventListener("click", () => {
    const is = document.documentElement.classList.toggle("teach");
    teach.setAttribute("aria-pressed", String(is));
    if (is) go(Math.max(0, current));
  });

  for (const challenge of document.querySelectorAll(".challenge")) {
    const acts = challenge.querySelector(".acts");
    const verdict = challenge.querySelector(".verdict");
    acts.hidden = false;
    acts.querySelector('[data-act="begin"]').addEventListener("click", () => {
      verdict.textContent = "";
      setTouched(true);
      // The run is the reader's from here on.
      wishes = wishes
        .then(() => open(challenge.dataset))
        .catch(() => {})
        .then(() => setTouched(true));
    });
    acts.querySelector('[data-act="check"]').addEventListener("click", async () => {
      const step = await figure.comesTrue(challenge.dataset.goal, 5_000);
      const isSolved = step !== undefined;
      verdict.textContent = (isSolved ? verdict.dataset.solved : verdict.dataset.unsolved).replace("{0}", step);
      if (isSolved) progress.add(id, { [challenge.id]: true });
    });
  }

  const named = places.findIndex(({ id: name }) => `#${name}` === location.hash);
  if (places.length) show(Math.max(0, named));
}

function list() {
  const done = progress.read();
  let any = false;
  for (const item of document.querySelectorAll("[data-lesson]")) {
    const isRead = Boolean(done[item.dataset.lesson]?.read);
    any ||= isRead;
    item.querySelector(".done").hidden = !isRead;
  }
  const kept = document.querySelector(".kept");
  if (!kept || !any) return;
  kept.hidden = false;
  kept.querySelector("button").addEventListener("click", () => {
    progress.clear();
    for (const mark of document.querySelectorAll(".done")) mark.hidden = true;
    kept.hidden = true;
  });
}
