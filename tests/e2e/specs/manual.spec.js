// By hand: the person chooses which pending message or timer is next, for every protocol, by pointer and by key, in
// both languages.

import { chooseScenario, drawn, expect, openPage, press, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { byHand: "By hand", pending: "Pending", decide: "You decide", seed: "The seed decides" },
  "zh-CN": { byHand: "手动调度", pending: "待处理", decide: "由你决定", seed: "顺序由随机种子决定" },
};
const protocols = ["raft", "paxos", "multi-paxos", "two-phase-commit", "three-phase-commit", "consistent-hashing"];

const lines = (page) => page.locator(".pending-line");
/** What a pending line says, without its time. */
const text = (line) => line.locator("span").nth(1).innerText();

for (const [locale, say] of Object.entries(words)) {
  test.describe(locale, () => {
    test.use({ locale });

    for (const protocol of protocols) {
      test(`${protocol}: what is chosen happens next, and the seed can take over again`, async ({ page }) => {
        await openPage(page, "./");
        await chooseScenario(page, protocol);
        const byHand = page.getByRole("button", { name: say.byHand });
        for (const by of ["pointer", "key"]) {
          await press(byHand, by);
          await expect(byHand).toHaveAttribute("aria-pressed", "true");
          await expect(page.getByRole("tab", { name: say.pending })).toHaveAttribute("aria-selected", "true");
          await expect(page.locator(".pending .hint")).toContainText(say.decide);
          await drawn(page);
          // Not the one that the schedule would take.
          const before = await stepNow(page);
          const last = lines(page).last();
          const count = await lines(page).count();
          const who = (await text(last)).match(/[nc]\d+|R\d+|[a-z]+\d/)?.[0];
          if (by === "pointer") await last.click();
          else {
            await lines(page).first().focus();
            for (let tabs = 1; tabs < count; tabs += 1) await page.keyboard.press("Tab");
            await expect(last).toBeFocused();
            await page.keyboard.press("Enter");
          }
          await expect.poll(() => stepNow(page)).toBe(before + 1);
          if (who) await expect(page.locator(".narration p")).toContainText(who);

          await press(byHand, by);
          await expect(byHand).toHaveAttribute("aria-pressed", "false");
          await expect(page.locator(".pending .hint")).toContainText(say.seed);
          await page.evaluate(() => document.activeElement?.blur());
          await page.keyboard.press("ArrowRight");
          await expect.poll(() => stepNow(page)).toBe(before + 2);
        }
      });
    }
  });
}
