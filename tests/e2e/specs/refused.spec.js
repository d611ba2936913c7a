// A browser that refuses something: the page works without it, and says in one sentence what is missing. And what it says
// when it cannot go on.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { serve } from "../../../scripts/serve.mjs";
import { openInFirefox, startFirefox } from "../support/firefox.js";
import { expect, expectNoAxeViolations, folder, openPage, stepBy, test } from "../support/lamplight.js";
import { nextMilestone, openScenario, picture, pictures, started, told, waitFor } from "../support/reader.js";

const forgets = "does not let the page store anything";
const toasts = (page) => page.evaluate(() => document.querySelector(".toasts").textContent);

/** Plays, steps, changes theme and language: all of it works, and is forgotten. */
async function worksWithoutStorage(page) {
  await started(page);
  expect(await toasts(page)).toContain(forgets);
  await nextMilestone(page);
  await openScenario(page, "paxos/survivor");
  await nextMilestone(page);
  expect((await told(page)).sentence).not.toBe("");
  await page.keyboard.press("s");
  await waitFor("the settings", () => page.evaluate(() => document.querySelector("dialog")?.textContent));
  expect(await page.evaluate(() => document.querySelector("dialog").textContent)).toContain(forgets);
  await page.evaluate(() => document.querySelectorAll("dialog [name=theme]")[2].click());
  await waitFor("the dark theme", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  await page.evaluate(() => document.querySelectorAll("dialog [name=language]")[1].click());
  await waitFor("Chinese", () => page.evaluate(() => document.documentElement.lang === "zh-Hans"));
  expect(await page.evaluate(() => document.querySelector("dialog").textContent)).toContain("不允许页面存储任何内容");
}

test("Chromium where sites cannot save data", async ({ site }) => {
  const profile = await mkdtemp(join(tmpdir(), "lamplight-"));
  await mkdir(join(profile, "Default"));
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(profile, "Default", "Preferences"), JSON.stringify(preferences));
  const { launchOptions } = test.info().project.use;
  const context = await chromium.launchPersistentContext(profile, { ...launchOptions, locale: "en-GB" });
  try {
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(site.url);
    const refusal = await page.evaluate(() => {
      try {
        return String(localStorage);
      } catch (error) {
        return error.name;
      }
    });
    expect(refusal).toBe("SecurityError");
    await worksWithoutStorage(page);
    expect(problems).toEqual([]);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
});

for (const preferences of [{ "dom.storage.enabled": false }, { "network.cookie.cookieBehavior": 2 }]) {
  test(`Firefox with ${JSON.stringify(preferences)}`, async ({ site }) => {
    const firefox = await startFirefox(preferences);
    try {
      const problems = [];
      await worksWithoutStorage(await openInFirefox(firefox, site.url, problems));
      expect(problems).toEqual([]);
    } finally {
      await firefox.close();
    }
  });
}

/** Opens a page that holds ours in a frame without an origin. */
async function openInFrame(page, site) {
  const outside = `${site.origin}/outside`;
  const body = `<iframe sandbox="allow-scripts" width="1280" height="800" src="${site.url}"></iframe>`;
  await page.route(outside, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(outside);
  return page.frameLocator("iframe");
}

test("a frame with scripts and nothing else", async ({ page, site }) => {
  await page.setViewportSize({ width: 1300, height: 820 });
  const frame = await openInFrame(page, site);
  await expect(frame.locator(".stage .party").first()).toBeVisible();
  await expect(frame.locator(".toasts")).toContainText(forgets);
  const step = frame.locator(".transport-figures strong");
  const before = await step.textContent();
  await frame.getByRole("button", { name: "Next milestone" }).click();
  await expect(step).not.toHaveText(before);
  await frame.getByRole("button", { name: "Play", exact: true }).click();
  await expect(frame.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
  // A frame that may not save files says nothing by itself.
  await frame.getByRole("button", { name: "Share run" }).click();
  await frame.getByRole("button", { name: "Save the trace" }).click();
  await page.keyboard.press("Escape");
  await expect(frame.locator(".toasts")).toContainText("open the page in a tab of its own");
});

test.describe("where the host or something on the way refuses", () => {
  test.use({ errorsExpected: true });

  test("a frame without an origin, and a host that shares with nobody", async ({ page }) => {
    const site = await serve({ folder, shared: false });
    try {
      const frame = await openInFrame(page, site);
      await expect(frame.getByText("one of its files is missing or blocked")).toBeVisible();
      await expect(frame.getByText("有文件缺失或被拦截")).toBeVisible();
    } finally {
      await site.close();
    }
  });

  for (const how of ["missing", "blocked"]) {
    test(`the script that starts the page is ${how}`, async ({ page }) => {
      await page.route("**/start.js", (route) => (how === "missing" ? route.fulfill({ status: 404 }) : route.abort()));
      await page.goto("./");
      await expect(page.getByText("one of its files is missing or blocked")).toBeVisible();
      await expect(page.getByText("有文件缺失或被拦截")).toBeVisible();
      await expectNoAxeViolations(page);
    });
  }

  test("no script at all arrives, and none says so", async ({ page }) => {
    test.setTimeout(60_000);
    for (const script of ["start", "early"]) await page.route(`**/${script}.js`, (route) => route.fulfill({ body: "" }));
    await page.route("**/*.wasm", (route) => route.abort());
    await page.goto("./");
    await expect(page.getByText("is still loading")).toBeHidden();
    await expect(page.getByText("is still loading")).toBeVisible();
  });

  for (const [lang, locale, said, again] of [
    ["en", "en-GB", "has stopped because of a fault of its own", "Start again from this run"],
    ["zh-Hans", "zh-CN", "因自身故障而停止", "从这次运行重新开始"],
  ]) {
    test.describe(lang, () => {
      test.use({ locale });

      test("a panic says so, and the run's link is a way back", async ({ page }) => {
        await openPage(page, "./#raft/calm");
        for (let steps = 0; steps < 3; steps += 1) await stepBy(page, "Shift+ArrowRight");
        const step = await page.locator(".transport-figures strong").textContent();
        await expect.poll(() => page.evaluate(() => location.hash.length)).toBeGreaterThan(20);
        await page.waitForTimeout(400);
        // A browser that makes no elements any more is one that the page cannot go on in.
        await page.evaluate(() => {
          Document.prototype.createElement = Document.prototype.createElementNS = () => {
            throw new Error("no more elements");
          };
        });
        await page.keyboard.press("s");
        const alert = page.getByRole("alert");
        await expect(alert).toContainText(said);
        const other = lang === "en" ? "停止" : "stopped";
        await expect(alert.getByText(other)).toBeHidden();
        await expect(page.locator(".play")).toBeVisible();
        await page.getByRole("button", { name: again }).click();
        await expect(page.getByRole("alert")).toHaveCount(0);
        await expect(page.locator(".transport-figures strong")).toHaveText(step);
      });
    });
  }
});

/** The worker that paints, failing some time after it was ready. */
const failing = (source) =>
  source.replace(/((?:self\.)?postMessage\("ready"\))/, "$1,setTimeout(()=>{throw new Error('the worker is gone')},700)");

test("a worker that fails later: the page paints itself", async ({ page, problems }) => {
  await page.route("**/painter.js", async (route) => {
    const answer = await route.fetch();
    const changed = failing(await answer.text());
    expect(changed).toContain("the worker is gone");
    await route.fulfill({ response: answer, body: changed });
  });
  let warned = false;
  page.on("console", (message) => (warned ||= message.text().includes("the page paints itself")));
  await openPage(page, "./#consistent-hashing/ring");
  await expect.poll(() => warned).toBe(true);
  // What was painted before is there, and what comes now.
  await expect.poll(async () => (await picture(page, ".circle-canvas")).painted).toBeGreaterThan(500);
  const diagram = ".diagram-frame canvas:not(.diagram-heads)";
  await expect.poll(async () => (await picture(page, diagram)).painted).toBeGreaterThan(500);
  await openScenario(page, "raft/calm");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  expect(await pictures(page, ".stage-frame canvas.moving")).toBeGreaterThan(4);
  expect(await pictures(page, diagram)).toBeGreaterThan(3);
  // The circle of the scenario before is gone, and what stood in for it, too.
  await expect(page.locator(".circle-canvas")).toHaveCount(0);
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await expect(page.getByRole("dialog")).toContainText("no worker to paint with");
  expect(problems).toEqual([]);
});

test("no worker at all: the page paints itself", async ({ page }) => {
  await page.addInitScript(() => {
    window.Worker = class {
      constructor() {
        throw new DOMException("refused", "SecurityError");
      }
    };
  });
  await openPage(page, "./#raft/calm");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  expect(await pictures(page, ".stage-frame canvas.moving")).toBeGreaterThan(4);
});

test("the screen cannot be filled", async ({ page }) => {
  await page.addInitScript(() => delete Element.prototype.requestFullscreen);
  await openPage(page, "./");
  await page.locator("[data-key=n1]").focus();
  await page.keyboard.press("f");
  await expect(page.getByRole("status")).toContainText("does not let the page fill the screen");
});

test("a file that is no scenario", async ({ page }) => {
  await openPage(page, "./");
  await page.getByRole("button", { name: "Share run" }).click();
  await page.locator("input[type=file]").setInputFiles({ name: "film", mimeType: "text/plain", buffer: Buffer.alloc(9e6, "a") });
  await expect(page.getByRole("alert")).toContainText("This is not a scenario file");
});
