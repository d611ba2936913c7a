// A page of somebody else that embeds figures: served from an origin of its own, with whatever policy it has.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../../scripts/serve.mjs";

/** Serves one page with this body. `head` comes before the script of the element, which `script` names. */
export async function serveDocs({ body, script, head = "", lang = "en" }) {
  const root = await mkdtemp(join(tmpdir(), "lamplight-docs-"));
  const tag = script ? `<script type="module" src="${script}"></script>` : "";
  const page = `<!DOCTYPE html>\n<html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}<title>Docs</title><link rel="icon" href="data:,">${tag}</head><body><main><h1>Docs</h1>${body}</main></body></html>`;
  await writeFile(join(root, "index.html"), page);
  const site = await serve({ folder: root });
  return { ...site, close: () => site.close().then(() => rm(root, { recursive: true })) };
}

/** What the figures on a page are, as they load one after the other. */
export const FIGURES = [
  ["raft/calm", 5],
  ["paxos/duel", 5],
  ["two-phase-commit/commit", 3],
  ["consistent-hashing/join", 5],
  ["raft/leader-crash", 5],
];

/** An element for each of them. */
export const figures = (more = "") =>
  FIGURES.map(([scenario]) => `<lamplight-cluster scenario="${scenario}" ${more}></lamplight-cluster>`).join("\n");

/** In the page: loads every figure, steps each by another number of steps, and says what stands there then. */
export const stepAll = () =>
  Promise.all(
    [...document.querySelectorAll("lamplight-cluster")].map(async (figure, at) => {
      await figure.ready();
      const begun = figure.state().place.step;
      await figure.step(at + 3);
      const { place, stage } = figure.state();
      return {
        scenario: place.scenario,
        moved: place.step - begun,
        nodes: stage.parties.filter(({ address }) => "node" in address).length,
        drawn: figure.shadowRoot.querySelectorAll(".party").length - place.clients,
        sentence: figure.shadowRoot.querySelector(".sentence").textContent,
      };
    }),
  );
