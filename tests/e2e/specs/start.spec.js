// How the page starts, and what it says when it cannot.

import { expect, expectNoAxeViolations, openPage, test } from "../support/lamplight.js";

test("the page starts below a sub-path", async ({ page }) => {
  await openPage(page);
  await expect(page).toHaveTitle(/Lamplight/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expectNoAxeViolations(page);
});

test("the page asks no one else for anything", async ({ page, site }) => {
  const elsewhere = [];
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url)) elsewhere.push(request.url());
  });
  await openPage(page);
  await page.waitForLoadState("networkidle");
  expect(elsewhere).toEqual([]);
});

test("the content security policy allows no inline code and no inline style", async ({ page }) => {
  await openPage(page);
  const policy = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|\*/);
});

test.describe("with a file lost", () => {
  test.use({ errorsExpected: true });

  test("there is a message instead of an empty page", async ({ page }) => {
    await page.route("**/*.wasm", (route) => route.fulfill({ status: 404 }));
    await page.goto("./");
    await expect(page.getByRole("alert")).toContainText("Lamplight could not start");
    await expect(page.getByRole("alert")).toContainText("Lamplight 无法启动");
    await expectNoAxeViolations(page);
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the page says what it needs", async ({ page }) => {
    await page.goto("./");
    // Searching by text passes over <noscript>, hence the element.
    const message = page.locator("noscript p");
    await expect(message.filter({ hasText: "it needs JavaScript and WebAssembly" })).toBeVisible();
    await expect(message.filter({ hasText: "需要 JavaScript 和 WebAssembly" })).toBeVisible();
  });
});
