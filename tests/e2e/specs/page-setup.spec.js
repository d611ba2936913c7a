// What a run starts from can be changed, and what is invalid is explained at the field.

import { expect, expectNoAxeViolations, openPage, test } from "../support/lamplight.js";

for (const words of [
  { locale: "en-US", open: "5 nodes …", nodes: /^\d+ nodes …$/, start: "Start the run", protocol: "Protocol", whole: "A whole number, please.",
    range: "0 is not between 1 and 100", order: "must not be less than election_timeout_us_min", known: "is none of `" },
  { locale: "zh-CN", open: "5 个节点……", nodes: /^\d+ 个节点……$/, start: "开始运行", protocol: "协议", whole: "请输入整数。",
    range: "0 不在 1 到 100 之间", order: "不能小于 election_timeout_us_min", known: "不是 `" },
]) {
  test.describe(words.locale, () => {
    test.use({ locale: words.locale });

    test("a run starts again with seven nodes", async ({ page }) => {
      await openPage(page);
      await page.getByRole("button", { name: words.open }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("nodes", { exact: true }).fill("7");
      await dialog.getByLabel("pre_​vote").uncheck();
      await expectNoAxeViolations(page);
      await dialog.getByRole("button", { name: words.start }).click();
      await expect(dialog).toHaveCount(0);
      await expect(page.locator("[data-key=n7]")).toBeVisible();
    });

    test("what is invalid is explained where it stands, and nothing is lost", async ({ page }) => {
      await openPage(page);
      await page.getByRole("button", { name: words.open }).click();
      const dialog = page.getByRole("dialog");
      const nodes = dialog.getByLabel("nodes", { exact: true });
      await nodes.fill("many");
      await expect(dialog).toContainText(words.whole);
      await expect(dialog.getByRole("button", { name: words.start })).toBeDisabled();
      await nodes.fill("0");
      await dialog.getByRole("button", { name: words.start }).click();
      await expect(nodes).toHaveAttribute("aria-describedby", /wrong/);
      await expect(dialog.locator("#setting-nodes-wrong")).toHaveText(words.range);
      await expect(nodes).toHaveValue("0");
      await dialog.getByLabel("election_​timeout_​us_​max").fill("1000");
      await nodes.fill("5");
      await dialog.getByRole("button", { name: words.start }).click();
      await expect(dialog.locator("#setting-election_timeout_us_max-wrong")).toHaveText(words.order);
      await expect(dialog.locator("[lang]"), "it is told in the reader's language").toHaveCount(0);
      await page.keyboard.press("Escape");
      await expect(page.locator("[data-key=n5]")).toBeVisible();
    });

    test("a word that is not known is refused at its field, with those that are", async ({ page }) => {
      await openPage(page);
      await page.getByRole("combobox", { name: words.protocol }).selectOption("consistent-hashing");
      await page.getByRole("button", { name: words.nodes }).click();
      const dialog = page.getByRole("dialog");
      const algorithm = dialog.getByLabel("algorithm", { exact: true });
      await algorithm.fill("roulette");
      await page.keyboard.press("Enter");
      await expect(dialog.locator("#setting-algorithm-wrong")).toContainText(words.known);
      await expect(dialog.locator("#setting-algorithm-wrong")).toContainText("`rendezvous`");
      await algorithm.fill("rendezvous");
      await page.keyboard.press("Enter");
      await expect(dialog).toHaveCount(0);
    });

    test("another protocol is chosen from the list", async ({ page }) => {
      await openPage(page);
      await page.getByRole("combobox", { name: words.protocol }).selectOption("multi-paxos");
      await expect(page).toHaveTitle(/Lamplight/);
      await expect(page).toHaveURL(/run=|multi-paxos/);
      await expect(page.locator("[data-key=n1]")).toBeVisible();
    });
  });
}
