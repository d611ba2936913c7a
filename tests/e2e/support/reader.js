// What a reader does and sees, said with what Playwright's pages and Puppeteer's have in common, so that the same story
// can be read in any browser.

/** Waits until something holds, and says what it was otherwise. */
export async function waitFor(what, look, milliseconds = 60_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The page has taken over the body and shows nodes. */
export const started = (page) =>
  waitFor("the page starts", () => page.evaluate(() => document.querySelectorAll(".stage .party").length > 0));

/** Opens another scenario by its address, without loading the page again. */
export async function openScenario(page, id) {
  await page.evaluate((to) => void (location.hash = to), id);
  await waitFor(`${id} is open`, () =>
    page.evaluate((to) => document.querySelector(".scenario select").value === to, id),
  );
}

/** Presses Shift and an arrow, which goes to the next milestone, and waits until stage and panels show it. */
export async function nextMilestone(page) {
  const step = () => page.evaluate(() => document.querySelector(".transport-figures strong").textContent);
  await page.evaluate(() => document.activeElement?.blur());
  const before = await step();
  await page.keyboard.down("Shift");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.up("Shift");
  await waitFor("another step", async () => (await step()) !== before);
  await waitFor("the panels follow", () => page.evaluate(() => !document.querySelector(".column[aria-busy]")));
}

/** What is told and shown at this step, in words. */
export const told = (page) =>
  page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.textContent.trim() ?? "";
    const texts = (selector) => [...document.querySelectorAll(selector)].map((found) => found.textContent.trim());
    return {
      step: text(".transport-figures strong"),
      headline: text(".headline"),
      sentence: text(".narration p"),
      parties: [...document.querySelectorAll(".stage .party")].map(
        (party) => `${party.dataset.key} ${party.getAttribute("class")} ${party.textContent}`,
      ),
      messages: texts(".stage .message text").length,
      rows: texts(".table-frame tbody tr"),
    };
  });

/** A digest of what the canvases of a kind show, and how many of their points are painted. */
export const picture = (page, selector) =>
  page.evaluate((which) => {
    let [painted, digest] = [0, 7];
    for (const canvas of document.querySelectorAll(which)) {
      // One that another stands in for shows nothing any more.
      if (getComputedStyle(canvas).visibility !== "visible" || !canvas.clientWidth) continue;
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [canvas.clientWidth, canvas.clientHeight];
      const to = copy.getContext("2d");
      to.drawImage(canvas, 0, 0, copy.width, copy.height);
      const bytes = to.getImageData(0, 0, copy.width, copy.height).data;
      for (let at = 0; at < bytes.length; at += 4) {
        if (bytes[at + 3] > 0) painted += 1;
        digest = (Math.imul(digest, 31) + bytes[at] + 3 * bytes[at + 1] + 7 * bytes[at + 3]) | 0;
      }
    }
    return { painted, digest: String(digest) };
  }, selector);

/** Watches a canvas for some time, and says how many different pictures it showed. */
export async function pictures(page, selector, looks = 8) {
  const seen = new Set();
  for (let look = 0; look < looks; look += 1) {
    seen.add((await picture(page, selector)).digest);
    await new Promise((done) => setTimeout(done, 120));
  }
  return seen.size;
}
