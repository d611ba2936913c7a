// What is saved from the page: it is read back by the page, or by the format's own reader.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chooseScenario, expect, goOn, openPage, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": {
    share: "Share run",
    stageSvg: "Save the stage as SVG",
    stagePng: "Save the stage as PNG",
    diagramSvg: "Save the diagram as SVG",
    diagramPng: "Save the diagram as PNG",
    trace: "Save the trace",
    metrics: "Save the metrics",
    sequence: "Save the sequence diagram",
    log: "Save the log with vector clocks",
    scenario: "Save as a scenario file",
    from: "From step",
    to: "To step",
    command: "Command",
    send: "Send",
    nothing: /There is nothing further in this direction|No milestone lies ahead/,
  },
  "zh-CN": {
    share: "分享",
    stageSvg: "将舞台保存为 SVG",
    stagePng: "将舞台保存为 PNG",
    diagramSvg: "将时空图保存为 SVG",
    diagramPng: "将时空图保存为 PNG",
    trace: "保存跟踪",
    metrics: "保存指标",
    sequence: "保存时序图",
    log: "保存带向量时钟的日志",
    scenario: "保存为场景文件",
    from: "从步骤",
    to: "到步骤",
    command: "命令",
    send: "发送",
    nothing: /这个方向上没有更多了|前方没有关键步骤/,
  },
};

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Goes on to the next milestone so many times, or to the last one: the page says that there is nothing further. */
async function goOnOrEnd(page, milestones, nothing) {
  const end = page.locator(".toast").filter({ hasText: nothing });
  await page.evaluate(() => document.activeElement?.blur());
  for (let done = 0; done < milestones; done += 1) {
    const before = await stepNow(page);
    await page.keyboard.press("Shift+ArrowRight");
    const isDone = async () => (await end.count()) > 0 || (await stepNow(page)) !== before;
    await expect.poll(isDone, { intervals: [30, 60, 120, 240] }).toBe(true);
    if ((await end.count()) > 0) {
      await end.locator(".quiet").click({ timeout: 5_000 }).catch(() => {});
      return expect(end).toHaveCount(0);
    }
  }
}

/** Saves a file by pointer, or by key, and returns its name and content. */
async function saved(page, name, by = "pointer") {
  const arrives = page.waitForEvent("download");
  if (by === "pointer") await button(page, name).click();
  else await button(page, name).press("Enter");
  const download = await arrives;
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

async function share(page, word) {
  await button(page, word.share).click();
  await expect(page.getByRole("dialog")).toBeVisible();
}

for (const locale of ["en-GB", "zh-CN"]) {
  const word = words[locale];
  test.describe(locale, () => {
    test.use({ locale });

    test("stage and diagram are saved as pictures that stand alone", async ({ page }) => {
      await openPage(page, "./");
      await goOn(page, 4);
      await share(page, word);
      for (const [name, parts] of [[word.stageSvg, ["n1", "n5", "c1"]], [word.diagramSvg, ["n1", "n5", "c1"]]]) {
        const { name: file, content } = await saved(page, name);
        expect(file).toMatch(/^raft-calm-\d+-(stage|diagram)\.svg$/);
        const found = await page.evaluate((svg) => {
          const picture = new DOMParser().parseFromString(svg, "image/svg+xml");
          const texts = [...picture.querySelectorAll("text")].map((text) => text.textContent);
          const outside = picture.querySelectorAll("script, style, image, use, foreignObject").length;
          return { error: picture.querySelector("parsererror")?.textContent, texts, outside };
        }, content.toString());
        expect(found.error).toBeUndefined();
        expect(found.outside).toBe(0);
        for (const part of parts) expect(found.texts).toContain(part);
      }
      for (const name of [word.stagePng, word.diagramPng]) {
        const { name: file, content } = await saved(page, name, "key");
        expect(file).toMatch(/\.png$/);
        expect([...content.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join("")).toBe("PNG");
        // Width and height stand at fixed places; a picture of one colour would be far smaller than this.
        expect(content.readUInt32BE(16)).toBeGreaterThan(600);
        expect(content.readUInt32BE(20)).toBeGreaterThan(600);
        expect(content.length).toBeGreaterThan(10_000);
      }
    });

    test("Mermaid's own parser reads the sequence diagram of every scenario", async ({ page, context }) => {
      test.setTimeout(600_000);
      const reader = await context.newPage();
      await reader.goto("about:blank");
      await reader.addScriptTag({
        path: fileURLToPath(new URL("../node_modules/mermaid/dist/mermaid.min.js", import.meta.url)),
      });
      /** The kind of diagram, its participants and the texts of its messages and notes, as Mermaid has them. */
      const read = (text) =>
        reader.evaluate(async (source) => {
          window.mermaid.initialize({ startOnLoad: false });
          const diagram = await window.mermaid.mermaidAPI.getDiagramFromText(source);
          const messages = diagram.db.getMessages();
          return {
            kind: diagram.type,
            actors: [...diagram.db.getActors().keys()],
            arrows: messages.filter((message) => message.from && message.to && message.placement === undefined).length,
            notes: messages.filter((message) => message.placement !== undefined).length,
          };
        }, text);
      const addresses = [];
      await openPage(page, "./");
      const values = (options) => options.map((option) => option.value);
      for (const protocol of await page.locator(".protocol-picker option").evaluateAll(values)) {
        await chooseScenario(page, protocol);
        const options = await page.locator(".scenario option").evaluateAll((all) => all.map((option) => option.value));
        // The form is the same in both languages, only the words differ: in the second one, every third run will do.
        const some = locale === "en-GB" ? options : options.filter((_, at) => at % 3 === 1);
        addresses.push(...some.map((scenario) => ({ protocol, scenario })));
      }
      let lost = 0;
      for (const { protocol, scenario } of addresses) {
        await chooseScenario(page, protocol, scenario);
        await goOnOrEnd(page, 7, word.nothing);
        const to = await stepNow(page);
        await share(page, word);
        await page.getByRole("textbox", { name: word.from }).fill(String(Math.max(1, to - 400)));
        const { content } = await saved(page, word.sequence);
        await page.keyboard.press("Escape");
        const text = content.toString();
        const found = await read(text);
        const lines = text.split("\n").map((line) => line.trim());
        const arrows = lines.filter((line) => /^[nc]\d+(-|--)(>>|x)[nc]\d+: /.test(line));
        lost += arrows.filter((line) => /^[nc]\d+-{1,2}x/.test(line)).length;
        expect(found.kind, scenario).toBe("sequence");
        expect(found.arrows, scenario).toBe(arrows.length);
        expect(found.notes, scenario).toBe(lines.filter((line) => line.startsWith("Note over")).length);
        expect(found.actors, scenario).toEqual(
          lines.filter((line) => line.startsWith("participant")).map((line) => line.split(" ")[1]),
        );
        expect(found.notes + found.arrows, scenario).toBeGreaterThan(3);
      }
      expect(addresses.length).toBeGreaterThan(10);
      expect(lost, "some message was lost on the way").toBeGreaterThan(0);

      // What a person typed cannot end a line, begin a comment or become a directive.
      await chooseScenario(page, "raft");
      await goOn(page, 4);
      await button(page, word.command).click();
      await page.getByRole("dialog").getByRole("textbox").fill("put k a;%%{init:{}}#<b>&`end");
      await page.getByRole("dialog").getByRole("button", { name: word.send }).click();
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await goOn(page, 3);
      const to = await stepNow(page);
      await share(page, word);
      await page.getByRole("textbox", { name: word.from }).fill(String(Math.max(1, to - 400)));
      const { content } = await saved(page, word.sequence);
      expect(content.toString()).toContain("#59;#37;#37;#123;init");
      expect((await read(content.toString())).kind).toBe("sequence");
    });

    test("trace, metrics and log are saved by key, and say what the page says", async ({ page }) => {
      await openPage(page, "./");
      await goOn(page, 6);
      const step = await stepNow(page);
      await share(page, word);
      const digest = (await page.getByText(/[0-9a-f]{16}/).textContent()).match(/[0-9a-f]{16}/)[0];

      const trace = (await saved(page, word.trace, "key")).content.toString().trim().split("\n").map(JSON.parse);
      expect(trace.length).toBe(step + 2);
      expect(trace.at(-1)).toEqual({ digest, steps: step });

      const metrics = (await saved(page, word.metrics, "key")).content.toString();
      expect(metrics).toContain(`\nlamplight_steps_total ${step}\n`);

      const log = (await saved(page, word.log, "key")).content.toString();
      const events = [...log.matchAll(/(?<event>.*)\n(?<host>\S*) (?<clock>{.*})/g)].map((match) => match.groups);
      expect(events.length).toBe(Math.min(step, 40));
      for (const { event, host, clock } of events) {
        expect(event).toMatch(/^\d+ · /);
        expect(JSON.parse(clock)[host]).toBeGreaterThan(0);
      }
    });

    test("steps that are none are explained at their field", async ({ page }) => {
      await openPage(page, "./");
      await goOn(page, 2);
      await share(page, word);
      const to = page.getByRole("textbox", { name: word.to });
      await to.fill("999999");
      await expect(to).toHaveAttribute("aria-invalid", "true");
      await expect(button(page, word.sequence)).toBeDisabled();
      await expect(button(page, word.trace)).toBeEnabled();
      await to.fill("2");
      await page.getByRole("textbox", { name: word.from }).fill("1");
      const { content } = await saved(page, word.log);
      expect(content.toString().trim().split("\n").length).toBe(4);
    });

    test("a saved scenario is the same run again, by button and dropped on the page", async ({ page }) => {
      await openPage(page, "./");
      await goOn(page, 5);
      const step = await stepNow(page);
      await share(page, word);
      const digest = await page.getByText(/[0-9a-f]{16}/).textContent();
      const { name, content } = await saved(page, word.scenario);
      expect(name).toMatch(/^raft-calm-\d+\.json$/);
      expect(JSON.parse(content.toString()).protocol).toBe("raft");

      const isTheSame = async () => {
        await expect.poll(() => stepNow(page)).toBe(step);
        await share(page, word);
        await expect(page.getByText(/[0-9a-f]{16}/)).toHaveText(digest);
        await page.keyboard.press("Escape");
      };
      await page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/json", buffer: content });
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await isTheSame();

      await page.keyboard.press("Home");
      await expect.poll(() => stepNow(page)).toBe(0);
      await page.evaluate((text) => {
        const files = new DataTransfer();
        files.items.add(new File([text], "run.json", { type: "application/json" }));
        for (const kind of ["dragover", "drop"]) {
          document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
        }
      }, content.toString());
      await isTheSame();
    });
  });
}
