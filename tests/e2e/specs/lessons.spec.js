// The lessons: text beside a living cluster, in two languages, in which the way on and the way back are exact.

import AxeBuilder from "@axe-core/playwright";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readLesson, skeleton } from "../../../scripts/lesson-text.mjs";
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
  await expect(challenge.locator(".verdict")).toContainText("Not yet");
  await expect(challenge.locator(".hand")).toBeHidden();
  await figure(page).evaluate((one) => one.seek(10));
  await figure(page).evaluate((one) => one.intervene({ crash: { node: 0 } }));
  await challenge.getByRole("button", { name: "Check my run" }).click();
  await expect(challenge.locator(".verdict")).toHaveText(/^Solved: in your run this came true at step \d+\.$/);
});

test("a solved challenge gives a link that leads to the goal and needs nothing else", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openPage(page, LESSON);
  await settled(page);
  const challenge = page.locator(".challenge").first();
  // Another run than the challenge's own proves nothing.
  await page.locator("#p1 .show").click();
  await challenge.getByRole("button", { name: "Set the run up" }).click();
  await expect(figure(page)).toHaveAttribute("challenge", "n3 leads");
  await figure(page).evaluate(async (one) => {
    await one.seek(10);
    await one.intervene({ crash: { node: 0 } });
  });
  await figure(page).getByRole("button", { name: "Next milestone", exact: true }).click();
  // Nobody asked for a check: whoever reaches the goal is told.
  await figure(page).evaluate((one) => one.seek(60));
  await expect(challenge.locator(".verdict")).toContainText("Solved");
  await challenge.getByRole("button", { name: "Copy the link of my run" }).click();
  await expect(challenge.getByText("Copied.")).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await expect(challenge.getByRole("textbox")).toHaveValue(link);
  const found = await page.evaluate(async (text) => {
    const { Cluster } = await import(new URL("../../embed/cluster.js", location.href).href);
    const cluster = await Cluster.open({ link: text });
    const { step, scenario } = cluster.state().place;
    await cluster.seek(0);
    return { scenario, isIn: (await cluster.until("n3 leads", step)) !== undefined };
  }, link);
  expect(found).toEqual({ scenario: "raft/calm", isIn: true });
  await page.goto("./learn/index.html");
  await expect(page.locator('[data-lesson="raft/1-an-election"] .solved')).toBeVisible();
  // The link is one that the page itself opens.
  await page.goto(link);
  await expect(page.locator(".narration")).toBeVisible();
});

test("a term says what it means to whoever points at it, comes to it by keyboard or taps it", async ({ page, browser, site }) => {
  await openPage(page, LESSON);
  await settled(page);
  const term = page.locator(".term").first();
  const meaning = page.locator(`#${await term.getAttribute("aria-describedby")}`);
  await expect(meaning).toBeHidden();
  await term.hover();
  await expect(meaning).toBeVisible();
  // It stays while it is read.
  await meaning.hover();
  await page.waitForTimeout(400);
  await expect(meaning).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(meaning).toBeHidden();
  await page.mouse.move(1, 1);
  await page.locator("#p1 .show").focus();
  await page.keyboard.press("Tab");
  await expect(term).toBeFocused();
  await expect(meaning).toBeVisible();
  const results = await new AxeBuilder({ page }).analyze();
  expect(results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(meaning).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/glossary\.html#/);
  const context = await browser.newContext({ hasTouch: true, isMobile: true, viewport: { width: 375, height: 667 } });
  const phone = await context.newPage();
  await phone.goto(new URL(LESSON, site.url).href);
  await phone.locator(".place.current").waitFor();
  await phone.locator(".term").first().tap();
  const shown = phone.locator(".meaning:popover-open");
  await expect(shown).toHaveCount(1);
  const box = await shown.boundingBox();
  expect(box.x >= 0 && box.x + box.width <= 375).toBe(true);
  await phone.locator(".term").first().tap();
  await expect(phone).toHaveURL(/glossary\.html#/);
  await context.close();
});

test("progress is taken to another device as a file, and what is none is refused", async ({ page }) => {
  await openPage(page, "./learn/index.html");
  const kept = page.locator(".kept");
  const take = (text) => kept.locator("input").setInputFiles({ name: "progress.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await expect(kept.getByRole("button")).toHaveText(["Read from a file"]);
  const file = { lamplight: "progress", format: 1, lessons: { "raft/1-an-election": { read: true, "challenge-1": true } } };
  const refused = [
    ["{", "holds no progress"],
    [JSON.stringify({ ...file, lamplight: "run" }), "holds no progress"],
    [JSON.stringify({ ...file, lessons: { "raft/1-an-election": { read: "<b>" } } }), "holds no progress"],
    [JSON.stringify({ ...file, lessons: { __proto: { read: true } } }), "holds no progress"],
    [JSON.stringify({ ...file, format: 2 }), "later version"],
    [JSON.stringify(file) + " ".repeat(20_000), "larger than 16 KB"],
  ];
  for (const [text, sentence] of refused) {
    await take(text);
    await expect(kept.getByRole("status")).toContainText(sentence);
    await expect(page.locator(".done:visible")).toHaveCount(0);
  }
  await take(JSON.stringify(file));
  await expect(kept.getByRole("status")).toContainText("Read.");
  await expect(page.locator(".done:visible")).toHaveCount(1);
  await page.reload();
  await expect(page.locator(".solved:visible")).toHaveCount(1);
  const [saved] = await Promise.all([page.waitForEvent("download"), kept.getByRole("button", { name: "Save as a file" }).click()]);
  expect(JSON.parse(await readFile(await saved.path(), "utf8"))).toEqual(file);
  // Without storage all of it works but the memory.
  await page.addInitScript(() => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("no", "SecurityError"); } });
  });
  await page.reload();
  await expect(page.locator(".done:visible")).toHaveCount(0);
  await take(JSON.stringify(file));
  await expect(kept.getByRole("status")).toContainText("stores nothing");
  await expect(page.locator(".done:visible")).toHaveCount(1);
});

test("the sheet for a class holds every challenge, as the command-line tool knows them", async ({ page }) => {
  const list = await readFile(join(folder, "learn/challenges.json"), "utf8");
  expect(list).toBe(await readFile(new URL("../../../static/challenges.json", import.meta.url), "utf8"));
  const challenges = JSON.parse(list);
  for (const lang of ["", ".zh"]) {
    await openPage(page, `./learn/sheet${lang}.html`);
    await expect(page.locator(".sheet section > ol > li")).toHaveCount(challenges.length);
    const goals = await page.locator(".sheet dd code").allTextContents();
    expect(goals.filter((_, at) => at % 2 === 0)).toEqual(challenges.map(({ goal }) => goal));
    const asked = challenges.map(({ id, number }) => `lamplight grade ${id}${number > 1 ? `#${number}` : ""} `);
    expect(goals.filter((_, at) => at % 2 === 1).map((text) => text.replace(/\S+$/, ""))).toEqual(asked);
    const results = await new AxeBuilder({ page }).analyze();
    expect(results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
  }
  // On paper addresses are whole, and each course begins a page.
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".address").first()).toHaveText(/^http.*#challenge-1$/);
  await expect(page.getByRole("button")).toHaveCount(0);
});

test("the teacher shows one thing at a time, asks for hands, and reads notes", async ({ page }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.route("**/1-an-election.html", async (route) => {
    const response = await route.fetch();
    const text = (await response.text())
      .replace("</section>", '<div class="note"><strong>Notes</strong> Ask who has voted.</div></section>')
      .replace(/(data-walk="notes" aria-pressed="false") hidden/, "$1");
    await route.fulfill({ response, body: text });
  });
  await openPage(page, LESSON);
  await settled(page);
  const note = page.getByText("Ask who has voted.");
  await expect(note).toBeHidden();
  await page.getByRole("button", { name: "Projector" }).click();
  await expect(page.locator(".keys")).not.toBeEmpty();
  await expect(page.locator("article > .on:visible:not(h2)")).toHaveCount(1);
  const size = await page.locator(".place.current p").first().evaluate((one) => parseFloat(getComputedStyle(one).fontSize));
  expect(size).toBeGreaterThanOrEqual(32);
  await expect(note).toBeHidden();
  await page.keyboard.press("n");
  await expect(note).toBeVisible();
  await page.keyboard.press("n");
  await expect(note).toBeHidden();
  const predict = page.locator(".predict.on");
  while (!(await predict.count())) await page.keyboard.press("PageDown");
  await expect(page.locator("article > .on:visible:not(h2)")).toHaveCount(1);
  await predict.locator("summary").first().click();
  await expect(predict.locator("details[open]")).toHaveCount(0);
  await predict.getByRole("button", { name: "Reveal the answer" }).click();
  await expect(predict.locator("details[open]")).toHaveAttribute("data-right", "true");
  // At every stop all of it is in the window, and the run is where the text is.
  const next = page.getByRole("button", { name: "Next", exact: true });
  while (await next.isEnabled()) {
    await page.keyboard.press("ArrowRight");
    const low = await page.evaluate(() => {
      const top = document.querySelector(".walk").getBoundingClientRect().top;
      return [...document.querySelectorAll("article > .on")].filter((one) => one.getBoundingClientRect().bottom > top).map((one) => one.textContent);
    });
    expect(low).toEqual([]);
  }
  await settled(page);
  await expect(page.locator(".challenge.on")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator(".top")).toBeVisible();
});

test("a note stands below what it is about, in both languages", () => {
  const lesson = (...lines) => readLesson("a.md", ["---", "title: T", "summary: S", "scenario: raft/calm", "minutes: 1", "source: R", "---", ...lines].join("\n"));
  const english = lesson("@at start", "Text.", "", "@note Ask *who* votes.", "@note And why.");
  expect(english.parts.filter(({ is }) => is === "note").map(({ text }) => text)).toEqual(["Ask *who* votes.", "And why."]);
  const same = (one) => skeleton(one).map(({ text }) => text);
  expect(same(lesson("@at start", "正文。", "", "@note 问谁投票。", "@note 为什么。"))).toEqual(same(english));
  expect(same(lesson("@at start", "正文。", "", "@note 问谁投票。"))).not.toEqual(same(english));
  expect(() => lesson("@note First.")).toThrow("a.md:8: a @note stands below what it is about");
  expect(() => lesson("Text.", "", "@note")).toThrow("@note says nothing");
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
    // The teacher's view may have come to a question, which stands there alone.
    const text = name === "projector" ? page.locator("article > .on:not(h2)") : current(page);
    await expect(text.locator("p").first()).toBeInViewport();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    const results = await new AxeBuilder({ page }).analyze();
    expect(results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
  });
}

test("a link to a challenge shows it below the cluster on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 375, height: 667 });
  await openPage(page, `${LESSON}#challenge-1`);
  const heading = page.locator("#challenge-1 h3");
  const isSeen = () =>
    heading.evaluate((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2) === one;
    });
  await expect.poll(isSeen).toBe(true);
});

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
