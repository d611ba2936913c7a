// Pictures of the page, one set for each protocol, into docs/screenshots/: `make screenshots`.
//
//   node scripts/screenshots.mjs [FOLDER]
//
// It serves the built page (dist/ unless named) and looks at a scenario some way into its run, at the widths that
// the page is made for: light and dark, and once in Chinese. The pictures are WebP, written by the browser itself.

import { mkdir, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "./serve.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { chromium } = createRequire(join(root, "tests/e2e/package.json"))("@playwright/test");

/** No picture may be larger, in bytes. */
const BYTES_MAX = 150_000;
/** The quality that is tried first, and how far it is lowered for a picture that is too large. */
const QUALITIES = [82, 70, 55];

/** A scenario of each protocol, and how many milestones into it there is something to see. */
const scenes = [
  { protocol: "raft", scenario: "raft/leader-crash", milestones: 9 },
  { protocol: "paxos", scenario: "paxos/survivor", milestones: 6 },
  { protocol: "multi-paxos", scenario: "multi-paxos/gap", milestones: 9 },
  { protocol: "two-phase-commit", scenario: "two-phase-commit/everyone-in-doubt", milestones: 7 },
  { protocol: "three-phase-commit", scenario: "three-phase-commit/where-two-phase-blocks", milestones: 7 },
  { protocol: "consistent-hashing", milestones: 6 },
];

const looks = [
  { name: "1280-light", width: 1280, height: 800, colorScheme: "light", locale: "en-GB" },
  { name: "1280-dark", width: 1280, height: 800, colorScheme: "dark", locale: "en-GB" },
  { name: "768-light-zh", width: 768, height: 1024, colorScheme: "light", locale: "zh-CN" },
  { name: "375-light", width: 375, height: 812, colorScheme: "light", locale: "en-GB" },
];

/** What the page shows, as a WebP that is not larger than it may be. */
async function picture(page) {
  const session = await page.context().newCDPSession(page);
  for (const quality of QUALITIES) {
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality });
    const bytes = Buffer.from(data, "base64");
    if (bytes.length <= BYTES_MAX) return bytes;
  }
  throw new Error(`a picture is larger than ${BYTES_MAX} bytes`);
}

/** Opens the scenario and goes on to where there is something to see. */
async function play(page, address, { protocol, scenario, milestones }) {
  await page.goto(address);
  await page.locator(".stage .party").first().waitFor();
  await page.locator(".protocol-picker select").selectOption(protocol, { force: true });
  if (scenario) await page.locator(".scenario select").selectOption(scenario);
  const step = () => page.locator(".transport-figures strong").textContent();
  for (let done = 0; done < milestones; done += 1) {
    const before = await step();
    await page.keyboard.press("Shift+ArrowRight");
    await page.waitForFunction(
      (text) => document.querySelector(".transport-figures strong").textContent !== text, before, { timeout: 2_000 },
    ).catch(() => {});
  }
  // The toast of a first visit is not what the picture is of; why and source follow a little later.
  for (const close of await page.locator(".toast .quiet").all()) await close.click();
  await page.waitForTimeout(600);
}

const folder = process.argv[2] ?? join(root, "dist");
await stat(join(folder, "index.html")).catch(() => {
  throw new Error(`there is no page in ${folder}; \`make build\` makes one`);
});
const target = join(root, "docs/screenshots");
await mkdir(target, { recursive: true });
const site = await serve({ folder });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"],
});
try {
  for (const { name, width, height, colorScheme, locale } of looks) {
    const context = await browser.newContext({
      viewport: { width, height }, deviceScaleFactor: 1, colorScheme, locale, reducedMotion: "reduce",
    });
    const page = await context.newPage();
    for (const scene of scenes) {
      await play(page, site.url, scene);
      const bytes = await picture(page);
      const file = `${scene.protocol}-${name}.webp`;
      await writeFile(join(target, file), bytes);
      console.log(`${String(bytes.length).padStart(7)}  ${file}`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await site.close();
}
