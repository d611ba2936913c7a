// One cursor and one selection through stage, diagram, narration, tables, inspector and source, by pointer and by
// keyboard, in both languages.

import { drawn, expect, goOn, openPage, painted, press, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { story: "Story", inspector: "Inspector", why: "term: why this value?", sent: "sent in step" },
  "zh-CN": { story: "经过", inspector: "检查器", why: "任期：为什么是这个值？", sent: "发送步骤" },
};

const canvas = ".diagram-frame canvas:not(.diagram-heads)";
const heads = ".diagram-heads";
const row = (page, name) => page.locator(".table-frame tbody tr").filter({ has: page.getByRole("button", { name, exact: true }) });
const title = (page) => page.locator(".fields h2");

for (const [locale, say] of Object.entries(words)) {
  for (const by of ["pointer", "key"]) {
    test.describe(`${locale}, by ${by}`, () => {
      test.use({ locale, viewport: { width: 1280, height: 800 } });

      test("a node that is chosen anywhere is marked everywhere", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 4);
        const step = await stepNow(page);
        // On the stage.
        const before = await painted(page, heads);
        if (by === "key") await page.locator("[data-key=n4]").focus();
        else await page.locator("[data-key=n4]").click();
        await expect(page.locator("[data-key=n4]")).toHaveAttribute("aria-selected", "true");
        await expect(title(page)).toContainText("n4");
        await expect(row(page, "n4")).toHaveClass(/is-chosen/);
        await expect.poll(() => painted(page, heads)).not.toBe(before);
        // In the table.
        await press(page.locator(".table-frame").getByRole("button", { name: "n1", exact: true }), by);
        await expect(page.locator("[data-key=n1]")).toHaveAttribute("aria-selected", "true");
        await expect(page.locator("[data-key=n4]")).toHaveAttribute("aria-selected", "false");
        await expect(title(page)).toContainText("n1");
        expect(await stepNow(page), "the cursor stays").toBe(step);
        // Escape chooses nothing.
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press("Escape");
        await expect(page.locator(".stage [aria-selected=true]")).toHaveCount(0);
      });

      test("a message that is chosen on the stage is marked in the diagram and told in the inspector", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 1);
        const message = page.locator(".message.is-flying").first();
        const before = await painted(page, canvas);
        if (by === "key") await message.focus();
        else await message.locator(".disc").click();
        await expect(message).toHaveAttribute("aria-selected", "true");
        await expect.poll(() => painted(page, canvas)).not.toBe(before);
        await expect(page.locator(".fields dt").getByText(say.sent)).toBeVisible();
      });

      test("a step that is chosen in the story, or among the causes, is the one of every view", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 5);
        const last = await stepNow(page);
        const diagram = await painted(page, canvas);
        await press(page.getByRole("tab", { name: say.story }), by);
        const line = page.locator(".story-line button").nth(7);
        const [step] = (await line.locator(".story-when").innerText()).match(/^\d+/);
        const sentence = await line.locator("span").nth(1).innerText();
        await press(line, by);
        await expect.poll(() => stepNow(page)).toBe(Number(step));
        expect(Number(step)).toBeLessThan(last);
        await expect(page.locator(".narration p")).toContainText(sentence.slice(0, 20));
        await expect(page.locator(".narration-step")).toHaveText(step);
        await expect.poll(() => painted(page, canvas)).not.toBe(diagram);
        await press(page.getByRole("tab", { name: say.inspector }), by);
        await expect(page.locator(".why li").first()).toContainText(sentence.slice(0, 20));

        const cause = page.locator(".why li button").nth(1);
        const [, caused] = (await cause.locator(".why-when").innerText()).match(/(\d+)/);
        await press(cause, by);
        await expect.poll(() => stepNow(page)).toBe(Number(caused));
      });

      test("why: a field leads to the step that set it, with what changed and the lines that ran", async ({ page }) => {
        await openPage(page, "./#raft/leader-crash");
        await goOn(page, 8);
        const later = await stepNow(page);
        if (by === "key") await page.locator("[data-key=n2]").focus();
        else await page.locator("[data-key=n2]").click();
        // The panel follows a frame or two later, and its buttons are about the node that it shows.
        await expect(page.locator(".fields h2")).toContainText("n2");
        await drawn(page);
        await press(page.getByRole("button", { name: say.why }), by);
        await expect.poll(() => stepNow(page)).toBeLessThan(later);
        await expect(page.locator(".fields mark del").first()).toBeVisible();
        await expect(page.locator(".fields mark ins").first()).toBeVisible();
        await expect(page.locator(".source .line.is-marked").first()).toBeVisible();
        await expect(page.locator(".source .panel-note")).toContainText(".rs");
        await expect(page.locator(".table-frame tbody tr")).not.toHaveCount(0);
      });
    });
  }
}
