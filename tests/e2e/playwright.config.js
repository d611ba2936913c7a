// The built page in the system's Chromium. `make test STAGES=e2e` installs what is missing, then runs this.

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "specs",
  outputDir: "output",
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  // Two browsers and two workers on a busy machine lose a race now and then that no reader could see. A test that fails
  // is tried once more; one that passes then is named in the summary, and more than a few of them fail
  // (unsteady.mjs). One that fails twice fails.
  retries: 1,
  reporter: [["list"], ["json", { outputFile: "../../target/test-logs/e2e.json" }]],
  // Generous, because two workers on two busy cores are slow now and then; a test that hangs still ends.
  timeout: 150_000,
  expect: { timeout: 25_000 },
  use: {
    browserName: "chromium",
    locale: "en-GB",
    // What is stored for a visit without a network would come before what a test changes on the way; the test of that
    // allows it.
    serviceWorkers: "block",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        // A browser that calls home waits for answers that a closed network never gives.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-domain-reliability",
        "--disable-sync",
        "--no-first-run",
        "--no-pings",
        // Chromium's sandbox refuses to run as root and in most containers; it sees nothing but our page here.
        "--no-sandbox",
        "--disable-dev-shm-usage",
      ],
    },
  },
});
