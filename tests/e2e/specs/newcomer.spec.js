// Somebody who has read nothing: elects a leader, finds out why a vote was refused, makes a split-brain attempt fail
// and sends the link; by pointer, and by keyboard alone; in both languages.

import { expect, openPage, press, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { play: "Play", pause: "Pause", refuses: "refuses", find: "Find a step", next: "Next step that says this",
    partition: "Partition", preset: "The leader and one more", cut: "Cut the network", milestone: "Next milestone",
    share: "Share run", copy: "Copy link", copied: "Copied" },
  "zh-CN": { play: "播放", pause: "暂停", refuses: "拒绝", find: "查找步骤", next: "下一个匹配的步骤",
    partition: "分区", preset: "领导者加一个节点", cut: "切断网络", milestone: "下一个关键步骤",
    share: "分享", copy: "复制链接", copied: "已复制" },
};

const leader = (page) => page.locator(".party.tone-leader");

/** Chooses a scenario; by key, with the arrow keys on the list. */
async function scenario(page, value, by) {
  const list = page.locator(".scenario select");
  if (by === "pointer") return list.selectOption(value);
  await list.focus();
  const key = await list.evaluate((element, to) => {
    const at = [...element.options].findIndex((option) => option.value === to);
    return [at < element.selectedIndex ? "ArrowUp" : "ArrowDown", Math.abs(at - element.selectedIndex)];
  }, value);
  // Each press opens the scenario that it comes to, as a reader sees it.
  for (let pressed = 0; pressed < key[1]; pressed += 1) await page.keyboard.press(key[0]);
  await expect(list).toHaveValue(value);
}

/** Goes on to the next milestone until that is so. */
async function onUntil(page, say, by, reached) {
  for (let milestones = 0; milestones < 40 && !(await reached()); milestones += 1) {
    const before = await stepNow(page);
    if (by === "pointer") await page.getByRole("button", { name: say.milestone }).click();
    else await page.keyboard.press("Shift+ArrowRight");
    await expect.poll(() => stepNow(page)).not.toBe(before);
  }
  expect(await reached()).toBe(true);
}

for (const [locale, say] of Object.entries(words)) {
  for (const by of ["pointer", "key"]) {
    test.describe(`${locale}, by ${by}`, () => {
      test.use({ locale, viewport: { width: 1280, height: 800 }, permissions: ["clipboard-read", "clipboard-write"] });

      test("elects a leader, learns of a refusal, fails to split the brain, sends the link", async ({ page, context }) => {
        test.setTimeout(300_000);
        await openPage(page, "./");

        // A leader is elected.
        if (by === "pointer") await page.getByRole("button", { name: say.play, exact: true }).click();
        else await page.keyboard.press("Space");
        await expect(leader(page)).toHaveCount(1, { timeout: 90_000 });
        if (by === "pointer") await page.getByRole("button", { name: say.pause, exact: true }).click();
        else await page.keyboard.press("Space");
        await expect(page.getByRole("button", { name: say.play, exact: true })).toBeVisible();

        // A vote is refused: the sentence says why, with the rule; the causes and the lines stand beside it.
        await scenario(page, "raft/split-vote", by);
        if (by === "pointer") {
          await page.getByRole("searchbox", { name: say.find }).fill(say.refuses);
          await page.getByRole("button", { name: say.next }).click();
        } else {
          await page.locator("[data-key=n1]").focus();
          await page.keyboard.press("/");
          await expect(page.getByRole("searchbox", { name: say.find })).toBeFocused();
          await page.keyboard.insertText(say.refuses);
          await page.keyboard.press("Enter");
        }
        await expect(page.locator(".narration p")).toContainText(say.refuses);
        await expect(page.locator(".narration cite")).toContainText("Raft §5");
        await expect(page.locator(".why li")).not.toHaveCount(1);
        await expect(page.locator(".source .line.is-marked").first()).toBeVisible();

        // The leader is cut off with one more: it may believe what it likes, but nothing of it is committed.
        await scenario(page, "raft/calm", by);
        if (by === "key") await page.locator("[data-key=c1]").focus();
        await onUntil(page, say, by, async () => (await leader(page).count()) === 1);
        const old = await leader(page).getAttribute("data-key");
        await press(page.getByRole("button", { name: say.partition, exact: true }), by);
        await press(page.getByRole("button", { name: say.preset }), by);
        await press(page.getByRole("button", { name: say.cut }), by);
        await expect(page.locator(".link.is-cut")).not.toHaveCount(0);
        if (by === "key") await page.locator("[data-key=c1]").focus();
        const others = page.locator(`.party.tone-leader:not([data-key=${old}])`);
        await onUntil(page, say, by, async () => (await others.count()) === 1);
        await onUntil(page, say, by, async () => (await page.locator(`.party.tone-leader[data-key=${old}]`).count()) === 0);
        await expect(page.locator(".tape-mark.is-filled"), "no rule is violated").toHaveCount(0);

        // The link is that very run.
        const step = await stepNow(page);
        await press(page.getByRole("button", { name: say.share, exact: true }), by);
        await press(page.getByRole("button", { name: say.copy }), by);
        await expect(page.getByRole("button", { name: say.copied })).toBeVisible();
        const copy = await context.newPage();
        await copy.goto(await page.evaluate(() => navigator.clipboard.readText()));
        await expect.poll(() => stepNow(copy)).toBe(step);
        await expect(leader(copy)).toHaveCount(1);
        await expect(copy.locator(".link.is-cut")).not.toHaveCount(0);
      });
    });
  }
}
