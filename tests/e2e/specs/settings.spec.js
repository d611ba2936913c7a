// Settings and help: language, theme, motion and units, by pointer and by keyboard, in both languages; and the one
// sentence of a first visit.

import { expect, expectNoAxeViolations, goOn, openPage, stepBy, test } from "../support/lamplight.js";

const words = {
  "en-GB": {
    settings: "Settings",
    close: "Close",
    theme: { group: "Theme", system: "As the system", light: "Light", dark: "Dark" },
    motion: { group: "Motion", reduced: "Reduced", full: "Full" },
    units: { group: "Virtual time in", auto: "Automatic" },
    other: { name: "中文", settings: "设置" },
    help: "Help and keys",
    first: "Start with Play or the space bar",
  },
  "zh-CN": {
    settings: "设置",
    close: "关闭",
    theme: { group: "主题", system: "跟随系统", light: "浅色", dark: "深色" },
    motion: { group: "动态效果", reduced: "减弱", full: "完整" },
    units: { group: "虚拟时间单位", auto: "自动" },
    other: { name: "English", settings: "Settings" },
    help: "帮助与快捷键",
    first: "点击播放或按空格键开始",
  },
};

const dialog = (page, name) => page.getByRole("dialog", { name });
const choice = (page, group, name) => page.getByRole("group", { name: group }).getByText(name, { exact: true });
const radio = (page, group, name) => page.getByRole("group", { name: group }).getByRole("radio", { name, exact: true });
const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const time = (page) => page.locator(".transport-figures > span").nth(1);
const discs = (page) =>
  page.locator(".message .disc").evaluateAll((all) => all.map((disc) => disc.getAttribute("transform")));

for (const [locale, say] of Object.entries(words)) {
  test.describe(locale, () => {
    test.use({ locale, colorScheme: "light" });

    test("by pointer: theme and units hold at once and are remembered", async ({ page }) => {
      await openPage(page, "./");
      await goOn(page, 1);
      await expect(time(page)).toHaveText(/[\d.]+ ms/);
      const light = await ground(page);
      await page.getByRole("button", { name: say.settings, exact: true }).click();
      await choice(page, say.theme.group, say.theme.dark).click();
      await expect.poll(() => ground(page)).not.toBe(light);
      await choice(page, say.units.group, "µs").click();
      await expect(time(page)).toHaveText(/^\d{1,3}(,\d{3})+ µs/);
      await expectNoAxeViolations(page);
      await dialog(page, say.settings).getByRole("button", { name: say.close }).click();
      await expect(page.getByRole("dialog")).toHaveCount(0);

      // The unit holds wherever a time is told.
      await expect(page.locator(".why-when").first()).toHaveText(/,\d{3} µs/);
      await expect(page.locator(".diagram .panel-note")).toHaveText(/µs/);
      const dark = await ground(page);
      await page.reload();
      await expect(time(page)).toHaveText(/,\d{3} µs/);
      expect(await ground(page)).toBe(dark);
      await page.getByRole("button", { name: say.settings, exact: true }).click();
      await expect(radio(page, say.theme.group, say.theme.dark)).toBeChecked();
      await expect(radio(page, say.units.group, "µs")).toBeChecked();
      await choice(page, say.units.group, "ms").click();
      await expect(time(page)).toHaveText(/^\d[\d.]+ ms/);
      await choice(page, say.theme.group, say.theme.system).click();
      await expect.poll(() => ground(page)).toBe(light);
    });

    test("by keyboard: s opens them, Tab and arrow keys choose, Escape closes", async ({ page }) => {
      await openPage(page, "./");
      await page.locator("[data-key=n1]").focus();
      await page.keyboard.press("s");
      await expect(dialog(page, say.settings)).toBeVisible();
      await radio(page, say.theme.group, say.theme.system).focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await expect(radio(page, say.units.group, say.units.auto)).toBeFocused();
      await page.keyboard.press("ArrowRight");
      await expect(radio(page, say.units.group, "ms")).toBeChecked();
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await expect(page.locator("[data-key=n1]"), "the focus returns").toBeFocused();
      await expect(time(page)).toHaveText(/0\.\d{3} ms/);
    });

    test("the language is changed in the open dialog, and the unit stays", async ({ page }) => {
      await openPage(page, "./");
      await page.keyboard.press("s");
      await choice(page, say.units.group, "µs").click();
      await dialog(page, say.settings).getByText(say.other.name, { exact: true }).click();
      await expect(dialog(page, say.other.settings)).toBeVisible();
      await expect(time(page)).toHaveText(/^\d+ µs/);
      await page.reload();
      await expect(page.getByRole("button", { name: say.other.settings, exact: true })).toBeVisible();
    });

    test("reduced motion is a setting of its own: a step is there at once", async ({ page }) => {
      await openPage(page, "./");
      await page.keyboard.press("s");
      await choice(page, say.motion.group, say.motion.reduced).click();
      await page.keyboard.press("Escape");
      for (let steps = 0; steps < 4; steps += 1) {
        await goOn(page, 1);
        const before = await discs(page);
        await page.waitForTimeout(250);
        expect(await discs(page)).toEqual(before);
      }
      await page.reload();
      await expect(page.locator(".stage .party").first()).toBeVisible();
      await page.keyboard.press("s");
      await expect(radio(page, say.motion.group, say.motion.reduced)).toBeChecked();
    });

    test("the keys are listed by ? and by the button, and the first sentence comes once", async ({ page }) => {
      await openPage(page, "./");
      await expect(page.locator(".toasts")).toContainText(say.first);
      await page.keyboard.press("?");
      await expect(dialog(page, say.help)).toBeVisible();
      for (const key of ["Space", "s", "f", "Esc"]) {
        await expect(page.locator(".keys kbd").getByText(key, { exact: true })).toHaveCount(1);
      }
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: say.help }).click();
      await expect(dialog(page, say.help)).toBeVisible();
      await page.reload();
      await expect(page.locator(".stage .party").first()).toBeVisible();
      await expect(page.locator(".toasts")).not.toContainText(say.first);
    });
  });
}

test.describe("where the system prefers reduced motion", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" } });

  test("full motion can be asked for all the same", async ({ page }) => {
    await openPage(page, "./");
    await page.keyboard.press("s");
    await choice(page, "Motion", "Full").click();
    await page.keyboard.press("Escape");
    await goOn(page, 2);
    let moved = false;
    for (let steps = 0; steps < 12 && !moved; steps += 1) {
      // Where each message is, frame by frame.
      await page.evaluate(() => {
        window.places = {};
        const look = () => {
          for (const message of document.querySelectorAll(".message")) {
            const places = (window.places[message.dataset.key] ??= new Set());
            places.add(message.querySelector(".disc").getAttribute("transform"));
          }
          window.looks = requestAnimationFrame(look);
        };
        look();
      });
      await stepBy(page, "ArrowRight");
      moved = await page.evaluate(() => {
        cancelAnimationFrame(window.looks);
        // One that is there at once has two places at most: before and after.
        return Object.values(window.places).some((places) => places.size > 2);
      });
    }
    expect(moved).toBe(true);
  });
});
