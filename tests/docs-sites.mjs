// The example sites of `docs/embedding/`, built by their tools, opened in Chromium, and stepped.
//
//   node tests/docs-sites.mjs [NAME …]     after `make package`; needs python3 with venv, npm, and Chromium

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { serve } from "../scripts/serve.mjs";

const { chromium } = createRequire(resolve("tests/e2e/package.json"))("playwright-core");

const run = (program, args, cwd) => execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const python = (folder, ...packages) => {
  run("python3", ["-m", "venv", "venv"], folder);
  run("venv/bin/pip", ["install", "--quiet", "--disable-pip-version-check", ...packages], folder);
};

/** Where the static files of each tool are, how it builds, and where it writes. */
const TOOLS = {
  html: { files: "lamplight", build: () => {}, out: "." },
  mkdocs: {
    files: "docs/lamplight",
    build(folder) {
      python(folder, "mkdocs==1.6.1");
      run("venv/bin/mkdocs", ["build", "--quiet"], folder);
    },
    out: "site",
  },
  sphinx: {
    files: "_static/lamplight",
    build(folder) {
      python(folder, "sphinx==9.0.4");
      run("venv/bin/sphinx-build", ["-q", "-W", ".", "site", "-D", "exclude_patterns=venv,site"], folder);
    },
    out: "site",
  },
  vitepress: {
    files: "public/lamplight",
    build(folder) {
      writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "docs", private: true, type: "module" }));
      run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error", "vitepress@1.6.4"], folder);
      run("node_modules/.bin/vitepress", ["build"], folder);
    },
    out: ".vitepress/dist",
  },
};

const wanted = process.argv.slice(2);
const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
let wrong = 0;
for (const [name, { files, build, out }] of Object.entries(TOOLS)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const folder = mkdtempSync(join(tmpdir(), `lamplight-${name}-`));
  try {
    cpSync(`docs/embedding/${name}`, folder, { recursive: true });
    cpSync("target/package", join(folder, files), { recursive: true });
    build(folder);
    const site = await serve({ folder: join(folder, out) });
    const page = await browser.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(site.url);
    const seen = await page.locator("lamplight-cluster").evaluate(async (figure) => {
      await customElements.whenDefined("lamplight-cluster");
      await figure.ready();
      const begun = figure.state().place.step;
      await figure.step(3);
      return { moved: figure.state().place.step - begun, sentence: figure.shadowRoot.querySelector(".sentence").textContent };
    });
    await page.close();
    await site.close();
    if (seen.moved !== 3 || !seen.sentence || problems.length) throw new Error(JSON.stringify({ seen, problems }));
    console.log(`${name}: built, opened and stepped: ${seen.sentence}`);
  } catch (error) {
    wrong += 1;
    console.error(`${name}: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
await browser.close();
process.exit(wrong ? 1 : 0);
