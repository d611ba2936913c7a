// The link: what it says of itself, that it is copied, and that it is the very run; by pointer and by keyboard, in
// both languages.

import { chooseItem, expect, goOn, openMenu, openPage, press, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": { share: "Share run", link: "Link", copy: "Copy link", copied: "Copied", length: /(\d+) characters/, crash: "Crash",
    mermaid: "Copy the sequence diagram", mermaidCopied: "The diagram is copied.", file: "Open a scenario file …",
    none: "This is not a scenario file" },
  "zh-CN": { share: "分享", link: "链接", copy: "复制链接", copied: "已复制", length: /(\d+) 个字符/, crash: "崩溃",
    mermaid: "复制时序图", mermaidCopied: "已复制时序图。", file: "打开场景文件……", none: "这不是场景文件" },
};

const pasted = (page) => page.evaluate(() => navigator.clipboard.readText());

for (const [locale, say] of Object.entries(words)) {
  for (const by of ["pointer", "key"]) {
    test.describe(`${locale}, by ${by}`, () => {
      test.use({ locale, permissions: ["clipboard-read", "clipboard-write"] });

      test("the link is copied, says how long it is, and opens the very run", async ({ page, context }) => {
        await openPage(page, "./");
        await goOn(page, 4);
        await openMenu(page, "n2", by);
        await chooseItem(page, say.crash, by);
        await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
        const step = await stepNow(page);
        await press(page.getByRole("button", { name: say.share, exact: true }), by);
        const dialog = page.getByRole("dialog");
        await press(dialog.getByRole("button", { name: say.copy }), by);
        await expect(dialog.getByRole("button", { name: say.copied })).toBeVisible();
        const link = await pasted(page);
        expect(link).toBe(await dialog.getByRole("textbox", { name: say.link }).inputValue());
        const [, length] = (await dialog.innerText()).match(say.length);
        expect(Number(length)).toBe(link.length);
        const digest = (await dialog.innerText()).match(/[0-9a-f]{16}/)[0];
        await press(dialog.getByRole("button", { name: say.mermaid }), by);
        await expect(page.locator(".toasts")).toContainText(say.mermaidCopied);
        expect(await pasted(page)).toMatch(/^sequenceDiagram/);

        const copy = await context.newPage();
        await copy.goto(link);
        await expect.poll(() => stepNow(copy)).toBe(step);
        await expect(copy.locator("[data-key=n2]")).toHaveClass(/is-down/);
        await press(copy.getByRole("button", { name: say.share, exact: true }), by);
        await expect(copy.getByRole("dialog")).toContainText(digest);
      });

      test("a file that is no scenario is refused with what is wrong, and the run stays", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 2);
        const step = await stepNow(page);
        await press(page.getByRole("button", { name: say.share, exact: true }), by);
        const chooses = page.waitForEvent("filechooser");
        const file = page.locator("input[type=file]");
        if (by === "key") await file.press("Space");
        else await page.getByText(say.file).click();
        const buffer = Buffer.from('{"format":1,"protocol":"raft","setup":{"nodes":"many"}}');
        await (await chooses).setFiles({ name: "broken.json", mimeType: "application/json", buffer });
        await expect(page.getByRole("alert")).toContainText(say.none);
        expect(await stepNow(page)).toBe(step);
      });
    });
  }
}
