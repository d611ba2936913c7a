// An engine that stops, or whose file does not come: the page stands, says so in one sentence, and offers the run again.

import { chooseScenario, expect, expectNoAxeViolations, goOn, openPage, press, stepBy, stepNow, test } from "../support/lamplight.js";

const failure = (page) => page.locator(".failure");
const again = (page) => page.getByRole("button", { name: /^(Try again|再试一次)$/ });

test.describe("an engine that stops", () => {
  for (const [lang, sentence] of [
    ["en-GB", "has stopped because of a fault of its own"],
    ["zh-CN", "因自身故障而停止"],
  ]) {
    test(`${lang}: is replaced, and what the reader did is not lost`, async ({ browser, site, problems }) => {
      const context = await browser.newContext({ locale: lang, baseURL: site.url });
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(String(error)));
      await openPage(page, "./#raft/leader-crash");
      await goOn(page, 3);
      await page.locator("[data-key=n2]").click({ button: "right" });
      await page.getByRole("menuitem", { name: /^(Crash|崩溃)$/ }).click();
      await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
      const step = await stepNow(page);

      // The engine cannot have any more memory, as on a small device: a long run then ends it with a trap of its own.
      await page.evaluate(async () => {
        const glue = await import(document.getElementById("engine-raft").href);
        const { memory } = await glue.default();
        for (let pages = 32_768; pages >= 1; pages = Math.floor(pages / 2)) {
          for (;;) {
            try {
              memory.grow(pages);
            } catch {
              break;
            }
          }
        }
      });
      await page.evaluate(() => document.activeElement?.blur());
      for (let steps = 0; steps < 400 && !(await failure(page).isVisible()); steps += 1) {
        await page.keyboard.press("Shift+ArrowRight");
        if (steps % 20 === 0) await page.waitForTimeout(50);
      }
      await expect(failure(page)).toContainText(sentence);
      // What was shown stays in view, and the page can be used.
      await expect(page.locator("[data-key=n1]")).toBeVisible();
      await expectNoAxeViolations(page);
      await page.keyboard.press("?");
      await expect(page.locator("dialog")).toBeVisible();
      await page.keyboard.press("Escape");

      await again(page).click();
      await expect(failure(page)).toHaveCount(0);
      await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
      expect(await stepNow(page)).toBeGreaterThanOrEqual(step);
      await stepBy(page, "ArrowRight");
      await context.close();
    });
  }
});

test.describe("an engine whose file is missing", () => {
  // The browser reports each file that it could not get.
  test.use({ errorsExpected: true });

  test("leaves what is open, and comes when it is there", async ({ page }) => {
    await openPage(page, "./#raft/calm");
    await goOn(page, 2);
    const step = await stepNow(page);
    await page.route("**/engine-paxos-*", (route) => route.abort());
    await page.locator(".protocol-picker select").selectOption("paxos");
    await expect(failure(page)).toContainText("could not be loaded");
    expect(await stepNow(page)).toBe(step);
    await page.unroute("**/engine-paxos-*");
    await again(page).click();
    await expect(failure(page)).toHaveCount(0);
    await expect(page.locator('.scenario option[value^="paxos/"]')).not.toHaveCount(0);
  });
});

test("an engine whose file is cut short is said, even on a first visit", async ({ page }) => {
  let isCut = true;
  await page.route("**/engine-raft-*_bg.wasm", async (route) => {
    if (!isCut) return route.continue();
    const response = await route.fetch();
    const body = await response.body();
    await route.fulfill({ response, body: body.subarray(0, body.length >> 1) });
  });
  await page.goto("./#raft/calm");
  await expect(failure(page)).toContainText("could not be loaded");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  isCut = false;
  await press(again(page));
  await expect(page.locator("[data-key=n1]")).toBeVisible();
  await expect(failure(page)).toHaveCount(0);
});

test("an engine that takes long is waited for aloud, and what is done meanwhile is kept", async ({ page }) => {
  await openPage(page, "./#raft/calm");
  await goOn(page, 2);
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route("**/engine-paxos-*_bg.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.locator(".protocol-picker select").selectOption("paxos");
  await expect(page.locator(".toasts")).toContainText("is being fetched");
  // The run that is open still works.
  await page.locator("[data-key=n2]").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Crash", exact: true }).click();
  await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
  letGo();
  await expect(page.locator('.scenario option[value^="paxos/"]')).not.toHaveCount(0);
  await page.goBack();
  await expect(page.locator('.scenario option[value^="raft/"]')).not.toHaveCount(0);
  await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
});

test("after an engine has stopped another scenario of its protocol opens in a new one", async ({ page }) => {
  await openPage(page, "./#raft/calm");
  await goOn(page, 2);
  const sentence = await page.locator(".narration p").innerText();
  await page.evaluate(async () => {
    const { Engine } = await import(document.getElementById("engine-raft").href);
    Engine.prototype.ask = () => {
      throw new WebAssembly.RuntimeError("unreachable");
    };
  });
  await page.keyboard.press("Space");
  await expect(failure(page)).toContainText("has stopped");
  // What was shown last stays in view and stays true.
  await expect(page.locator(".narration p")).toHaveText(sentence);
  await expect(page.locator(".narration-step")).not.toHaveText("0");
  await failure(page).getByRole("button", { name: "Close" }).click();
  await expect(failure(page)).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  await expect(failure(page)).toContainText("has stopped");
  // Nothing claims to play.
  await expect(page.getByRole("button", { name: /^Play/ })).toBeVisible();
  await chooseScenario(page, "raft", "raft/leader-crash");
  await expect(failure(page)).toHaveCount(0);
  await goOn(page, 2);
});

test("opening another protocol fetches its engine and nothing else", async ({ page }) => {
  await openPage(page, "./#raft/calm");
  const fetched = [];
  page.on("request", (request) => fetched.push(new URL(request.url()).pathname.split("/").pop()));
  await chooseScenario(page, "two-phase-commit");
  await expect(page.locator(".protocol-picker select")).toHaveValue("two-phase-commit");
  await expect(page.locator("[data-key=n1]")).toBeVisible();
  // Not the lines that ran, which are read from the source, nor the icon, which the browser asks for when it likes.
  const code = fetched.filter((name) => /\.(js|wasm|css)$/.test(name));
  expect(code.map((name) => name.replace(/-[0-9a-f]{16}/, "")).sort()).toEqual([
    "engine-two-phase-commit.js",
    "engine-two-phase-commit_bg.wasm",
  ]);
});

test("a visit fetches the engine of its run together with the page", async ({ page }) => {
  const fetched = [];
  page.on("request", (request) => fetched.push(new URL(request.url()).pathname.split("/").pop()));
  await openPage(page, "./#consistent-hashing/join");
  const engines = fetched.filter((name) => name.startsWith("engine-"));
  expect(new Set(engines).size).toBe(2);
  expect(engines.every((name) => name.startsWith("engine-consistent-hashing-"))).toBe(true);
  // The page's module asks for the engine only when it runs itself; it is on its way before.
  await expect(page.locator('link[rel="preload"][href*="engine-consistent-hashing"]')).toHaveCount(1);
  await expect(page.locator('link[rel="modulepreload"][href*="engine-consistent-hashing"]')).toHaveCount(1);
});

test("a script uses an engine without the page's module", async ({ page }) => {
  await openPage(page, "./#raft/calm");
  const found = await page.evaluate(async () => {
    const { default: init, Engine } = await import(document.getElementById("engine-paxos").href);
    await init();
    const engine = new Engine();
    engine.open("paxos/calm", undefined);
    const at = engine.seek(12);
    engine.act(JSON.stringify({ crash: { node: 1 } }));
    let refusal = "";
    try {
      engine.act(JSON.stringify({ crash: { node: 1 } }));
    } catch (error) {
      refusal = error.message;
    }
    const { parties } = JSON.parse(engine.stage("en"));
    return { at, refusal, up: parties[1].up, text: JSON.parse(engine.sentence("zh")).text, link: engine.link() };
  });
  expect(found).toMatchObject({ at: 12, up: false });
  expect(found.refusal).not.toBe("");
  expect(found.text).toMatch(/[\u4e00-\u9fff]/);
  // The run of the script is opened by the page, with what was done in it.
  await page.goto(`./#${found.link}`);
  await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
});
