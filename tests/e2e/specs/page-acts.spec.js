// What one does with pointer: faults, conditions, links that are wrong.

import { expect, goOn, openPage, stepNow, test } from "../support/lamplight.js";

const strong = (page) => page.locator(".transport-figures strong");

test("a node is crashed and restarted from its menu", async ({ page }) => {
  await openPage(page, "./");
  await page.locator("[data-key=n2]").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Crash", exact: true }).click();
  await expect(page.locator("[data-key=n2]")).toHaveClass(/is-down/);
  // The palette works on the chosen node.
  await page.getByRole("button", { name: "Restart" }).click();
  await expect(page.locator("[data-key=n2]")).not.toHaveClass(/is-down/);
});

test("pressing a chosen node opens its menu, and Escape closes it", async ({ page }) => {
  await openPage(page, "./");
  await page.locator("[data-key=n3]").click();
  await expect(page.getByRole("menu")).toHaveCount(0);
  await expect(page.locator(".fields h2")).toContainText("n3");
  await page.locator("[data-key=n3]").click();
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toHaveCount(0);
});

test("a line dragged across the stage cuts the network, and one click heals it", async ({ page }) => {
  await openPage(page, "./");
  const box = await page.locator(".stage").boundingBox();
  await page.mouse.move(box.x + 12, box.y + box.height * 0.62);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.6, { steps: 4 });
  await page.mouse.move(box.x + box.width - 12, box.y + box.height * 0.6, { steps: 4 });
  await page.mouse.up();
  await expect(page.locator(".link.is-cut").first()).toBeVisible();
  await page.getByRole("button", { name: "Heal" }).click();
  await expect(page.locator(".link.is-cut")).toHaveCount(0);
});

test("groups can be chosen instead", async ({ page }) => {
  await openPage(page, "./");
  await page.getByRole("button", { name: "Partition" }).click();
  await page.getByRole("button", { name: "n1 in group C" }).click();
  await page.getByRole("button", { name: "Cut the network" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.locator(".link.is-cut").first()).toBeVisible();
});

test("one connection is cut in one direction, and mended", async ({ page }) => {
  await openPage(page, "./");
  await page.locator("[data-key=n1]").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Connections …" }).click();
  const only = page.getByRole("button", { name: "Only n1 reaches n3" });
  await only.click();
  await expect(only).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator(".link.is-cut")).toHaveCount(1);
  await page.getByRole("button", { name: "n1 and n3 hear each other" }).click();
  await expect(page.locator(".link.is-cut")).toHaveCount(0);
});

test("a message is held, released and dropped", async ({ page }) => {
  await openPage(page, "./");
  // The first milestone is an election: votes are asked for.
  do await goOn(page, 1);
  while ((await page.locator(".message.is-flying").count()) === 0);
  const message = page.locator(".message.is-flying").first();
  const key = await message.getAttribute("data-key");
  const same = page.locator(`[data-key="${key}"]`);
  await same.focus();
  for (const [name, fate] of [["Hold", /is-held/], ["Release", /is-flying/]]) {
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name, exact: true }).click();
    await expect(same).toHaveClass(fate);
  }
  await same.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Drop" }).click();
  await expect(page.locator(`.message.is-flying[data-key="${key}"]`)).toHaveCount(0);
});

test("what is invalid is explained at the field, and what is valid holds from here on", async ({ page }) => {
  await openPage(page, "./");
  await page.getByRole("button", { name: "Conditions" }).click();
  const loss = page.getByRole("textbox", { name: "Lost" });
  await loss.fill("120");
  await expect(loss).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("A number from 0 to 100.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Apply from here on" })).toBeDisabled();
  await loss.fill("25");
  await page.getByRole("button", { name: "Apply from here on" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("button", { name: "Conditions" }).click();
  await expect(loss).toHaveValue("25");
});

test("a command that is none is refused at its field", async ({ page }) => {
  await openPage(page, "./");
  await page.getByRole("button", { name: "Command", exact: true }).click();
  await page.getByRole("textbox", { name: "Command" }).fill("make it so");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await expect(page.getByRole("dialog")).toBeVisible();
});

test("by hand, the person chooses what happens next", async ({ page }) => {
  await openPage(page, "./");
  await page.getByRole("button", { name: "By hand" }).click();
  await expect(page.getByRole("tab", { name: "Pending" })).toHaveAttribute("aria-selected", "true");
  const third = page.locator(".pending-line").nth(2);
  const text = (await third.locator("span").nth(1).textContent()).match(/n\d/)[0];
  await third.click();
  await expect(page.locator(".narration p")).toContainText(text);
});

test("the tape seeks, also to where nothing is recorded yet", async ({ page }) => {
  await openPage(page, "./");
  const tape = page.getByRole("slider", { name: "The run" });
  const box = await tape.boundingBox();
  await page.mouse.click(box.x + box.width * 0.8, box.y + 28);
  const now = async () => Number(await tape.getAttribute("aria-valuenow"));
  await expect.poll(now).toBeGreaterThan(8);
  await page.mouse.click(box.x + 1, box.y + 28);
  // Before the first millisecond there is only the start of each node.
  await expect.poll(now).toBeLessThanOrEqual(5);
});

test("the code that ran is shown, with its lines marked", async ({ page }) => {
  await openPage(page, "./");
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.locator(".source .line.is-marked").first()).toBeVisible();
  await expect(page.locator(".source .panel-note")).toContainText(".rs");
});

test("why leads back to its cause", async ({ page }) => {
  await openPage(page, "./");
  await goOn(page, 2);
  const causes = page.locator(".why li button");
  // The causes are drawn after the stage.
  await expect(causes.first()).toContainText(`step ${await stepNow(page)}`);
  await expect(causes.nth(1)).toBeVisible();
  const cause = (await causes.nth(1).textContent()).match(/step (\d+)/)[1];
  await causes.nth(1).click();
  await expect(strong(page)).toHaveText(`step ${cause}`);
});

test("the last run survives a reload without a link", async ({ page }) => {
  await openPage(page, "./");
  await goOn(page, 1);
  await expect.poll(() => page.evaluate(() => location.hash)).not.toBe("");
  const at = await strong(page).textContent();
  await page.goto("about:blank");
  await openPage(page, "./");
  await expect(strong(page)).toHaveText(at);
});

test.describe("on a small screen", () => {
  test.use({ viewport: { width: 375, height: 812 } });

  test("what is wrong with a first link is told alone, and where to start the next time", async ({ page }) => {
    await openPage(page, "./#this-is-no-run");
    await expect(page.getByRole("alert")).not.toBeEmpty();
    await expect(page.locator(".toast")).toHaveCount(0);
    await page.goto("about:blank");
    await openPage(page, "./");
    await expect(page.locator(".toast")).toContainText("Start with Play");
  });
});

test("a damaged link says what is wrong, and the page goes on", async ({ page }) => {
  await openPage(page, "./");
  await goOn(page, 1);
  await expect.poll(() => page.evaluate(() => location.hash)).not.toBe("");
  const hash = await page.evaluate(() => location.hash);
  await page.evaluate((damaged) => { location.hash = damaged; }, `${hash.slice(0, -6)}AAAAAA`);
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("alert")).toHaveCount(0);

  await page.goto("about:blank");
  await openPage(page, "./#this-is-no-run");
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await expect(page.locator(".stage .party").first()).toBeVisible();
});
