// The challenges of a lesson: the reader sets a run up, breaks it, and hands the run in as a link.

import { progress } from "./progress.js";

/** How far beyond where the run stands a solution is looked for, in steps. */
const AHEAD_STEPS = 5_000;

/**
 * `figure` shows the run; `begin(data)` opens the run of a challenge and leaves it to the reader; `isShown(data)` is
 * whether that run is there.
 */
export function challenges({ id, figure, begin, isShown }) {
  const all = [...document.querySelectorAll(".challenge")];
  const part = (challenge, name) => challenge.querySelector(name);

  async function solve(challenge, step) {
    const verdict = part(challenge, ".verdict");
    const hand = part(challenge, ".hand");
    verdict.textContent = verdict.dataset.solved.replace("{0}", step);
    progress.add(id, { [challenge.id]: true });
    // The link of this moment: what the reader does later is another run.
    const site = new URL(figure.getAttribute("site"), document.baseURI);
    part(hand, "input").value = new URL(`#${await figure.link()}`, site).href;
    part(hand, "[role=status]").textContent = "";
    challenge.classList.add("solved");
    hand.hidden = false;
  }

  // It is told while the reader plays, steps or breaks something, by whoever watches the run.
  figure.addEventListener("challenge", ({ detail }) => {
    const solved = all.find((one) => one.dataset.goal === detail.condition && isShown(one.dataset));
    if (solved) solve(solved, detail.step);
  });

  for (const challenge of all) {
    const verdict = part(challenge, ".verdict");
    const act = (name) => part(challenge, `[data-act="${name}"]`);
    part(challenge, ".acts").hidden = false;
    if (progress.read()[id]?.[challenge.id]) {
      challenge.classList.add("solved");
      verdict.textContent = verdict.dataset.before;
    }
    act("begin").addEventListener("click", () => {
      verdict.textContent = "";
      begin(challenge.dataset);
    });
    act("check").addEventListener("click", async () => {
      // The run of another scenario may do by itself what is asked for here.
      if (!isShown(challenge.dataset)) {
        verdict.textContent = verdict.dataset.elsewhere;
        return;
      }
      const step = await figure.comesTrue(challenge.dataset.goal, AHEAD_STEPS);
      if (step === undefined) verdict.textContent = verdict.dataset.unsolved;
      else {
        await figure.seek(step);
        await solve(challenge, step);
      }
    });
    act("copy").addEventListener("click", async () => {
      const field = part(challenge, ".hand input");
      const status = part(challenge, ".hand [role=status]");
      const isCopied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
      status.textContent = isCopied ? status.dataset.copied : status.dataset.select;
      if (!isCopied) field.select();
    });
  }
}
