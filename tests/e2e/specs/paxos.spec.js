// Two stories of Paxos from end to end, in both languages: a value that outlives its proposer, and a leader change
// that leaves a gap.

import { chooseScenario, expect, expectNoAxeViolations, openPage, rows, test, until } from "../support/lamplight.js";

const words = {
  "en-GB": {
    decree: "Paxos, one decree",
    survivor: "A value outlives its proposer",
    takenOver: /It may have been chosen, so n2 proposes it under 1\.n2/,
    isChosen: /“tea” is chosen, for good/,
    acceptors: "Acceptors",
    gap: "A leader change leaves a gap",
    leads: /n2 leads with ballot 1\.n2/,
    throughFour: /slots up to 4 are chosen/,
    slots: "Slots",
    chosen: "chosen",
  },
  "zh-CN": {
    decree: "Paxos（单次决议）",
    survivor: "比提议者活得更久的值",
    takenOver: /它可能已被选定，因此 n2 在 1\.n2 下提议它/,
    isChosen: /“tea”已选定，不会再变/,
    acceptors: "接受者",
    gap: "更换领导者留下空缺",
    leads: /n2 以编号 1\.n2 领导/,
    throughFour: /槽位至 4 已选定/,
    slots: "槽位",
    chosen: "已选定",
  },
};

for (const [locale, say] of Object.entries(words)) {
  test.describe(locale, () => {
    test.use({ locale, viewport: { width: 1280, height: 800 } });

    test("a value outlives its proposer", async ({ page }) => {
      await openPage(page, "./");
      await chooseScenario(page, say.decree, say.survivor);
      await until(page, "Shift+ArrowRight", ".narration", say.takenOver);
      // The paper's section stands beside the sentence, and the proposer is dead.
      await expect(page.locator(".narration")).toContainText("Paxos Made Simple §2.2");
      await expect(page.locator("[data-key=n1]")).toHaveClass(/is-down/);
      // Its value is what n2 and n3 hold, and the quorum of n2's ballot is drawn.
      await expect(page.locator("[data-key=n3] .badge")).toContainText("1.n1 tea");
      await expect(page.locator(".quorum.tone-leader")).toHaveCount(1);
      const held = (await rows(page, say.acceptors)).slice(1, 5).map(([node, promised]) => [node, promised]);
      expect(held).toEqual(["n2", "n3", "n4", "n5"].map((node) => [node, "1.n2"]));
      await until(page, "ArrowRight", ".headline", say.isChosen);
      await expect(page.locator(".quorum.tone-good.is-complete line")).not.toHaveCount(0);
      await expectNoAxeViolations(page);
    });

    test("a new leader fills the gap that the old one left", async ({ page }) => {
      await openPage(page, "./");
      await chooseScenario(page, "Multi-Paxos", say.gap);
      await until(page, "Shift+ArrowRight", ".narration", say.leads);
      const before = await rows(page, say.slots);
      // n3 holds slot 4 and not slot 3; n4 holds neither.
      expect(before.find(([node]) => node === "n3").slice(1)).toEqual(["1.n1", "1.n1", "–", "1.n1"]);
      expect(before.find(([node]) => node === "n4").slice(1, 3)).toEqual(["1.n1", "1.n1"]);
      // Both slots are chosen under its ballot: the gap as a no-op, the other with the value that n3 reported.
      await until(page, "ArrowRight", ".headline", say.throughFour);
      const after = await rows(page, say.slots);
      expect(after.find(([node]) => node === "n2").slice(1)).toEqual(["1.n1", "1.n1", "1.n2 ∅", "1.n2"]);
      await expect(page.locator(".table-frame tbody tr:nth-child(2) .cell.is-settled")).toHaveCount(4);
      await expect(page.locator(".table-frame tbody tr:nth-child(2) .cell").nth(2)).toHaveAttribute("title", new RegExp(say.chosen));
      await expectNoAxeViolations(page);
    });
  });
}
