// Measures the built page in headless Chromium: frames a second while it plays, seek and render, first paint.
// Prints a table beside the budgets; read it as ratios, because machines are noisy.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(new URL("../tests/e2e/package.json", import.meta.url))("@playwright/test");

const port = 8391;
const address = `http://127.0.0.1:${port}/`;
const line = (what, measured, budget) => console.log(`  ${what.padEnd(72)} ${measured.padStart(16)}   ${budget}`);

/** A link to a run that is made from a scenario file. */
function linkOf(setup, cursor) {
  const file = join(mkdtempSync(join(tmpdir(), "lamplight-")), "scenario.json");
  writeFileSync(file, JSON.stringify({ format: 1, protocol: "raft", seed: 1, setup, cursor }));
  const made = spawnSync("cargo", ["run", "--quiet", "--locked", "--release", "--", "link", file], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  return made.stdout.trim();
}

const busy = (nodes) => ({ nodes, clients: 4, workload: { think_us_mean: 5000, keys: 4, commands_per_client: 0 } });
// Slow links and quick heartbeats: each of 99 followers has about ten messages under way.
const crowded = {
  nodes: 100,
  clients: 0,
  options: { heartbeat_interval_us: 10_000, election_timeout_us_min: 600_000, election_timeout_us_max: 1_200_000 },
  network: { latency_us_min: 55_000, jitter_us_mean: 5_000, jitter: "uniform", loss_ppm: 0, duplication_ppm: 0, reordering: true },
};

/** Frames per second over the next four seconds. */
const frameRate = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        let frames = 0;
        const started = performance.now();
        const next = () => {
          frames += 1;
          const passed = performance.now() - started;
          if (passed < 4000) requestAnimationFrame(next);
          else resolve((frames / passed) * 1000);
        };
        requestAnimationFrame(next);
      }),
  );

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];
const percentiles = (values) => `${median(values).toFixed(1)} / ${sorted(values)[Math.floor(values.length * 0.95)].toFixed(1)}`;

const server = spawn("node", ["scripts/serve.mjs", "dist", "--port", String(port)], { stdio: "ignore" });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});

async function open(link) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(address + (link ? `#${link.replace(/^.*#/, "")}` : ""));
  await page.getByRole("slider").first().waitFor();
  return page;
}

try {
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log("\nThe page in Chromium, without a GPU");

  const paints = [];
  const usables = [];
  for (let run = 0; run < 5; run += 1) {
    const started = Date.now();
    const page = await open();
    usables.push(Date.now() - started);
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
    await page.context().close();
  }
  line("first paint, cold, ms", median(paints).toFixed(0), "<= 250");
  line("usable, cold, ms (with starting a page)", median(usables).toFixed(0), "<= 300");

  {
    // What an animation can have at most on this machine.
    const page = await (await browser.newContext()).newPage();
    line("frames per second of an empty page", (await frameRate(page)).toFixed(1), "");
    await page.context().close();
  }

  for (const [title, setup, cursor] of [
    ["25 nodes", busy(25), 3000],
    ["50 nodes", busy(50), 5000],
    ["100 nodes", busy(100), 9000],
    ["100 nodes, about 1,000 messages in flight", crowded, 12000],
  ]) {
    const page = await open(linkOf(setup, cursor));
    await page.keyboard.press("Space");
    await page.waitForTimeout(500);
    line(`frames per second while playing, ${title}`, (await frameRate(page)).toFixed(1), ">= 58");
    await page.context().close();
  }

  {
    // The dense ring while its newcomer joins, as slowly as the page plays at first.
    const page = await open("consistent-hashing/dense-ring");
    await page.locator(".circle-canvas").first().waitFor();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Space");
    await page.waitForTimeout(500);
    line("frames per second while playing, 1,100 points, 10,000 keys", (await frameRate(page)).toFixed(1), ">= 60");
    await page.context().close();
  }

  for (const [nodes, budget] of [[5, 8], [50, 16]]) {
    const page = await open(linkOf(busy(nodes), 100_000));
    const title = `${nodes} nodes, 100,000 events, ms`;
    // One seek after the other: from the key until the run is at that step and the stage, the scrubber and the sentence
    // are written and laid out; and until the page's thread has painted them, too. Beside it the least that this browser
    // takes on this machine to show as much, which is what a seek cannot be faster than: the same elements written by
    // hand, with no run behind them.
    const [seeks, leasts] = await page.evaluate(async () => {
      const slider = document.querySelector(".tape");
      // Turns are not timers, because nested ones wait at least four milliseconds.
      const turn = () =>
        new Promise((resolve) => {
          const channel = new MessageChannel();
          channel.port1.onmessage = resolve;
          channel.port2.postMessage(0);
        });
      const measure = async (show) => {
        const times = { rendered: [], painted: [] };
        for (let run = 0; run < 200; run += 1) {
          const before = slider.getAttribute("aria-valuenow");
          const isOld = () => slider.getAttribute("aria-valuenow") === before && performance.now() - started < 1000;
          const started = performance.now();
          show(run);
          // The page draws in a microtask. Where it needs more, it is waited for, and painting counts as rendering.
          for (let task = 0; task < 50 && isOld(); task += 1) await Promise.resolve();
          while (isOld()) await turn();
          document.body.getBoundingClientRect();
          times.rendered.push(performance.now() - started);
          await turn();
          times.painted.push(performance.now() - started);
          // Some panels follow in the next frame; here it is not waited for, but it is let through.
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }
        return times;
      };
      const times = await measure((run) =>
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: String((run * 7 + 1) % 10), bubbles: true })),
      );
      await new Promise((resolve) => setTimeout(resolve, 600));

      const all = (selector) => [...document.querySelectorAll(selector)];
      const discs = all(".stage .messages .disc");
      const trails = all(".stage .messages .trail");
      const timers = all(".stage .timer");
      const lines = all(".narration p, .headline, .transport-figures strong").map((line) => [line, line.textContent]);
      const needle = document.querySelector(".needle");
      const byHand = await measure((run) => {
        const at = (run % 7) * 10;
        for (const disc of discs) disc.setAttribute("transform", `translate(${100 + at} ${120 + at})`);
        for (const trail of trails) trail.setAttribute("d", `M20 20L${100 + at} ${120 + at}`);
        for (const timer of timers) timer.setAttribute("stroke-dashoffset", at);
        for (const [line, text] of lines) line.textContent = text.slice(0, -1 - (run % 5));
        needle.style.transform = `translateX(${at}px)`;
        slider.setAttribute("aria-valuenow", run);
      });
      return [times, byHand];
    });
    line(`seek and render p50 / p95, ${title}`, percentiles(seeks.rendered), `<= ${budget}`);
    line(`  until it is painted, too`, percentiles(seeks.painted), `<= ${budget}`);
    line(`  the same elements written by hand, until they are painted`, percentiles(leasts.painted), "");

    // The elements are as the page left them again.
    await page.reload();
    await page.getByRole("slider").first().waitFor();
    // All that a seek makes the page's thread do: the run, every panel, the chain of causes, style, layout, paint.
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const busyMs = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
    };
    // An idle page does something, too: the asking itself.
    const idle = [];
    const works = [];
    for (let run = 0; run < 80; run += 1) {
      const before = await busyMs();
      if (run % 2) await page.keyboard.press(String((run * 7 + 1) % 10));
      await page.waitForTimeout(220);
      (run % 2 ? works : idle).push((await busyMs()) - before);
    }
    const rest = median(idle);
    line(`  all its work: the seek, every view, causes, code, painting`, percentiles(works.map((work) => work - rest)), `<= ${budget}`);
    await page.context().close();
  }
} finally {
  await browser.close();
  server.kill();
}
