// A real Firefox, driven over WebDriver BiDi: Playwright's own is a patched one that has to be downloaded.

import puppeteer from "puppeteer-core";

/** Starts Firefox with these preferences. */
export function startFirefox(preferences = {}) {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr",
    headless: true,
    // As long as a busy machine takes.
    timeout: 120_000,
    protocolTimeout: 120_000,
    extraPrefsFirefox: {
      "intl.accept_languages": "en-GB",
      // A browser that calls home waits for answers that a closed network never gives.
      "app.update.enabled": false,
      "browser.safebrowsing.downloads.enabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      ...preferences,
    },
  });
}

/** Opens an address in a page of its own, in this size. What goes wrong in it is added to `problems`. */
export async function openInFirefox(browser, address, problems = [], viewport = { width: 1280, height: 800 }) {
  const page = await browser.newPage();
  await page.setViewport(viewport);
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message ?? error}`));
  await page.goto(address, { waitUntil: "load", timeout: 120_000 });
  return page;
}
