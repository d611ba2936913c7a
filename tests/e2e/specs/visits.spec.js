// What surrounds a visit: the theme before anything runs, the way back, a visit without a network, paper.

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../../scripts/serve.mjs";
import { openInFirefox, startFirefox } from "../support/firefox.js";
import { expect, folder, goOn, openPage, stepNow, test } from "../support/lamplight.js";
import { nextMilestone, openScenario, started, told, waitFor } from "../support/reader.js";

test.describe("dark chosen on a light system", () => {
  test.use({ colorScheme: "light" });

  test("the page is dark before its script has come", async ({ page }) => {
    await openPage(page, "./");
    await page.locator("[data-key=n1]").focus();
    await page.keyboard.press("s");
    await page.getByRole("group", { name: "Theme" }).getByText("Dark", { exact: true }).click();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
    const dark = await ground();
    await page.route("**/start.js", () => {});
    await page.reload({ waitUntil: "commit" });
    await expect(page.locator(".skeleton")).toBeVisible();
    // The document is there before its style sheets are; nothing is painted until then, and the first ground is dark.
    await expect.poll(ground).not.toBe("rgba(0, 0, 0, 0)");
    expect(await ground()).toBe(dark);
  });
});

/** Opens scenarios one after the other, and goes back and on again. */
async function goesBack(page, goBack, goForward) {
  const shown = () => page.evaluate(() => document.querySelector(".scenario select").value);
  const choose = (id) =>
    page.evaluate((value) => {
      const select = document.querySelector(".scenario select");
      select.value = value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }, id);
  const becomes = (id) => waitFor(id, async () => (await shown()) === id);
  await started(page);
  await choose("raft/split-vote");
  await becomes("raft/split-vote");
  await nextMilestone(page);
  const { step, sentence } = await told(page);
  await choose("raft/minority");
  await becomes("raft/minority");
  await goBack();
  await becomes("raft/split-vote");
  // It is where one had left it, although that was not a second ago.
  await waitFor("the same step", async () => (await told(page)).step === step);
  expect((await told(page)).sentence).toBe(sentence);
  await goBack();
  await becomes("raft/calm");
  await goForward();
  await becomes("raft/split-vote");
}

test("Back undoes a change of scenario, in Chromium and in Firefox", async ({ page, site }) => {
  await page.goto(site.url);
  await goesBack(page, () => page.goBack(), () => page.goForward());
  const firefox = await startFirefox();
  try {
    const its = await openInFirefox(firefox, site.url);
    await goesBack(its, () => its.evaluate(() => history.back()), () => its.evaluate(() => history.forward()));
  } finally {
    await firefox.close();
  }
});

test.describe("a second visit", () => {
  test.use({ serviceWorkers: "allow" });

  test("works without a network, below a sub-path, and shows a newer page as soon as there is a network", async ({ page, context }) => {
    const host = await mkdtemp(join(tmpdir(), "lamplight-"));
    await cp(folder, host, { recursive: true });
    const site = await serve({ folder: host, base: "/some/sub-path/" });
    try {
      await page.goto(`${site.url}#raft/calm`);
      await started(page);
      const { scope, names } = await page.evaluate(async () => ({
        scope: (await navigator.serviceWorker.ready).scope,
        names: await caches.keys(),
      }));
      expect(new URL(scope).pathname).toBe("/some/sub-path/");
      expect(names).toHaveLength(1);
      expect(names[0]).toMatch(/^lamplight \/some\/sub-path\/ [0-9a-f]{16}$/);

      await context.setOffline(true);
      await page.reload();
      await started(page);
      await goOn(page, 2);
      // The lines that ran, too.
      await expect(page.locator(".source .line.is-marked").first()).toBeVisible();
      // A query that some messenger has added to a link.
      await page.goto(`${site.url}?utm_source=a#paxos/survivor`);
      await expect(page.locator(".scenario select")).toHaveValue("paxos/survivor");

      await context.setOffline(false);
      const index = join(host, "index.html");
      await writeFile(index, (await readFile(index, "utf8")).replace("<body", "<body data-newer"));
      await page.goto(site.url);
      await started(page);
      await expect(page.locator("body[data-newer]")).toHaveCount(1);
    } finally {
      await site.close();
      await rm(host, { recursive: true, force: true });
    }
  });
});

test.describe("on paper", () => {
  test("no node is cut and no lane is missing", async ({ page }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await openPage(page, "./#raft/leader-crash");
    await goOn(page, 4);
    const lanes = await page.locator(".stage .party").count();
    await page.emulateMedia({ media: "print" });
    const cut = await page.evaluate(() => {
      const found = [];
      // A4 with its margins. A window of this width would be another layout, which paper does not have.
      const paper = 718;
      document.body.style.width = `${paper}px`;
      for (const part of document.querySelectorAll(".stage .party, .stage-frame, .diagram-frame, .diagram-frame canvas, .narration p")) {
        const box = part.getBoundingClientRect();
        if (box.left < -0.5 || box.right > paper + 0.5 || !box.height) found.push(`${part.getAttribute("class")} ${JSON.stringify(box)}`);
      }
      const frame = document.querySelector(".stage-frame").getBoundingClientRect();
      for (const party of document.querySelectorAll(".stage .party .body")) {
        const box = party.getBoundingClientRect();
        if (box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5) found.push(`${party.parentElement.dataset.key} sticks out`);
      }
      return found;
    });
    expect(cut).toEqual([]);
    expect(lanes).toBe(6);
    // The picture and its frame have one shape, so that all that was on the screen is on the paper.
    const shapes = await page.evaluate(() =>
      [".diagram-frame", ".stage-frame"].map((selector) => {
        const frame = document.querySelector(selector);
        const box = frame.getBoundingClientRect();
        const style = getComputedStyle(frame);
        return box.width / box.height - Number(style.getPropertyValue("--width")) / Number(style.getPropertyValue("--height"));
      }),
    );
    for (const difference of shapes) expect(Math.abs(difference)).toBeLessThan(0.02);
    await expect(page.getByRole("button", { name: "Play", exact: true })).toBeHidden();
  });
});

test("Play stops where nothing more comes, says so, and offers the run again and the next scenario", async ({ page }) => {
  test.setTimeout(200_000);
  await openPage(page, "./#raft/calm");
  // Three nodes that elect a leader and are asked for nothing.
  const idle = JSON.stringify({ format: 1, protocol: "raft", setup: { nodes: 3, clients: 0 } });
  await page.getByRole("button", { name: "Share run" }).click();
  await page.locator("input[type=file]").setInputFiles({ name: "idle.json", mimeType: "application/json", buffer: Buffer.from(idle) });
  await expect(page.locator(".stage .party")).toHaveCount(3);
  await page.getByRole("combobox", { name: "Speed" }).selectOption("5");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  const said = page.locator(".toast").filter({ hasText: "Nothing new comes in this run" });
  await expect(said).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  const end = await stepNow(page);

  // There is no milestone either, and looking for one records nothing.
  const total = page.locator(".transport-figures > span").first();
  await page.evaluate(() => document.activeElement?.blur());
  const before = await total.textContent();
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.locator(".toasts")).toContainText("No milestone lies ahead");
  expect(await total.textContent()).toBe(before);

  await said.getByRole("button", { name: "Again" }).click();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
  await expect.poll(() => stepNow(page)).toBeLessThan(end);
});
