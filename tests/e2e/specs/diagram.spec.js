// The space-time diagram: zoom, scroll, follow, choose, find; by pointer and by keyboard, in both languages. It is a
// canvas, so what changes is seen in what is painted; the range in its head says the same in words.

import { expect, goOn, openMenu, chooseItem, openPage, painted, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { wider: "Show more time", closer: "Show less time", follow: "Follow the cursor", next: "Next step that says this",
    previous: "Previous step that says this", find: "Find a step", crash: "Crash", looked: "crashes", cutOff: "Cut off from the others" },
  "zh-CN": { wider: "缩小", closer: "放大", follow: "跟随光标", next: "下一个匹配的步骤",
    previous: "上一个匹配的步骤", find: "查找步骤", crash: "崩溃", looked: "崩溃", cutOff: "与其他节点隔离" },
};

const canvas = ".diagram-frame canvas:not(.diagram-heads)";
const range = (page) => page.locator(".diagram .panel-note");

/** From when to when the window reaches, in µs. */
async function span(page) {
  const [from, to] = (await range(page).innerText()).split("–").map((part) => part.trim());
  const unit = to.split(" ")[1];
  const scale = { "µs": 1, ms: 1e3, s: 1e6 };
  const us = (text) => parseFloat(text) * scale[text.split(" ")[1] ?? unit];
  return [us(from), us(to)];
}
const length = async (page) => {
  const [from, to] = await span(page);
  return to - from;
};

for (const [locale, say] of Object.entries(words)) {
  test.describe(locale, () => {
    test.use({ locale, viewport: { width: 1280, height: 800 } });

    test("by pointer: buttons and wheel zoom, dragging scrolls, and the button follows again", async ({ page }) => {
      await openPage(page, "./#raft/leader-crash");
      await goOn(page, 6);
      const before = await length(page);
      await page.getByRole("button", { name: say.wider }).click();
      await expect.poll(() => length(page)).toBeGreaterThan(before * 1.5);
      await page.getByRole("button", { name: say.closer }).click();
      await page.getByRole("button", { name: say.closer }).click();
      await expect.poll(() => length(page)).toBeLessThan(before * 0.7);

      const box = await page.locator(canvas).boundingBox();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      const [from] = await span(page);
      await page.mouse.wheel(0, -300);
      await expect.poll(async () => (await span(page))[0]).toBeLessThan(from);
      await page.keyboard.down("Shift");
      const close = await length(page);
      await page.mouse.wheel(0, 240);
      await page.keyboard.up("Shift");
      await expect.poll(() => length(page)).toBeGreaterThan(close);

      const [dragged] = await span(page);
      await page.mouse.down();
      await page.mouse.move(x, y + 120, { steps: 5 });
      await page.mouse.up();
      await expect.poll(async () => (await span(page))[0]).toBeLessThan(dragged);
      await page.getByRole("button", { name: say.follow }).click();
      await expect.poll(async () => (await span(page))[0]).toBeGreaterThan(dragged - 1);
    });

    test("by keyboard: plus, minus and arrow keys on the diagram", async ({ page }) => {
      await openPage(page, "./#raft/leader-crash");
      await goOn(page, 6);
      await page.locator(".diagram-frame").focus();
      const step = await stepNow(page);
      const before = await length(page);
      await page.keyboard.press("-");
      await expect.poll(() => length(page)).toBeGreaterThan(before * 1.5);
      await page.keyboard.press("+");
      await page.keyboard.press("+");
      await expect.poll(() => length(page)).toBeLessThan(before * 0.7);
      const [from] = await span(page);
      await page.keyboard.press("PageUp");
      await expect.poll(async () => (await span(page))[0]).toBeLessThan(from);
      const [up] = await span(page);
      await page.keyboard.press("ArrowDown");
      await expect.poll(async () => (await span(page))[0]).toBeGreaterThan(up);
      expect(await stepNow(page), "the cursor stays").toBe(step);
    });

    test("a press on an event goes there, and what led to it is painted", async ({ page }) => {
      await openPage(page, "./#raft/leader-crash");
      await goOn(page, 5);
      const step = await stepNow(page);
      const box = await page.locator(canvas).boundingBox();
      // Somewhere above the cursor there are messages: look for one as a reader would.
      let there = step;
      for (let y = box.height * 0.6; y > 40 && there === step; y -= 14) {
        for (let x = 40; x < box.width - 50 && there === step; x += 24) {
          await page.mouse.click(box.x + x, box.y + y);
          there = await stepNow(page);
        }
      }
      expect(there).toBeLessThan(step);
      await expect(page.locator(".stage [aria-selected=true]")).toHaveCount(1);
      await expect(page.locator(".why li").first()).toBeVisible();
      // Another step has another past and future.
      const cone = await painted(page, canvas);
      await page.evaluate(() => document.activeElement?.blur());
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => painted(page, canvas)).not.toBe(cone);
    });

    test("a crash and a cut are painted on the lanes", async ({ page }) => {
      await openPage(page, "./");
      await goOn(page, 3);
      for (const [node, item] of [["n2", say.crash], ["n4", say.cutOff]]) {
        const before = await painted(page, canvas);
        await openMenu(page, node);
        await chooseItem(page, item);
        await page.keyboard.press("ArrowRight");
        await expect.poll(() => painted(page, canvas)).not.toBe(before);
      }
    });

    test("by pointer: what is looked for is found in both directions", async ({ page }) => {
      await openPage(page, "./#raft/leader-crash");
      await page.getByRole("searchbox", { name: say.find }).fill(say.looked);
      await page.getByRole("button", { name: say.next }).click();
      await expect(page.locator(".narration p")).toContainText(say.looked);
      const found = await stepNow(page);
      await page.keyboard.press("Escape");
      await goOn(page, 2);
      expect(await stepNow(page)).toBeGreaterThan(found);
      await page.getByRole("button", { name: say.previous }).click();
      await expect.poll(() => stepNow(page)).toBe(found);
    });
  });
}
