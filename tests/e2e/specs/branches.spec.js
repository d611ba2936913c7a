// Branches: acting in the past keeps the old future; they can be switched, named, compared, deleted and restored, by
// pointer and by keyboard, in both languages.

import { chooseItem, expect, goOn, openMenu, openPage, press, stepBy, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { crash: "Crash", branches: "2 branches", one: /^\d+ branches$/, show: "Show", name: /^Name of branch/, compare: "Compare",
    delete: "Delete", undo: "Undo", goThere: "Go to where they part", same: /They are the same for (\d+) steps/, dialog: "Branches",
    notice: "This is a new branch", later: "the leader lives" },
  "zh-CN": { crash: "崩溃", branches: "2 条分支", one: /^\d+ 条分支$/, show: "显示", name: /^分支 \d 的名称/, compare: "对比",
    delete: "删除", undo: "撤销", goThere: "跳到分开的地方", same: /前 (\d+) 步相同/, dialog: "分支",
    notice: "这是一条新分支", later: "领导者还活着" },
};

for (const [locale, say] of Object.entries(words)) {
  for (const by of ["pointer", "key"]) {
    test.describe(`${locale}, by ${by}`, () => {
      test.use({ locale, viewport: { width: 1280, height: 800 } });

      test("switched, named, compared, deleted and restored", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 6);
        const old = await stepNow(page);
        for (let back = 0; back < 3; back += 1) await stepBy(page, "ArrowLeft");
        expect(await stepNow(page)).toBe(old - 3);
        await openMenu(page, "n2", by);
        await chooseItem(page, say.crash, by);
        await expect(page.locator(".toasts")).toContainText(say.notice);
        await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);

        // Named and switched.
        await press(page.getByRole("button", { name: say.branches }), by);
        const dialog = page.getByRole("dialog", { name: say.dialog });
        const first = dialog.getByRole("textbox", { name: say.name }).first();
        await first.fill(say.later);
        await first.press("Tab");
        await press(dialog.getByRole("button", { name: say.show, exact: true }), by);
        await expect(dialog.getByRole("button", { name: say.show, exact: true })).toHaveCount(1);
        await page.keyboard.press("Escape");
        await expect(page.locator("[data-key=n2]")).not.toHaveClass(/is-down/);

        // Compared: where they part, and what differs.
        await press(page.getByRole("button", { name: say.branches }), by);
        await press(dialog.getByRole("button", { name: say.compare }), by);
        const panel = page.locator(".compare");
        await expect(panel).toContainText(say.same);
        const [, common] = (await panel.innerText()).match(say.same);
        expect(Number(common)).toBe(old - 3);
        await expect(panel.locator("figcaption strong").first()).toHaveText(say.later);
        await press(panel.getByRole("button", { name: say.goThere }), by);
        await expect.poll(() => stepNow(page)).toBe(Number(common));

        // Deleted, and restored.
        await press(page.getByRole("button", { name: say.branches }), by);
        await press(dialog.getByRole("button", { name: say.delete }).last(), by);
        await page.keyboard.press("Escape");
        await expect(page.getByRole("button", { name: say.one })).toHaveCount(0);
        await press(page.locator(".toasts").getByRole("button", { name: say.undo }), by);
        await expect(page.getByRole("button", { name: say.branches })).toBeVisible();
      });
    });
  }
}

test("a branch on the scrubber is switched to by pressing it", async ({ page }) => {
  await openPage(page, "./");
  await goOn(page, 6);
  await stepBy(page, "ArrowLeft");
  await openMenu(page, "n2");
  await chooseItem(page, "Crash");
  await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
  await page.locator(".tape-branch text").click();
  await expect(page.locator("[data-key=n2]")).not.toHaveClass(/is-down/);
});
