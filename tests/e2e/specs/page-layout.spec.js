// What fits where, in both languages and both themes.

import { expect, goOn, openPage, stepBy, test } from "../support/lamplight.js";

const sizes = [
  { width: 1280, height: 800 },
  { width: 768, height: 1024 },
  { width: 375, height: 812 },
  { width: 320, height: 640 },
];

for (const locale of ["en-GB", "zh-CN"]) {
  for (const size of sizes) {
    test.describe(`${size.width} pixels, ${locale}`, () => {
      test.use({ viewport: size, locale });

      test("nothing overflows, and stage and transport come first", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 1);
        await expect(page.locator(".stage .party").first()).toBeVisible();
        const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
        expect(widths[0]).toBeLessThanOrEqual(widths[1]);
        await expect(page.locator("html")).toHaveAttribute("lang", locale.startsWith("zh") ? "zh-Hans" : "en");

        const stage = await page.locator(".stage").boundingBox();
        const transport = await page.locator(".transport").boundingBox();
        const narration = await page.locator(".narration").boundingBox();
        if (size.width >= 1280) {
          // Stage, narration and transport are visible without scrolling.
          for (const box of [stage, transport, narration]) expect(box.y + box.height).toBeLessThanOrEqual(size.height);
        } else if (size.width <= 375) {
          // The panels follow further down.
          const panels = await page.getByRole("tablist").boundingBox();
          expect(stage.y + stage.height).toBeLessThan(panels.y);
          for (const box of [stage, transport, narration]) expect(box.y + box.height).toBeLessThanOrEqual(size.height);
        }
      });
    });
  }
}

test("nothing jumps while the run plays", async ({ page }) => {
  await openPage(page, "./");
  const parts = [".stage-frame", ".narration", ".diagram-frame", ".tabs-tables", ".tabs-side", ".transport", ".tape"];
  const boxes = () => Promise.all(parts.map((part) => page.locator(part).boundingBox()));
  const before = await boxes();
  await page.getByRole("combobox", { name: "Speed" }).selectOption("2");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  for (let looks = 0; looks < 5; looks += 1) {
    await page.waitForTimeout(300);
    expect(await boxes()).toEqual(before);
  }
});

test("the language can be switched at any step, and is remembered", async ({ page }) => {
  await openPage(page, "./");
  await page.keyboard.press("Shift+ArrowRight");
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.getByRole("button", { name: "分享" })).toBeVisible();
  await expect(page.locator(".narration p")).toContainText(/[\u4e00-\u9fff]/);
  await page.reload();
  await expect(page.getByRole("button", { name: "分享" })).toBeVisible();
});

test.describe("with reduced motion", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" } });

  test("a step is there at once, and nothing moves by itself", async ({ page }) => {
    await openPage(page, "./");
    await goOn(page, 1);
    await stepBy(page, "ArrowRight");
    const discs = () => page.locator(".message .disc").evaluateAll((all) => all.map((disc) => disc.getAttribute("transform")));
    const before = await discs();
    await page.waitForTimeout(400);
    expect(await discs()).toEqual(before);
  });
});
