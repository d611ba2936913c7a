// What moves: elements that can be reached and pressed while the run rests, strokes on a canvas while it plays. They are
// painted by a worker, or by the page where a browser lets no worker paint.

import { chooseItem, expect, goOn, openMenu, openPage, painted, shown, stepBy, test } from "../support/lamplight.js";

const elements = (page) => page.locator(".stage .messages > *");
const moving = ".stage-frame canvas.moving";

/** Steps on to where at least one message is under way. */
async function untilMessages(page) {
  do await stepBy(page, "ArrowRight");
  while ((await elements(page).count()) === 0);
}

async function openRun(page) {
  await openPage(page, "./#raft/calm");
  await goOn(page, 2);
  await untilMessages(page);
}

test.use({ viewport: { width: 1280, height: 800 } });

test("while a run plays its messages are painted, and at rest they are elements again", async ({ page }) => {
  await openRun(page);
  await expect(page.locator(moving)).toBeHidden();
  await page.keyboard.press("Space");
  await expect(elements(page)).toHaveCount(0);
  await expect(page.locator(moving)).toBeVisible();
  const before = await shown(page, moving);
  await expect.poll(() => shown(page, moving)).not.toBe(before);
  await page.keyboard.press("Space");
  await expect(page.locator(moving)).toBeHidden();
  await untilMessages(page);
});

test("a message that is painted is pressed like one that is an element", async ({ page }) => {
  await openRun(page);
  // One that is held stays where it is while the run plays.
  // Of two that lie over each other only the upper one can be pressed.
  const key = await elements(page).evaluateAll((messages) => {
    const isOnTop = (message) => {
      const box = message.querySelector(".body").getBoundingClientRect();
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return top?.closest("[data-key]") === message;
    };
    return messages.find(isOnTop).dataset.key;
  });
  await openMenu(page, key);
  await chooseItem(page, "Hold");
  const held = page.locator(`.stage [data-key="${key}"].is-held`);
  await expect(held).toHaveCount(1);
  const disc = await held.locator(".body").boundingBox();
  const [x, y] = [disc.x + disc.width / 2, disc.y + disc.height / 2];
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Space");
  await expect(elements(page)).toHaveCount(0);
  // Another one may pass by at that very moment and be nearer: then one presses again.
  await expect(async () => {
    await page.keyboard.press("Escape");
    await page.mouse.click(x, y, { button: "right" });
    await expect(page.getByRole("menuitem", { name: "Release", exact: true })).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
});

test("without a worker that may paint, the page paints itself", async ({ page }) => {
  await page.addInitScript(() => delete HTMLCanvasElement.prototype.transferControlToOffscreen);
  await openPage(page, "./#raft/leader-crash");
  const diagram = ".diagram-frame canvas:not(.diagram-heads)";
  const before = await painted(page, diagram);
  await goOn(page, 4);
  await expect.poll(() => painted(page, diagram)).not.toBe(before);
});

test("while the needle is dragged the panels follow now and then, and show the last moment once it rests", async ({ page }) => {
  await openPage(page, "./#raft/calm");
  await goOn(page, 3);
  // A moment in every frame, for longer than the panels wait; the last one is none of those before.
  const changes = await page.evaluate(async () => {
    const changes = { tables: 0, side: 0 };
    const watches = Object.keys(changes).map((panel) => {
      const watch = new MutationObserver(() => (changes[panel] += 1));
      watch.observe(document.querySelector(`.tabs-${panel}`), { subtree: true, childList: true, characterData: true });
      return watch;
    });
    for (let frame = 0; frame < 120; frame += 1) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: String(1 + (frame % 8)), bubbles: true }));
      await new Promise(requestAnimationFrame);
    }
    for (const watch of watches) watch.disconnect();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "9", bubbles: true }));
    return changes;
  });
  // Logs and fields change less often than the stage, but they are not kept waiting for the end.
  expect(changes.tables).toBeGreaterThan(0);
  expect(changes.side).toBeGreaterThan(0);
  await expect(async () => {
    const [step, why] = await page.evaluate(() =>
      [".narration-step", ".why li.is-current .why-when"].map((selector) => document.querySelector(selector).textContent),
    );
    expect(why).toContain(`step ${step} `);
  }).toPass();
});

test("the inspector changes as a whole, not its links before its fields", async ({ page }) => {
  await openPage(page, "./#raft/calm");
  await goOn(page, 3);
  // Right after a step it shows what it showed before, whoever acts now: a client's fields lead nowhere.
  const { seen, changed } = await page.evaluate(async () => {
    const inspector = () => document.querySelector(".fields").innerHTML;
    const step = () => document.querySelector(".tape").getAttribute("aria-valuenow");
    const [seen, changed] = [[], []];
    for (let run = 0; run < 40; run += 1) {
      const [before, from] = [inspector(), step()];
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
      for (let task = 0; task < 200 && step() === from; task += 1) await Promise.resolve();
      if (step() !== from) seen.push(step());
      if (inspector() !== before) changed.push(step());
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return { seen, changed };
  });
  expect(seen.length).toBeGreaterThan(20);
  expect(changed).toEqual([]);
});
