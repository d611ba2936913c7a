// One instrument: what was done can be found, compared, taken out and brought back, in both languages.

import { expect, expectNoAxeViolations, goOn, openPage, stepBy, test } from "../support/lamplight.js";

const LANGUAGES = [
  {
    locale: "en-US",
    find: "Find a step",
    looked: "crashes",
    missing: "No further step says that.",
    crash: "Crash",
    did: "you did 1",
    takeOut: "Take out",
    takeThisOut: "Take this out",
    compare: "Compare",
    same: /They are the same for \d+ steps/,
    crashed: "crashed",
    branches: "2 branches",
    remove: "Delete",
    undo: "Undo",
    term: "term: why this value?",
  },
  {
    locale: "zh-CN",
    find: "查找步骤",
    looked: "崩溃",
    missing: "没有更多步骤包含这些内容。",
    crash: "崩溃",
    did: "操作 1 次",
    takeOut: "撤去",
    takeThisOut: "撤去这一步",
    compare: "对比",
    same: /前 \d+ 步相同/,
    crashed: "已崩溃",
    branches: "2 条分支",
    remove: "删除",
    undo: "撤销",
    term: "任期：为什么是这个值？",
  },
];

const narration = (page) => page.locator(".narration");
const step = async (page) => Number((await page.locator(".narration-step").textContent()) ?? "0");

/** Opens a run in which the leader crashes, some way into it. */
async function openSomeWayIn(page, milestones) {
  await openPage(page, "./#raft/leader-crash");
  await goOn(page, milestones);
}

for (const words of LANGUAGES) {
  test.describe(words.locale, () => {
    test.use({ locale: words.locale });

    test("a step is found by what it says, forward and backward, by keyboard alone", async ({ page }) => {
      await openSomeWayIn(page, 1);
      const before = await step(page);
      await page.keyboard.press("/");
      const field = page.getByRole("searchbox", { name: words.find });
      await expect(field).toBeFocused();
      await page.keyboard.type(words.looked);
      await page.keyboard.press("Enter");
      await expect(narration(page)).toContainText(words.looked);
      const found = await step(page);
      expect(found).toBeGreaterThan(before);
      await field.fill("n2");
      await page.keyboard.press("Enter");
      await expect.poll(() => step(page)).toBeGreaterThan(found);
      await field.fill(words.looked);
      await page.keyboard.press("Shift+Enter");
      await expect.poll(() => step(page)).toBe(found);
      await field.fill("xyzzy");
      await page.keyboard.press("Enter");
      await expect(page.locator(".toasts")).toContainText(words.missing);
      expect(await step(page)).toBe(found);
    });

    test("a field leads to the step that gave it its value", async ({ page }) => {
      await openSomeWayIn(page, 8);
      await page.locator("[data-key=n2]").click();
      await expect(page.locator(".fields h2")).toContainText("n2");
      const title = await page.locator(".fields h2").textContent();
      const later = await step(page);
      await page.getByRole("button", { name: words.term }).click();
      await expect.poll(() => step(page)).toBeLessThan(later);
      await expect(page.locator(".fields h2")).toContainText(title.slice(0, 2));
      await expect(page.locator(".fields mark").first()).toBeVisible();
    });

    test("what was done is compared with what would have been, taken out, and a branch deleted and restored", async ({ page }) => {
      await openSomeWayIn(page, 6);
      await stepBy(page, "ArrowLeft");
      await page.locator("[data-key=n3]").click({ button: "right" });
      await page.getByRole("menuitem", { name: words.crash, exact: true }).click();
      await expect(page.locator("[data-key=n3]")).toHaveClass(/is-down/);

      await page.getByRole("tab", { name: words.compare }).click();
      const panel = page.locator(".compare");
      await expect(panel).toContainText(words.same);
      await expect(panel.locator("img")).toHaveCount(2);
      await expect(panel.locator(".differences")).toContainText(words.crashed);
      await expectNoAxeViolations(page);

      await page.getByRole("button", { name: words.branches }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: words.remove }).first().click();
      await expect(dialog.locator("li")).toHaveCount(1);
      await page.keyboard.press("Escape");
      await page.locator(".toasts").getByRole("button", { name: words.undo }).click();
      await expect(page.getByRole("button", { name: words.branches })).toBeVisible();

      await page.getByRole("button", { name: words.did }).click();
      await expectNoAxeViolations(page);
      await page.getByRole("dialog").getByRole("button", { name: words.takeOut, exact: true }).click();
      await expect(page.locator("[data-key=n3]")).not.toHaveClass(/is-down/);
      await expect(page.getByRole("button", { name: words.did })).toHaveCount(0);
    });

    test("the sentence of what one just did offers to take it out", async ({ page }) => {
      await openSomeWayIn(page, 4);
      await page.locator("[data-key=n3]").click({ button: "right" });
      await page.getByRole("menuitem", { name: words.crash, exact: true }).click();
      await narration(page).getByRole("button", { name: words.takeThisOut }).click();
      await expect(page.locator("[data-key=n3]")).not.toHaveClass(/is-down/);
    });
  });
}
