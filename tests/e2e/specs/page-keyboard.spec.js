// The whole story by keyboard alone (EXPERIENCE: "Everything works by keyboard").

import { expect, openPage, stepBy, stepNow as step, test } from "../support/lamplight.js";

/** Presses a key once for each milestone until `reached` is true of the stage. */
async function milestonesUntil(page, reached) {
  for (let milestones = 0; milestones < 40 && !(await reached()); milestones += 1) await stepBy(page, "Shift+ArrowRight");
  expect(await reached()).toBe(true);
}

/** Puts the focus on a node or client of the stage. */
async function focusParty(page, key) {
  await page.locator(`[data-key="${key}"]`).focus();
}

/** The digest that the share dialog shows; leaves the dialog closed. */
async function digest(page) {
  await page.getByRole("button", { name: "Share run" }).press("Enter");
  const text = await page.getByText(/digest [0-9a-f]{16}/).textContent();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  return text.match(/digest ([0-9a-f]{16})/)[1];
}

test("elect, submit, crash the leader, step back past the crash, act there, share, open the link", async ({ page, context }) => {
  await openPage(page, "./");
  const leader = () => page.locator(".party.tone-leader");
  await milestonesUntil(page, async () => (await leader().count()) === 1);
  const name = await leader().getAttribute("data-key");

  // Submit a command.
  await focusParty(page, "c1");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  const command = page.getByRole("textbox", { name: "Command" });
  await command.fill("put colour amber");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.locator(".narration")).toContainText(/c1/);

  // Crash the leader: the first line of its menu.
  await focusParty(page, name);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Crash", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  const crashed = page.locator(`.party.is-down[data-key="${name}"]`);
  await expect(crashed).toHaveCount(1);
  await expect(page.locator(`[data-key="${name}"]`), "the focus returns to where the menu was opened").toBeFocused();
  const crashStep = await step(page);

  // On, and back past the crash.
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => step(page)).toBe(crashStep + 1);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press(",");
  await expect.poll(() => step(page)).toBe(crashStep - 1);
  await expect(crashed).toHaveCount(0);

  // Acting here opens a branch, and the old future stays.
  const other = name === "n2" ? "n3" : "n2";
  await focusParty(page, other);
  await page.keyboard.press("ContextMenu");
  await page.getByRole("menuitem", { name: "Pause" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.locator(`.party.is-paused[data-key="${other}"]`)).toHaveCount(1);
  await expect(page.getByRole("status")).toContainText("new branch");
  await expect(page.getByRole("button", { name: /^\d+ branches$/ })).toBeVisible();

  // The link is the exact run.
  const here = await digest(page);
  const at = await step(page);
  await expect.poll(() => page.evaluate(() => location.hash.length)).toBeGreaterThan(1);
  const copy = await context.newPage();
  await copy.goto(page.url());
  await expect.poll(() => step(copy)).toBe(at);
  await expect(copy.getByRole("button", { name: "Play", exact: true }), "a link opens paused").toBeVisible();
  await expect(copy.locator(`.party.is-paused[data-key="${other}"]`)).toHaveCount(1);
  expect(await digest(copy)).toBe(here);
});

test("keys act on the page, and leave fields, buttons and combinations alone", async ({ page }) => {
  await openPage(page, "./");
  const first = await step(page);
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => step(page)).toBe(first + 1);

  // With Ctrl, Alt or Meta nothing happens.
  for (const key of ["Control+ArrowRight", "Alt+l", "Meta+."]) await page.keyboard.press(key);
  // A step takes a moment to be there.
  await page.waitForTimeout(500);
  expect(await step(page)).toBe(first + 1);

  // Space on a focused button presses that button and does not play.
  await page.getByRole("button", { name: "Help and keys" }).focus();
  await page.keyboard.press("Space");
  await expect(page.getByRole("dialog", { name: "Help and keys" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  // Letters in a field are letters.
  await page.getByRole("button", { name: "Command", exact: true }).press("Enter");
  await page.getByRole("textbox", { name: "Command" }).fill("");
  await page.keyboard.type("l.f?");
  await expect(page.getByRole("textbox", { name: "Command" })).toHaveValue("l.f?");
  await page.keyboard.press("Escape");
  expect(await step(page)).toBe(first + 1);

  // Space plays and pauses; j and l change the speed; Home and End seek.
  const speed = page.getByRole("combobox", { name: "Speed" });
  await page.locator("[data-key=n1]").focus();
  await page.keyboard.press("l");
  await expect(speed).toHaveValue("20");
  await page.keyboard.press("j");
  await expect(speed).toHaveValue("50");
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  await page.keyboard.press("Home");
  await expect.poll(() => step(page)).toBe(0);
  await page.keyboard.press("End");
  await expect.poll(() => step(page)).toBeGreaterThan(0);
});

test("the stage is one stop of the Tab key, and arrow keys go from node to node", async ({ page }) => {
  await openPage(page, "./");
  await expect(page.locator('.stage [tabindex="0"]')).toHaveCount(1);
  await page.locator("[data-key=n1]").focus();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator("[data-key=n2]")).toBeFocused();
  await expect(page.locator("[data-key=n2]")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(page.locator(".stage [data-key]").last(), "the list goes round").toBeFocused();
  await expect(page.locator('.stage [tabindex="0"]')).toHaveCount(1);
});
