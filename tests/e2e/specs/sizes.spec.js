// A grid of sizes, from a small telephone to a large screen: stage, sentence and Play are in view, everything that can be
// pressed can be pressed, nothing overflows; and type and stage grow with the room.

import { expect, goOn, openPage, test } from "../support/lamplight.js";

const grid = [
  [320, 480], [320, 640], [360, 740], [375, 667], [375, 812], [412, 915], [480, 640], [568, 320], [600, 600], [640, 360],
  [667, 375], [720, 405], [720, 800], [768, 1024], [800, 600], [812, 375], [853, 480], [854, 480], [960, 540], [1024, 576],
  [1024, 768], [1120, 600], [1180, 820], [1280, 640], [1280, 720], [1280, 800], [1366, 768], [1440, 900], [1920, 1080],
  [2560, 1440],
];

/** What is wrong with the page at its present size: a list of sentences, empty if nothing is. */
function faults() {
  const [width, height] = [innerWidth, innerHeight];
  const found = [];
  const name = (element) =>
    (element.getAttribute("aria-label") ?? element.dataset.key ?? element.textContent.trim()).slice(0, 40) || element.className;
  const isInView = (box) => box.left >= -0.5 && box.top >= -0.5 && box.right <= width + 0.5 && box.bottom <= height + 0.5;

  if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const scroller of document.querySelectorAll(".columns")) scroller.scrollTop = 0;
  for (const selector of [".stage-frame", ".narration", ".play", ".tape", ".headline"]) {
    const box = document.querySelector(selector).getBoundingClientRect();
    if (!isInView(box)) found.push(`${selector} is not in view: ${JSON.stringify(box)}`);
  }
  // Two lines of the sentence at least, and a stage on which one can see something.
  const [stage, words] = [".stage-frame", ".narration"].map((part) => document.querySelector(part).getBoundingClientRect());
  if (words.height < 40) found.push(`the sentence has ${words.height} px`);
  if (stage.height < 105 || stage.width < 200) found.push(`the stage has ${stage.width} × ${stage.height} px`);

  // What lies over the middle of each thing that can be pressed, where it is in view or once it is scrolled there.
  const pressable = "button:enabled, select, input, summary, a[href], [role=slider], [role=tab], [role=option]";
  for (const element of document.querySelectorAll(pressable)) {
    if (element.closest(".visually-hidden") || !element.checkVisibility({ visibilityProperty: true })) continue;
    const target = element.querySelector(".body, .disc") ?? element;
    const at = () => {
      const box = target.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2, box];
    };
    let [x, y, box] = at();
    if (!box.width) continue;
    const hit = () => document.elementFromPoint(x, y);
    const isHit = () => element === hit() || element.contains(hit()) || hit()?.closest("label")?.contains(element);
    if (isHit()) continue;
    target.scrollIntoView({ block: "center", inline: "center" });
    [x, y, box] = at();
    if (isHit()) continue;
    // The slider over the circle lies below the nodes, and takes presses through the stage. Messages may lie over messages.
    if (element.matches(".circle-slider, .message") && hit()?.closest(".stage-frame")) continue;
    const what = hit();
    found.push(`${name(element)} at ${x | 0},${y | 0} lies under ${what ? `${what.tagName}.${what.getAttribute("class")}` : "nothing"}`);
  }
  return found;
}

/** Resizes the window, and waits until the page has followed. */
async function resize(page, [width, height]) {
  await page.setViewportSize({ width, height });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60)))));
}

for (const locale of ["en-GB", "zh-CN"]) {
  test.describe(locale, () => {
    test.use({ locale });

    test("stage, sentence and Play are in view at every size, and nothing lies over what can be pressed", async ({ page }) => {
      test.setTimeout(400_000);
      await openPage(page, "./#raft/leader-crash");
      // The remark of a first visit is still there at the first sizes.
      await expect(page.locator(".toast")).toHaveCount(1);
      const wrong = {};
      const look = async (what, sizes) => {
        for (const size of sizes) {
          await resize(page, size);
          const found = await page.evaluate(faults);
          if (found.length > 0) wrong[`${size.join(" × ")} ${what}`] = found;
        }
      };
      await look("with a remark", [[375, 667], [640, 360], [1280, 720]]);
      await page.setViewportSize({ width: 1280, height: 800 });
      await goOn(page, 4);
      await page.locator("[data-key=n3]").focus();
      await page.locator("[data-key=n3]").click({ button: "right" });
      await page.keyboard.press("Enter");
      await expect(page.locator("[data-key=n3]")).toHaveClass(/is-down/);
      await look("a crash", grid);
      for (const scenario of ["consistent-hashing/ring", "two-phase-commit/everyone-in-doubt", "multi-paxos/gap"]) {
        await page.evaluate((to) => void (location.hash = to), scenario);
        await expect(page.locator(".scenario select")).toHaveValue(scenario);
        await goOn(page, 2);
        await look(scenario, [[320, 480], [375, 667], [640, 360], [854, 480], [1024, 576], [1280, 720], [1920, 1080]]);
      }
      expect(wrong).toEqual({});
    });
  });
}

test("on a projector type and stage are larger, and the presentation view makes them larger still", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await openPage(page, "./#raft/calm");
  await goOn(page, 3);
  const measure = () =>
    page.evaluate(() => {
      const pixels = (selector) => {
        const element = document.querySelector(selector);
        const scale = element.ownerSVGElement ? element.getScreenCTM().a : 1;
        return parseFloat(getComputedStyle(element).fontSize) * scale;
      };
      return { sentence: pixels(".narration p"), name: pixels(".party .name"), figure: pixels(".party .figure") };
    });
  const small = await measure();
  expect(small.sentence).toBeCloseTo(15.26, 1);
  await resize(page, [1920, 1080]);
  const large = await measure();
  expect(large.sentence).toBeGreaterThan(18);
  expect(large.figure).toBeGreaterThan(14);

  await page.getByRole("button", { name: "Presentation" }).click();
  await expect(page.getByRole("button", { name: "Presentation" })).toHaveAttribute("aria-pressed", "true");
  await expect.poll(async () => (await measure()).sentence).toBeGreaterThan(26);
  expect((await measure()).name).toBeGreaterThan(24);
  expect(await page.evaluate(faults)).toEqual([]);
  await expect(page.locator(".column-side, .column-middle")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Share run" })).toBeHidden();
  // One goes on from there as before; Escape leads back, and the key to and fro.
  await page.locator("[data-key=n1]").focus();
  const step = page.locator(".transport-figures strong");
  const before = await step.textContent();
  await page.keyboard.press("ArrowRight");
  await expect(step).not.toHaveText(before);
  await page.keyboard.press("Escape");
  await expect(page.locator(".column-side")).toHaveCount(1);
  await page.keyboard.press("p");
  await expect(page.locator(".column-side")).toHaveCount(0);
  await page.keyboard.press("p");
  await expect(page.getByRole("button", { name: "Share run" })).toBeVisible();
});
