// The element for other pages: one tag, a live figure, and never a broken page around it.

import AxeBuilder from "@axe-core/playwright";
import { existsSync } from "node:fs";
import { serve } from "../../../scripts/serve.mjs";
import { openInFirefox, startFirefox } from "../support/firefox.js";
import { FIGURES, figures, serveDocs, stepAll } from "../support/docs.js";
import { expect, test } from "../support/lamplight.js";

/** Every figure runs its own scenario, and none moves another. */
function expectAll(seen) {
  expect(seen.map(({ scenario }) => scenario)).toEqual(FIGURES.map(([scenario]) => scenario));
  expect(seen.map(({ moved }) => moved)).toEqual(FIGURES.map((_, at) => at + 3));
  expect(seen.map(({ nodes }) => nodes)).toEqual(FIGURES.map(([, nodes]) => nodes));
  for (const { nodes, drawn, sentence } of seen) {
    expect(drawn).toBe(nodes);
    expect(sentence).not.toBe("");
  }
}

const script = (site) => `${site.url}embed/lamplight.js`;

test("five figures with four protocols run side by side in a page of another origin", async ({ page, site }) => {
  const docs = await serveDocs({ body: figures(), script: script(site) });
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(docs.url);
  expectAll(await page.evaluate(stepAll));
  const wasm = requests.filter((url) => url.endsWith(".wasm"));
  expect(wasm.length, "each engine is fetched once, whoever uses it").toBe(4);
  const results = await new AxeBuilder({ page }).analyze();
  expect(results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`)).toEqual([]);
  await docs.close();
});

test("the same in Firefox", async ({ site }) => {
  const docs = await serveDocs({ body: figures(), script: script(site) });
  const firefox = await startFirefox();
  try {
    const problems = [];
    const page = await openInFirefox(firefox, docs.url, problems);
    expectAll(await page.evaluate(stepAll));
    expect(problems).toEqual([]);
  } finally {
    await firefox.close();
    await docs.close();
  }
});

test("a figure loads when it is about to be seen, and costs a page nothing before", async ({ page, site }) => {
  const body = `<div id="long"></div>${figures('poster="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E"')}`;
  const docs = await serveDocs({ body, script: script(site) });
  const requests = [];
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => {
      document.getElementById("long").style.height = "4000px";
    });
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const { value } of list.getEntries()) window.shifts += value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(docs.url);
  await expect(page.locator("lamplight-cluster").first()).toBeAttached();
  expect(requests.filter((path) => path.endsWith(".wasm"))).toEqual([]);
  const heights = () => page.evaluate(() => [...document.querySelectorAll("lamplight-cluster")].map((one) => one.offsetHeight));
  const before = await heights();
  await page.evaluate(() => document.querySelector("lamplight-cluster").scrollIntoView());
  await expect(page.getByRole("button", { name: "Play", exact: true }).first()).toBeVisible();
  await page.evaluate(stepAll);
  expect(await heights(), "no figure changes its height").toEqual(before);
  expect(await page.evaluate(() => window.shifts)).toBeLessThan(0.01);
  await page.setViewportSize({ width: 360, height: 640 });
  await page.reload();
  const narrow = await heights();
  await page.evaluate(stepAll);
  expect(await heights(), "nor in a narrow page").toEqual(narrow);
  await docs.close();
});

test("it is played, stepped and broken by keyboard alone, and says what happens", async ({ page, site }) => {
  const body = '<lamplight-cluster scenario="raft/calm" controls="faults" views="stage sentence inspector"></lamplight-cluster>';
  const docs = await serveDocs({ body, script: script(site) });
  await page.goto(docs.url);
  const figure = page.locator("lamplight-cluster");
  const step = () => figure.evaluate((one) => one.state().place.step);
  await figure.evaluate((one) => one.ready());
  await figure.getByRole("button", { name: "Step", exact: true }).focus();
  const begun = await step();
  await page.keyboard.press("Enter");
  await expect.poll(step).toBe(begun + 1);
  await figure.getByRole("slider").focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(step).toBe(begun + 2);
  await figure.getByRole("button", { name: "Play", exact: true }).focus();
  await page.keyboard.press("Enter");
  await expect(figure.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
  await expect.poll(step).toBeGreaterThan(begun + 3);
  await page.keyboard.press("Enter");
  await figure.getByRole("button", { name: /^n2,/ }).focus();
  await page.keyboard.press("Enter");
  await expect(figure.getByRole("table")).toContainText("n2");
  await figure.getByRole("button", { name: "Crash n2" }).focus();
  await page.keyboard.press("Enter");
  await expect(figure.locator(".sentence")).toContainText("n2 crashes");
  await expect(figure.getByRole("button", { name: "Restart n2" })).toBeFocused();
  await figure.getByRole("button", { name: "Cut n2 off" }).click();
  await figure.getByRole("button", { name: "Heal the network" }).click();
  await expect(figure.getByRole("button", { name: "Heal the network" })).toHaveCount(0);
  await docs.close();
});

test("attributes change at any time, and what is none is said with what there is", async ({ page, site }) => {
  const body = '<lamplight-cluster scenario="raft/calm" controls="some" views="stage sentence film"></lamplight-cluster>';
  const docs = await serveDocs({ body, script: script(site) });
  const warnings = [];
  page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
  await page.goto(docs.url);
  const figure = page.locator("lamplight-cluster");
  await figure.evaluate((one) => one.ready());
  expect(warnings.join("\n")).toContain('controls="some" is none of none, transport, faults');
  expect(warnings.join("\n")).toContain('"film"');
  await figure.evaluate((one) => one.setAttribute("scenario", "paxos/calm"));
  await expect.poll(() => figure.evaluate((one) => one.state().place.scenario)).toBe("paxos/calm");
  await figure.evaluate((one) => one.setAttribute("lang", "zh"));
  await expect(figure.getByRole("button", { name: "播放", exact: true })).toBeVisible();
  await figure.evaluate((one) => one.setAttribute("nodes", "3"));
  await expect.poll(() => figure.evaluate((one) => one.state().place.nodes)).toBe(3);
  await figure.evaluate((one) => one.setAttribute("controls", "none"));
  await expect(figure.getByRole("button")).toHaveCount(0);
  await docs.close();
});

test("a condition says where a figure begins and ends, and its link opens the very run", async ({ page, site }) => {
  const body = '<lamplight-cluster scenario="raft/calm" start="n1.role = candidate" until="any node leads" speed="20"></lamplight-cluster>';
  const docs = await serveDocs({ body, script: script(site) });
  await page.goto(docs.url);
  const figure = page.locator("lamplight-cluster");
  await figure.evaluate((one) => one.ready());
  const fact = () => figure.evaluate((one) => one.state().stage.parties[0].role);
  expect(await fact()).toBe("candidate");
  await figure.getByRole("button", { name: "Play", exact: true }).click();
  await expect.poll(fact).toBe("leader");
  await expect(figure.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  const headline = await figure.evaluate((one) => one.state().stage.headline);
  await figure.getByRole("link").hover();
  await expect(figure.getByRole("link")).toHaveAttribute("href", /#run=/);
  await page.goto(await figure.getByRole("link").getAttribute("href"));
  await expect(page.locator(".narration")).toBeVisible();
  await expect(page.getByText(headline, { exact: true }).first()).toBeVisible();
  await docs.close();
});

test("a challenge is told once in a run, at the first step at which it is so, whether that is played or jumped over", async ({ page, site }) => {
  const body = '<lamplight-cluster scenario="raft/calm" challenge="n3 leads" controls="faults" speed="20"></lamplight-cluster>';
  const docs = await serveDocs({ body, script: script(site) });
  await page.goto(docs.url);
  const figure = page.locator("lamplight-cluster");
  await figure.evaluate(async (one) => {
    window.told = [];
    one.addEventListener("challenge", ({ detail, composed }) => window.told.push({ ...detail, composed }));
    await one.ready();
    // Here n1 leads, and n3 does not.
    await one.seek(40);
  });
  const goal = figure.locator(".challenge");
  await expect(goal).toHaveText("Goal: n3 leads");
  expect(await page.evaluate(() => window.told)).toEqual([]);
  await figure.evaluate(async (one) => {
    await one.seek(10);
    await one.intervene({ crash: { node: 0 } });
  });
  await figure.getByRole("button", { name: "Play", exact: true }).click();
  await expect.poll(() => page.evaluate(() => window.told.length)).toBe(1);
  const [{ step, condition, composed }] = await page.evaluate(() => window.told);
  expect([condition, composed]).toEqual(["n3 leads", true]);
  await expect(goal).toHaveText(`Reached at step ${step}: n3 leads`);
  // The same run once more is told once more, and the same step is found by who jumps over it.
  await figure.evaluate(async (one) => {
    await one.reset();
    await one.seek(10);
    await one.intervene({ crash: { node: 0 } });
    await one.seek(200);
    await one.seek(5);
    await one.seek(200);
  });
  expect(await page.evaluate(() => window.told.map((one) => one.step))).toEqual([step, step]);
  // As a property, and with what the element says of a condition that is none.
  await figure.evaluate((one) => (one.challenge = "n3 shines"));
  await expect(figure.getByRole("alert")).toContainText("shines");
  await docs.close();
});

test("one that loops begins again at its start, again and again, and steps in order", async ({ page, site }) => {
  const body = '<lamplight-cluster scenario="raft/calm" end="14" speed="20" autoplay loop></lamplight-cluster>';
  const docs = await serveDocs({ body, script: script(site) });
  await page.addInitScript(() => {
    window.steps = [];
    addEventListener("DOMContentLoaded", () => {
      document.querySelector("lamplight-cluster").addEventListener("step", ({ detail }) => window.steps.push(detail.step));
    });
  });
  await page.goto(docs.url);
  const begins = () => page.evaluate(() => window.steps.filter((step, at, all) => at > 0 && step < all[at - 1]).length);
  await expect.poll(begins).toBeGreaterThan(2);
  const steps = await page.evaluate(() => window.steps);
  const start = Math.min(...steps);
  for (const [at, step] of steps.entries()) {
    if (at === 0) continue;
    const before = steps[at - 1];
    expect(step === before + 1 || (step === start && before === 14), `${before} is followed by ${step}`).toBe(true);
  }
  // What the reader does is a run of their own: it goes on beyond the author's end.
  const figure = page.locator("lamplight-cluster");
  await figure.evaluate((one) => one.intervene({ crash: { node: 4 } }));
  await figure.evaluate((one) => one.seek(30));
  expect(await figure.evaluate((one) => one.state().place.step)).toBe(30);
  const refusal = await figure.evaluate((one) => one.seek(1e12).catch(({ message }) => message));
  expect(refusal).toContain("no step from 0");
  await docs.close();
});

test("one that leaves its page while it loads runs nowhere, and comes back when it does", async ({ page, site }) => {
  const docs = await serveDocs({ body: '<lamplight-cluster scenario="raft/calm" loading="manual"></lamplight-cluster>', script: script(site) });
  await page.goto(docs.url);
  const seen = await page.evaluate(async () => {
    await customElements.whenDefined("lamplight-cluster");
    const figure = document.querySelector("lamplight-cluster");
    const place = figure.parentNode;
    const loading = figure.ready().then(() => "ready", ({ message }) => message);
    figure.remove();
    const told = [await loading, await figure.ready().catch(({ message }) => message), figure.state()];
    place.append(figure);
    await figure.ready();
    return [...told, figure.state().place.scenario, figure.shadowRoot.querySelectorAll(".failure").length];
  });
  expect(seen).toEqual(["the figure has left its page", "the figure is in no page", undefined, "raft/calm", 0]);
  await docs.close();
});

test.describe("where it cannot run", () => {
  const inside = "<p>A leader is elected.</p>";
  const body = `<lamplight-cluster scenario="raft/calm">${inside}</lamplight-cluster>`;

  test.describe("without scripts", () => {
    test.use({ javaScriptEnabled: false });
    test("what stands inside is shown", async ({ page, site }) => {
      const docs = await serveDocs({ body, script: script(site) });
      await page.goto(docs.url);
      await expect(page.getByText("A leader is elected.")).toBeVisible();
      await docs.close();
    });
  });

  test.describe("below a policy without WebAssembly", () => {
    test("what stands inside stays, and the figure says why", async ({ page, site }) => {
      const policy = `default-src 'none'; script-src ${site.origin}; connect-src ${site.origin}; img-src data:`;
      const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
      const docs = await serveDocs({ body, script: script(site), head });
      await page.goto(docs.url);
      await expect(page.getByRole("alert")).toContainText("could not be shown");
      await expect(page.getByText("A leader is elected.")).toBeVisible();
      await docs.close();
    });
  });

  test.describe("one that fails", () => {
    test("says so in its place, and the others go on", async ({ page, site }) => {
      const bad = '<lamplight-cluster scenario="raft/nothing"></lamplight-cluster>';
      const docs = await serveDocs({ body: `${bad}${figures()}`, script: script(site) });
      await page.goto(docs.url);
      await expect(page.getByRole("alert")).toContainText("raft/nothing");
      await page.evaluate(() => document.querySelector("lamplight-cluster").remove());
      expectAll(await page.evaluate(stepAll));
      await docs.close();
    });
  });
});

test("a strict policy, inline styles and workers forbidden, is no obstacle", async ({ page, site }) => {
  const from = site.origin;
  const policy = `default-src 'none'; script-src ${from} 'wasm-unsafe-eval'; connect-src ${from}; img-src data:; worker-src 'none'`;
  const docs = await serveDocs({ body: figures(), script: script(site), head: `<meta http-equiv="Content-Security-Policy" content="${policy}">` });
  await page.goto(docs.url);
  expectAll(await page.evaluate(stepAll));
  await docs.close();
});

test("storage refused, another shadow root, and a move in the page change nothing", async ({ page, site }) => {
  const docs = await serveDocs({ body: '<div id="one"></div><div id="other"></div>', script: script(site) });
  await page.addInitScript(() => {
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("refused", "SecurityError");
      },
    });
  });
  await page.goto(docs.url);
  const seen = await page.evaluate(async () => {
    const root = document.getElementById("one").attachShadow({ mode: "open" });
    const figure = document.createElement("lamplight-cluster");
    figure.setAttribute("scenario", "raft/calm");
    root.append(figure);
    await figure.ready();
    await figure.seek(40);
    document.getElementById("other").append(figure);
    await new Promise((done) => setTimeout(done, 50));
    return figure.state()?.place.step;
  });
  expect(seen).toBe(40);
  await docs.close();
});

for (const [width, height] of [[320, 640], [640, 360]]) {
  test(`at ${width} × ${height} nothing is cut off`, async ({ page, site }) => {
    await page.setViewportSize({ width, height });
    const docs = await serveDocs({ body: figures('controls="faults"'), script: script(site) });
    await page.goto(docs.url);
    await page.evaluate(stepAll);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("lamplight-cluster")].flatMap((figure) =>
        [...figure.shadowRoot.querySelectorAll("button")].filter((one) => one.offsetHeight < 24 || one.offsetWidth < 24).map((one) => one.title),
      ),
    );
    expect(small).toEqual([]);
    await docs.close();
  });
}

test("a worker carries the engine where one is allowed, with the same bytes", async ({ page }) => {
  await page.goto("./gallery.html");
  const seen = await page.evaluate(async () => {
    const { Cluster, protocols } = await import(new URL("./embed/cluster.js", document.baseURI));
    const found = [];
    for (const protocol of protocols()) {
      for (let seed = 1; seed <= 20; seed += 1) {
        const digests = [];
        for (const carrier of ["auto", "thread"]) {
          const cluster = await Cluster.open({ protocol, seed, carrier });
          await cluster.seek(400);
          digests.push(`${cluster.carrier} ${await cluster.digest()}`);
          cluster.close();
        }
        found.push([protocol, seed, ...digests]);
      }
    }
    return found;
  });
  expect(seen.length).toBe(120);
  for (const [protocol, seed, worker, thread] of seen) {
    expect(worker.split(" ")[0]).toBe("worker");
    expect(thread.split(" ")[0]).toBe("thread");
    expect(worker.split(" ")[1], `${protocol} ${seed}`).toBe(thread.split(" ")[1]);
  }
});

test("a hundred figures that came and went leave nothing behind", async ({ page, site }) => {
  const docs = await serveDocs({ body: '<div id="place"></div>', script: script(site) });
  await page.goto(docs.url);
  const mount = (times) =>
    page.evaluate(async (count) => {
      await customElements.whenDefined("lamplight-cluster");
      for (let at = 0; at < count; at += 1) {
        const figure = document.createElement("lamplight-cluster");
        figure.setAttribute("scenario", "raft/calm");
        document.getElementById("place").append(figure);
        await figure.ready();
        await figure.step(5);
        figure.remove();
        await new Promise((done) => setTimeout(done, 5));
      }
    }, times);
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize;
  };
  await mount(10);
  const before = await heap();
  await mount(100);
  expect((await heap()) / before).toBeLessThan(1.1);
  await docs.close();
});

test("what Vite builds from the package runs, in a worker of its own", async ({ page }) => {
  const built = decodeURIComponent(new URL("../../../target/vite-site", import.meta.url).pathname);
  test.skip(!existsSync(built), "the stage before it builds the site");
  const site = await serve({ folder: built });
  await page.goto(site.url);
  const seen = await page.locator("lamplight-cluster").evaluate(async (figure) => {
    await customElements.whenDefined("lamplight-cluster");
    await figure.ready();
    const cluster = await window.Cluster.open({ protocol: "paxos" });
    return [await figure.step(3), figure.state().place.step, cluster.carrier];
  });
  expect(seen[0]).toBe(seen[1]);
  expect(seen[2]).toBe("worker");
  await site.close();
});

test.describe("the frame", () => {
  const frame = (site, origin) =>
    `<iframe src="${site.url}embed.html#scenario=raft/calm${origin ? `&origin=${origin}` : ""}" title="A cluster" width="640" height="560"></iframe>`;
  /** A page that keeps what the frame says, and can speak to it. */
  const listen = (page) =>
    page.addInitScript(() => {
      if (window.parent !== window) return;
      window.heard = [];
      addEventListener("message", ({ data }) => window.heard.push(data));
      window.speak = (data) => document.querySelector("iframe").contentWindow.postMessage(data, "*");
    });
  const heard = (page, event) => page.evaluate((name) => window.heard.filter((data) => data.event === name), event);

  test("does what a trusted page asks for, and says how high it is", async ({ page, site }) => {
    // The address of the docs has to be known to the frame before there is one.
    const docs = await serveDocs({ body: '<div id="place"></div>' });
    await listen(page);
    await page.goto(docs.url);
    await page.evaluate((text) => {
      document.getElementById("place").innerHTML = text;
    }, frame(site, docs.origin));
    await expect.poll(() => heard(page, "ready").then((all) => all.length)).toBe(1);
    expect((await heard(page, "size")).at(-1).detail.height).toBeGreaterThan(200);
    await page.evaluate(() => window.speak({ lamplight: 1, do: "seek", with: 40, number: 7 }));
    await expect.poll(() => heard(page, "answer")).toEqual([{ lamplight: 1, event: "answer", detail: { number: 7, value: 40 } }]);
    // Nonsense and a flood of it are told once each second, and do nothing.
    await page.evaluate(() => {
      for (let at = 0; at < 500; at += 1) window.speak({ lamplight: 1, do: "eval", with: "1" });
      for (const data of [null, 1, "x", {}, { lamplight: 2, do: "play" }, { lamplight: 1, do: "step", with: "many" }]) window.speak(data);
    });
    await expect.poll(() => heard(page, "error").then((all) => all.length)).toBe(1);
    await page.waitForTimeout(300);
    expect((await heard(page, "error")).length).toBeLessThanOrEqual(2);
    const length = await page.evaluate(() => history.length);
    expect(length).toBeLessThanOrEqual(2);
    expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
    await docs.close();
  });

  test("neither listens nor speaks to a page that it was not told to trust", async ({ page, site }) => {
    const docs = await serveDocs({ body: frame(site, "https://docs.example") });
    await listen(page);
    await page.goto(docs.url);
    const inner = page.frameLocator("iframe").locator("lamplight-cluster");
    await expect(inner.getByRole("button", { name: "Play", exact: true })).toBeVisible();
    await page.evaluate(() => window.speak({ lamplight: 1, do: "seek", with: 40 }));
    await page.waitForTimeout(300);
    expect(await inner.evaluate((one) => one.state().place.step)).not.toBe(40);
    expect(await page.evaluate(() => window.heard)).toEqual([]);
    await docs.close();
  });
});
