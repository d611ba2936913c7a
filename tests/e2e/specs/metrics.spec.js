// What an operator would chart, by pointer and by key, in both languages.

import { readFile } from "node:fs/promises";
import { expect, expectNoAxeViolations, openPage, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { tab: "Metrics", before: "Inspector", save: "Save for Prometheus", share: "Share run",
    messages: "Messages", commands: "Commands", latency: "Latency", changes: "Leader changes" },
  "zh-CN": { tab: "指标", before: "检查器", save: "保存为 Prometheus 格式", share: "分享",
    messages: "消息", commands: "命令", latency: "延迟", changes: "领导者变更" },
};

const chart = (page, name) => page.locator(".chart").filter({ has: page.getByRole("heading", { name, exact: true }) });
const figure = async (page, name) =>
  Number((await chart(page, name).locator("strong").textContent()).replaceAll(",", ""));

/** Opens a run of some length: a scenario file is dropped on the page. */
async function openLong(page) {
  await openPage(page, "./");
  await page.evaluate(() => {
    const run = JSON.stringify({ format: 1, protocol: "raft", preset: "leader-crash", cursor: 900 });
    const files = new DataTransfer();
    files.items.add(new File([run], "run.json", { type: "application/json" }));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
  });
  await expect.poll(() => stepNow(page)).toBe(900);
}

/** The values of a Prometheus text by metric, those of all labels added up. */
function sums(text) {
  const sums = {};
  for (const line of text.split("\n").filter((line) => line && !line.startsWith("#"))) {
    const [, name, value] = line.match(/^([a-z_]+)(?:\{.*\})? (\S+)$/);
    sums[name] = (sums[name] ?? 0) + Number(value);
  }
  return sums;
}

for (const locale of ["en-GB", "zh-CN"]) {
  const word = words[locale];
  test.describe(locale, () => {
    test.use({ locale });

    test("by pointer: the panel shows figures, and pressing a plot moves the cursor there", async ({ page }) => {
      await openLong(page);
      await expect(page.locator(".metrics"), "a panel that is closed is not there").toHaveCount(0);
      await page.getByRole("tab", { name: word.tab }).click();
      const all = await figure(page, word.messages);
      expect(all).toBeGreaterThan(50);
      expect(await figure(page, word.commands)).toBeGreaterThan(0);
      expect(await figure(page, word.changes), "the first leader, and the one after its crash").toBe(2);
      await expect(chart(page, word.latency).locator("dd").first()).toHaveText(/^[\d.]+ (ms|s)$/);
      const last = await stepNow(page);
      const plot = await chart(page, word.messages).locator(".plot").boundingBox();
      await page.mouse.click(plot.x + plot.width * 0.3, plot.y + plot.height / 2);
      await expect.poll(() => stepNow(page)).toBeLessThan(last);
      expect(await stepNow(page)).toBeGreaterThan(0);
      await expect.poll(() => figure(page, word.messages)).toBeLessThan(all);
    });

    test("by keyboard: tabs, cursor, and the same figures as text for Prometheus", async ({ page }) => {
      await openLong(page);
      await page.getByRole("tab", { name: word.before }).focus();
      for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("ArrowRight");
      await expect(page.getByRole("tab", { name: word.tab })).toHaveAttribute("aria-selected", "true");
      // From the tab into the panel, which scrolls by key, and on to its button.
      await page.keyboard.press("Tab");
      await expect(page.locator(".metrics")).toBeFocused();
      await page.keyboard.press("Tab");
      await expect(page.getByRole("button", { name: word.save })).toBeFocused();
      const arrives = page.waitForEvent("download");
      await page.keyboard.press("Enter");
      const saved = sums(await readFile(await (await arrives).path(), "utf8"));
      expect(saved.lamplight_steps_total).toBe(await stepNow(page));
      expect(saved.lamplight_messages_arrived_total).toBe(await figure(page, word.messages));
      expect(saved.lamplight_commands_acknowledged_total).toBe(await figure(page, word.commands));
      expect(saved.lamplight_leader_changes_total).toBe(await figure(page, word.changes));
      // The figures are those up to the cursor.
      await page.keyboard.press("Home");
      await expect.poll(() => figure(page, word.messages)).toBe(0);
      await expect(chart(page, word.latency).locator("dd").first()).toHaveText("–");
    });

    test("the plots follow while the run plays", async ({ page }) => {
      await openPage(page, "./");
      await page.getByRole("tab", { name: word.tab }).click();
      await page.locator(".speed select").selectOption("1");
      await page.keyboard.press("Escape");
      await page.locator(".play").click();
      await expect.poll(() => figure(page, word.messages), { timeout: 20_000 }).toBeGreaterThan(20);
      const plot = chart(page, word.messages).locator(".plot-area");
      const before = await plot.getAttribute("d");
      await expect.poll(() => plot.getAttribute("d"), { timeout: 20_000 }).not.toBe(before);
      await page.locator(".play").click();
    });

    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 375]) {
        test(`axe finds nothing, and nothing overflows: ${colorScheme}, ${width} pixels`, async ({ page }) => {
          await page.setViewportSize({ width, height: 812 });
          await page.emulateMedia({ colorScheme });
          await openLong(page);
          await page.getByRole("tab", { name: word.tab }).click();
          await expect(page.locator(".kinds tbody tr").first()).toBeVisible();
          await expectNoAxeViolations(page);
          const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
          expect(wide).toBeLessThanOrEqual(room);
          const [inner, outer] = await page.locator(".metrics").evaluate((panel) => [panel.scrollWidth, panel.clientWidth]);
          expect(inner).toBeLessThanOrEqual(outer);
          await page.getByRole("button", { name: word.share }).click();
          await expect(page.getByRole("dialog")).toBeVisible();
          await expectNoAxeViolations(page);
        });
      }
    }
  });
}
