// Two stories of atomic commit from end to end, in both languages: everybody in doubt, and a partition that splits
// three-phase commit.

import { chooseScenario, expect, expectNoAxeViolations, openPage, rows, test, until } from "../support/lamplight.js";

const words = {
  "en-GB": {
    twoPhase: "Two-phase commit",
    everyone: "Everyone in doubt",
    blocked: /n2 has heard from all 3 participants of t1\.1, and all are in doubt/,
    doubt: /in doubt \d/,
    headline: /3 participants said yes to t1\.1/,
    votes: "Votes",
    yes: "yes",
    locks: "Locks",
    waits: "waits for t1.1",
    threePhase: "Three-phase commit",
    partition: "Split by a partition",
    split: /AC1 is violated: n1 decided to commit t1\.1, and n3 decided to abort it/,
    commit: "commit",
    abort: "abort",
  },
  "zh-CN": {
    twoPhase: "两阶段提交",
    everyone: "人人存疑",
    blocked: /n2 问遍了 t1\.1 的 3 个参与者，全都存疑/,
    doubt: /存疑 \d/,
    headline: /3 个参与者对 t1\.1 说了/,
    votes: "投票",
    yes: "赞成",
    locks: "锁",
    waits: "等待 t1.1",
    threePhase: "三阶段提交",
    partition: "被分区撕裂",
    split: /违反了“AC1”：n1 决定提交 t1\.1，而 n3 决定中止/,
    commit: "提交",
    abort: "中止",
  },
};

for (const [locale, say] of Object.entries(words)) {
  test.describe(locale, () => {
    test.use({ locale, viewport: { width: 1280, height: 800 } });

    test("everyone is in doubt, and another transfer waits for their locks", async ({ page }) => {
      await openPage(page, "./");
      await chooseScenario(page, say.twoPhase, say.everyone);
      await until(page, "Shift+ArrowRight", ".narration", say.blocked);
      await expect(page.locator(".narration")).toContainText("Bernstein et al. 1987, §7.4");
      await expect(page.locator(".headline")).toContainText(say.headline);
      // The coordinator is down; each participant says for how long it has been in doubt, and its account is locked.
      await expect(page.locator("[data-key=n1]")).toHaveClass(/is-down/);
      for (const node of ["n2", "n3", "n4"]) {
        await expect(page.locator(`[data-key=${node}]`)).toContainText(say.doubt);
        await expect(page.locator(`[data-key=${node}] .badge .lock`)).toHaveCount(1);
      }
      expect(await rows(page, say.votes)).toEqual([
        ["t1.1", "", say.yes, say.yes, say.yes],
        ["t1.2", "", say.waits, say.waits, ""],
      ]);
      const locks = await rows(page, say.locks);
      expect(locks).toEqual([
        ["alice@n2", "90", "t1.1", "t1.2"],
        ["bob@n3", "90", "t1.1", "t1.2"],
        ["carol@n4", "120", "t1.1", ""],
      ]);
      await expectNoAxeViolations(page);
    });

    test("a partition splits three-phase commit, and the two that differ are named", async ({ page }) => {
      await openPage(page, "./");
      await chooseScenario(page, say.threePhase, say.partition);
      await until(page, "Shift+ArrowRight", ".narration", say.split);
      const [[name, coordinator, n2, n3]] = await rows(page, say.votes);
      expect([name, coordinator, n2, n3]).toEqual(["t1.1", say.commit, say.commit, say.abort]);
      await expectNoAxeViolations(page);
    });
  });
}
