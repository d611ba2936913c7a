// The lessons: text beside a living cluster, in two languages, in which the way on and the way back are exact.

import AxeBuilder from "@axe-core/playwright";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { openInFirefox, startFirefox } from "../support/firefox.js";
import { expect, folder, openPage, test } from "../support/lamplight.js";

const LESSON = "./learn/raft/1-an-election.html";

const figure = (page) => page.locator("lamplight-cluster");
const step = (page) => figure(page).evaluate((one) => one.state()?.place.step);
const current = (page) => page.locator(".place.current");

/** Waits until the run stands where the place that is shown says. */
async function settled(page) {
  await expect
    .poll(async () => {
      const { step: wanted, scenario } = await current(page).evaluate((place) => ({ ...place.dataset }));
      const place = await figure(page).evaluate((one) => one.state()?.place);
      return place && place.scenario === scenario && place.step === Number(wanted);
    })
    .toBe(true);
}

test("a lesson is walked to its end and back, and ends at the byte at which it began", async ({ page }) => {
  await openPage(page, LESSON);
  await settled(page);
  const digest = () => figure(page).evaluate(async (one) => `${await one.link()}`);
  const first = await digest();
  const places = await page.locator(".place").count();
  for (let at = 1; at < places; at += 1) {
    await page.getByRole("button", { name: "Next", exact: true }).click();
    await settled(page);
    await expect(current(page)).toHaveAttribute("id", `p${at + 1}`);
  }
  await expect(page.getByRole("button", { name: "Next", exact: true })).toBeDisabled();
  for (let at = places - 1; at > 0; at -= 1) {
    await page.getByRole("button", { name: "Back", exact: true }).click();
    await settled(page);
  }
  expect(await digest()).toBe(first);
  // It is remembered, and can be forgotten.
  await page.goto("./learn/index.html");
  await expect(page.locator('[data-lesson="raft/1-an-election"] .done')).toBeVisible();
  await expect(page.locator(".done:visible")).toHaveCount(1);
  await page.getByRole("button", { name: "Forget my progress" }).click();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Lessons");
  await expect(page.locator(".done:visible")).toHaveCount(0);
});

test("scrolling brings the run along, and whoever touches the run finds the way back", async ({ page }) => {
  await openPage(page, LESSON);
  await settled(page);
  await page.locator("#p5").evaluate((place) => place.scrollIntoView({ block: "start" }));
  await expect.poll(() => current(page).getAttribute("id")).not.toBe("p1");
  await settled(page);
  const stood = await step(page);
  await figure(page).getByRole("button", { name: /^n2,/ }).click();
  await figure(page).getByRole("button", { name: "Crash n2" }).click();
  await expect(page.getByText("You have changed the run.")).toBeVisible();
  await page.getByRole("button", { name: "Return to the lesson's run" }).click();
  await settled(page);
  expect(await step(page)).toBe(stood);
  expect(await figure(page).evaluate((one) => one.state().stage.parties[1].up)).toBe(true);
  await expect(page.getByText("You have changed the run.")).toBeHidden();
});

test("a challenge is solved by who does something, and not by who does nothing", async ({ page }) => {
  await openPage(page, LESSON);
  await settled(page);
  const challenge = page.locator(".challenge").first();
  await challenge.getByRole("button", { name: "Set the run up" }).click();
  await expect.poll(() => figure(page).evaluate((one) => one.state().place.scenario)).toBe("raft/calm");
  await challenge.getByRole("button", { name: "Check my run" }).click();
  await expect(challenge.getByRole("status")).toContainText("Not yet");
  await figure(page).evaluate((one) => one.seek(10));
  await figure(page).evaluate((one) => one.intervene({ crash: { node: 0 } }));
  await challenge.getByRole("button", { name: "Check my run" }).click();
  await expect(challenge.getByRole("status")).toContainText("Solved");
});

test("a prediction answers at once, and a place has an address", async ({ page }) => {
  await openPage(page, `${LESSON}#p3`);
  await settled(page);
  await expect(current(page)).toHaveAttribute("id", "p3");
  const predict = page.locator("#predict-1");
  await predict.locator("summary").first().click();
  await expect(predict.locator("details[open] p")).toBeVisible();
});

test("without a script the text is there to be read", async ({ browser, site }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(new URL(LESSON, site.url).href);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator(".place").last()).toBeVisible();
  await context.close();
});

test("every lesson has its other language, and every link of it leads somewhere", async ({ page, site }) => {
  const learn = join(folder, "learn");
  const files = (await readdir(learn, { recursive: true })).filter((name) => name.endsWith(".html"));
  expect(files.filter((name) => name.endsWith(".zh.html")).length * 2).toBe(files.length);
  const known = new Set(files.map((name) => new URL(`learn/${name}`, site.url).pathname));
  for (const name of files) {
    const text = await readFile(join(learn, name), "utf8");
    const address = new URL(`learn/${name}`, site.url);
    for (const [, href] of text.matchAll(/<a [^>]*href="([^"]+)"/g)) {
      const to = new URL(href, address);
      if (to.pathname === new URL(site.url).pathname) continue;
      expect(known.has(to.pathname), `${name} links to ${href}`).toBe(true);
      if (!to.hash) continue;
      const aimed = await readFile(join(learn, to.pathname.slice(new URL("learn/", site.url).pathname.length)), "utf8");
      expect(aimed.includes(`id="${to.hash.slice(1)}"`), `${name} links to ${href}`).toBe(true);
    }
  }
  await openPage(page, "./");
  await page.getByRole("link", { name: "Learn" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Lessons");
  await page.getByRole("link", { name: "中文" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("课程");
});

for (const [name, size] of Object.entries({ phone: [375, 667], desk: [1280, 800], projector: [1920, 1080] })) {
  test(`on a ${name} cluster and text are in view together, and axe finds nothing`, async ({ page }) => {
    await page.setViewportSize({ width: size[0], height: size[1] });
    await openPage(page, LESSON);
    await settled(page);
    if (name === "projector") await page.getByRole("button", { name: "Projector" }).click();
    await page.getByRole("button", { name: "Next", exact: true }).click();
    await settled(page);
    await expect(figure(page)).toBeInViewport({ ratio: 0.5 });
    await expect(current(page).locator("p").first()).toBeInViewport();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    const results = await new AxeBuilder({ page }).analyze();
    expect(results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
  });
}

test("a lesson in Firefox, in Chinese", async ({ site }) => {
  const firefox = await startFirefox();
  try {
    const problems = [];
    const page = await openInFirefox(firefox, new URL("learn/raft/1-an-election.zh.html", site.url).href, problems);
    const stands = () =>
      page.evaluate(() => {
        const { step: wanted } = document.querySelector(".place.current").dataset;
        return document.querySelector("lamplight-cluster").state()?.place.step === Number(wanted);
      });
    await expect.poll(stands).toBe(true);
    for (let at = 0; at < 4; at += 1) {
      await page.evaluate(() => document.querySelector('[data-walk="next"]').click());
      await expect.poll(stands).toBe(true);
    }
    const told = await page.evaluate(() => document.querySelector("lamplight-cluster").shadowRoot.querySelector(".sentence").textContent);
    expect(told).toMatch(/[\u4e00-\u9fff]/);
    expect(problems).toEqual([]);
  } finally {
    await firefox.close();
  }
});
