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

const folder = new URL("../../../dist", import.meta.url).pathname;

export { expect };

export const test = base.extend({
  /** One server for each worker process: `{ url, origin }`, of which `url` ends with the sub-path. */
  site: [
    async ({}, use) => {
      const site = await serve({ folder: decodeURIComponent(folder), base: "/some/sub-path/" });
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
  await page.locator(".protocol-picker select").selectOption(protocol);
  if (scenario !== undefined) await page.locator(".scenario select").selectOption(scenario);
}

/** Fails with the rule, the elements and what to do about it for each accessibility violation that axe finds. */
export async function expectNoAxeViolations(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.target.join(" ")}`).join("\n")}`,
  );
  expect(found, "accessibility violations").toEqual([]);
}
