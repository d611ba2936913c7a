// axe finds nothing in either theme, at three widths, for every protocol, in the panels, menus and dialogs; and nothing
// overflows, at 320 pixels either. The two languages alternate, so that each is seen with each theme and width.

import { chooseScenario, expect, expectContrast, expectNoAxeViolations, goOn, openMenu, openPage, stepBy, test } from "../support/lamplight.js";

const protocols = ["raft", "paxos", "multi-paxos", "two-phase-commit", "three-phase-commit", "consistent-hashing"];
const themes = ["light", "dark"];
const widths = [1280, 768, 375, 320];

/** Goes on to where there is something to see; some runs come to rest before that. */
async function someWay(page) {
  await page.evaluate(() => document.activeElement?.blur());
  for (let milestones = 0; milestones < 3; milestones += 1) await page.keyboard.press("Shift+ArrowRight");
  await page.locator(".toast .quiet").first().click({ timeout: 500 }).catch(() => {});
}

/** Opens a run in which the leader crashes, a step before its end, so that acting leaves a branch. */
async function openSomeWayIn(page) {
  test.setTimeout(300_000);
  await openPage(page, "./#raft/leader-crash");
  await goOn(page, 5);
  await stepBy(page, "ArrowLeft");
}

async function expectNothingOverflows(page, what) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(wide, what).toBeLessThanOrEqual(room);
}

for (const [at, width] of widths.entries()) {
  for (const [which, colorScheme] of themes.entries()) {
    const locale = (at + which) % 2 === 0 ? "en-GB" : "zh-CN";
    test.describe(`${width} pixels, ${colorScheme}, ${locale}`, () => {
      test.use({ locale, colorScheme, viewport: { width, height: 812 }, contextOptions: { reducedMotion: "reduce" } });

      test("every protocol, some way into its run", async ({ page }) => {
        test.setTimeout(300_000);
        await openPage(page, "./");
        // Where to start is told once, and can be taken away.
        await page.locator(".toast .quiet").click();
        for (const protocol of protocols) {
          await chooseScenario(page, protocol);
          await someWay(page);
          await expect(page.locator(".narration p")).not.toBeEmpty();
          await expectNothingOverflows(page, protocol);
          if (width > 320) await expectNoAxeViolations(page);
          if (width === 1280 || width === 375) await expectContrast(page);
        }
      });

      test("every menu and panel", async ({ page }) => {
        await openSomeWayIn(page);
        await openMenu(page, "n3");
        await expectNothingOverflows(page, "the menu of a node");
        if (width > 320) await expectNoAxeViolations(page);
        // The first line of the menu crashes the node, which leaves a branch, a deed and a remark.
        await page.keyboard.press("Enter");
        await expect(page.locator("[data-key=n3]")).toHaveClass(/is-down/);
        if (width > 320) await expectNoAxeViolations(page);
        const tabs = await page.getByRole("tab").all();
        expect(tabs.length).toBeGreaterThan(5);
        for (const tab of tabs) {
          await tab.click();
          await expect(tab).toHaveAttribute("aria-selected", "true");
          await expectNothingOverflows(page, await tab.innerText());
          if (width > 320) await expectNoAxeViolations(page, "main");
        }
      });

      test("every dialog", async ({ page }) => {
        await openSomeWayIn(page);
        await openMenu(page, "n3");
        await page.keyboard.press("Enter");
        await expect(page.locator("[data-key=n3]")).toHaveClass(/is-down/);
        const seen = new Set();
        for (const opener of await page.locator("[aria-haspopup=dialog]:enabled").all()) {
          await opener.click();
          const dialog = page.getByRole("dialog");
          const name = await dialog.getAttribute("aria-label");
          seen.add(name);
          // What is folded away is looked at, too.
          for (const box of await dialog.locator("#chaos").all()) await box.click();
          for (const summary of await dialog.locator("summary").all()) await summary.click();
          await expectNothingOverflows(page, name);
          const [inner, outer] = await dialog.evaluate((element) => [element.scrollWidth, element.clientWidth]);
          expect(inner, name).toBeLessThanOrEqual(outer);
          if (width > 320) await expectNoAxeViolations(page, "dialog");
          if (width === 1280) await expectContrast(page);
          await page.keyboard.press("Escape");
          await expect(dialog).toHaveCount(0);
        }
        expect(seen.size, [...seen].join(", ")).toBe(10);
      });
    });
  }
}
