// What every spec imports instead of "@playwright/test".
//
//   import { expect, expectNoAxeViolations, openPage, test } from "../support/lamplight.js";
//
// The page is served below a sub-path, as a project page would be; `page.goto("./")` opens it. A test fails
// when the page logs an error, throws one, breaks its content security policy or asks for a missing file, even
// if everything that the test looks for is there.

import AxeBuilder from "@axe-core/playwright";
import { test as base, expect } from "@playwright/test";
import { serve } from "../../../scripts/serve.mjs";

/** The built page; `PAGE=target/dev-page` tries another build. */
export const folder = decodeURIComponent(new URL(`../../../${process.env.PAGE || "dist"}`, import.meta.url).pathname);

export { expect };

export const test = base.extend({
  /** One server for each worker process: `{ url, origin }`, of which `url` ends with the sub-path. */
  site: [
    async ({}, use) => {
      const site = await serve({ folder, base: "/some/sub-path/" });
      await use(site);
      await site.close();
    },
    { scope: "worker" },
  ],

  baseURL: async ({ site }, use) => use(site.url),

  /** For a test that provokes errors on purpose: `test.use({ errorsExpected: true })`. */
  errorsExpected: [false, { option: true }],

  /** The errors so far, which must be none at the end. */
  problems: async ({ errorsExpected }, use) => {
    const problems = [];
    await use(problems);
    if (errorsExpected) expect(problems, "errors in the page").not.toEqual([]);
    else expect(problems, "errors in the page").toEqual([]);
  },

  // Every page of the test is watched, those that a link or a script opens included.
  context: async ({ context, problems }, use) => {
    // A machine that is so many times slower finds tests that look too soon: `SLOWER=4 make test STAGES=e2e`.
    const slower = Number(process.env.SLOWER ?? 1);
    if (slower > 1) {
      context.on("page", async (page) => {
        // A page may be closed before it could be slowed down.
        const session = await context.newCDPSession(page).catch(() => null);
        await session?.send("Emulation.setCPUThrottlingRate", { rate: slower }).catch(() => {});
      });
    }
    context.on("console", (message) => {
      if (message.type() === "error") problems.push(`console: ${message.text()}`);
    });
    context.on("weberror", (error) => problems.push(`uncaught: ${error.error()}`));
    context.on("response", (response) => {
      if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
    });
    await use(context);
  },
});

/** Opens the page at `address`, relative to where it is served, and waits until it has taken over the body. */
export async function openPage(page, address = "./") {
  await page.goto(address);
  await expect(page.locator("body > .skeleton")).toHaveCount(0);
}

/** Chooses a built-in scenario by what the protocol and the scenario are called, or by the values of the lists. */
export async function chooseScenario(page, protocol, scenario) {
  const [name] = await page.locator(".protocol-picker select").selectOption(protocol);
  // The engine of another protocol has to be fetched first.
  await expect(page.locator(`.scenario option[value^="${name}/"]`)).not.toHaveCount(0);
  if (scenario !== undefined) await page.locator(".scenario select").selectOption(scenario);
}

/**
 * Fails with the rule, the elements and what to do about it for each accessibility violation that axe finds, in the
 * whole page or within one part of it, which is quicker.
 */
export async function expectNoAxeViolations(page, within) {
  // The page has no frames, so that axe needs no second page to put its findings together; and only violations are
  // looked at. Both make it three times as fast.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({
    resultTypes: ["violations"],
    // What is written on a control is part of its name, so that it can be spoken to; axe does not ask by itself.
    rules: { "label-content-name-mismatch": { enabled: true } },
  });
  const { violations } = await (within ? axe.include(within) : axe).analyze();
  // axe runs the words of a picture together. Each of them has to be part of the name.
  const isNamed = (target) =>
    page.locator(target).evaluate((element) => {
      const name = element.getAttribute("aria-label")?.toLowerCase();
      const texts = [...element.querySelectorAll("text")].filter((text) => text.checkVisibility());
      // Where there is no room the end of them is left out.
      const words = texts.map((text) => text.textContent.toLowerCase().replace(/ ?…$/, ""));
      return element.matches(".party, .message") && words.every((word) => name.includes(word));
    });
  const found = [];
  for (const { id, help, nodes } of violations) {
    const wrong = [];
    for (const node of nodes) {
      const target = node.target.join(" ");
      if (id !== "label-content-name-mismatch" || !(await isNamed(target))) wrong.push(`  ${target} ${node.html.slice(0, 160)}`);
    }
    if (wrong.length > 0) found.push(`${id}: ${help}\n${wrong.join("\n")}`);
  }
  expect(found, "accessibility violations").toEqual([]);
}

/**
 * Fails where what is written cannot be told from what lies behind it, as WCAG 1.4.3 computes it. axe leaves that open
 * wherever parts lie over each other, and for all that is written in a picture.
 */
export async function expectContrast(page) {
  const found = await page.evaluate(() => {
    // Everything is asked for by place, also what lets presses through.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { pointer-events: auto !important; transition: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1, 1];
    const to = canvas.getContext("2d", { willReadFrequently: true });
    const known = new Map();
    /** Red, green, blue and opacity of a colour, however it is written. */
    const read = (colour) => {
      if (!known.has(colour)) {
        to.clearRect(0, 0, 1, 1);
        to.fillStyle = colour;
        to.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = to.getImageData(0, 0, 1, 1).data;
        known.set(colour, [red, green, blue, alpha / 255]);
      }
      return known.get(colour);
    };
    const over = (top, alpha, ground) => top.slice(0, 3).map((part, at) => part * alpha + ground[at] * (1 - alpha));
    const opacity = (element) => {
      let all = 1;
      for (let at = element; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
      return all;
    };
    const luminance = (colour) => {
      const [red, green, blue] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const isInPicture = (element) => element instanceof SVGElement && element.tagName !== "svg";
    const faults = [];
    // What a dialog lies over is not to be read now.
    const shown = document.querySelector("dialog[open]") ?? document.body;
    const walker = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement;
      if (!text.data.trim() || element.closest(":disabled, .visually-hidden, option, script, template, [display=none]")) continue;
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const box = range.getClientRects()[0];
      if (!box?.width) continue;
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) continue;
      const behind = document.elementsFromPoint(x, y);
      const at = behind.findIndex((part) => part === element || part.contains(element));
      // Something lies over it, or it is scrolled away.
      if (at < 0 || (!isInPicture(element) && behind[0] !== element && !behind[0].contains(element) && !element.contains(behind[0]))) continue;
      const style = getComputedStyle(element);
      let ground = [255, 255, 255];
      for (const part of behind.slice(at).reverse()) {
        const look = getComputedStyle(part);
        if (isInPicture(part)) {
          if (!/^(rect|circle|path|polygon|ellipse)$/.test(part.tagName) || look.fill === "none") continue;
          const fill = read(look.fill);
          ground = over(fill, fill[3] * Number(look.fillOpacity) * opacity(part), ground);
        } else {
          const fill = read(look.backgroundColor);
          ground = over(fill, fill[3], ground);
        }
      }
      const ink = read(isInPicture(element) ? style.fill : style.color);
      const shown = over(ink, ink[3] * opacity(element), ground);
      const [darker, lighter] = [luminance(ground), luminance(shown)].sort((a, b) => a - b);
      const ratio = (lighter + 0.05) / (darker + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)}: “${text.data.trim().slice(0, 30)}” in ${element.getAttribute("class") ?? element.tagName}, ${style.fill} ${style.color} on ${ground.map(Math.round)}`);
    }
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    return [...new Set(faults)];
  });
  expect(found, "contrast").toEqual([]);
}

/** The number of the current step, as the transport shows it. */
export async function stepNow(page) {
  return Number((await page.locator(".transport-figures strong").textContent()).match(/\d+/)[0]);
}

/** Presses a key that moves the cursor, and waits until stage and transport show another step. */
export async function stepBy(page, key) {
  const before = await stepNow(page);
  await page.keyboard.press(key);
  await expect.poll(() => stepNow(page)).not.toBe(before);
}

/** Waits until the panels, which are drawn after the stage, have followed. */
export async function drawn(page) {
  await expect(page.locator(".column[aria-busy]")).toHaveCount(0);
}

/** Goes on to the next milestone so many times; the focus is nowhere, so that no widget keeps the keys. */
export async function goOn(page, milestones) {
  await page.evaluate(() => document.activeElement?.blur());
  for (let done = 0; done < milestones; done += 1) await stepBy(page, "Shift+ArrowRight");
}

/** What a canvas shows at this moment; while something moves on it, it never comes to rest. */
export function shown(page, selector) {
  return page.locator(selector).evaluate((canvas) => {
    // It is painted by a worker, so that it can only be copied.
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.clientWidth, canvas.clientHeight];
    copy.getContext("2d").drawImage(canvas, 0, 0, copy.width, copy.height);
    return copy.toDataURL();
  });
}

/** What a canvas shows when it has come to rest, to be compared with what it shows later. */
export async function painted(page, selector) {
  // What was asked for last is painted when nothing changes any more.
  for (let last = await shown(page, selector); ; ) {
    await page.waitForTimeout(100);
    const now = await shown(page, selector);
    if (now === last) return now;
    last = now;
  }
}

/** Opens the menu of a node, a client or a message of the stage, by pointer or by key. */
export async function openMenu(page, key, by = "pointer") {
  const item = page.locator(`.stage [data-key="${key}"]`);
  // The box of a message reaches back to where it came from: its disc is what one presses.
  const place = /^m\d/.test(key) ? item.locator(".disc") : item;
  if (by === "pointer") await place.click({ button: "right" });
  else {
    await item.focus();
    await page.keyboard.press("Enter");
  }
  await expect(page.getByRole("menu")).toBeVisible();
}

/** Chooses a line of the open menu, by pointer or with the arrow keys. */
export async function chooseItem(page, name, by = "pointer") {
  const line = page.getByRole("menuitem", { name, exact: true });
  if (by === "pointer") return line.click();
  const lines = await page.getByRole("menuitem").count();
  for (let pressed = 0; pressed < lines; pressed += 1) {
    if (await line.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press("ArrowDown");
  }
  await expect(line).toBeFocused();
  await page.keyboard.press("Enter");
}

/** Presses a button, by pointer or by key. */
export async function press(button, by = "pointer") {
  if (by === "pointer") await button.click();
  else await button.press("Enter");
}

/** Presses a key that moves the cursor, until this part of the page says that. */
export async function until(page, key, selector, text) {
  const part = page.locator(selector).first();
  // Tabs and fields keep the arrow keys to themselves while they have the focus.
  await page.evaluate(() => document.activeElement?.blur());
  for (let times = 0; times < 80; times += 1) {
    await stepBy(page, key);
    await drawn(page);
    if (text.test(await part.innerText())) return;
  }
  await expect(part).toContainText(text);
}

/** What stands in a table when it has come to rest: one list of words for each row. */
export async function rows(page, name) {
  const tab = page.getByRole("tab", { name, exact: true });
  await tab.click();
  await expect(tab).toHaveAttribute("aria-selected", "true");
  const read = () =>
    page.locator(".table-frame tbody tr").evaluateAll((lines) =>
      lines.map((line) => [...line.querySelectorAll("th, td")].map((cell) => cell.innerText.trim())),
    );
  // Tables are drawn after the stage.
  for (let last = await read(); ; ) {
    await page.waitForTimeout(200);
    const now = await read();
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}
