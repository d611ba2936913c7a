// Every intervention that the page offers, by pointer and by keyboard, in both languages: nodes, connections,
// messages, chaos, and how what was done is taken out again.

import { chooseItem, expect, goOn, openMenu, openPage, press, stepNow, test } from "../support/lamplight.js";

const words = {
  "en-GB": {
    crash: ["Crash", "n2 crashes."],
    restart: ["Restart", "n2 restarts from its disk."],
    pause: ["Pause", "n2 is paused."],
    resume: ["Resume", "n2 goes on after its pause."],
    cutOff: ["Cut off from the others", "The network splits; cut off from the rest: n2."],
    heal: ["Heal the network", "All connections are mended."],
    slowDisk: ["Make its disk slow", "n2's disk takes 50.0 ms to 100.0 ms for a sync from now on."],
    damage: ["Damage the end of its log", "The end of n2's log on disk is damaged."],
    loseDisk: ["Lose its disk", "n2's disk is lost."],
    clock: { item: "Set its clock …", skew: "Ahead of true time by", set: "Set the clock", told: "n2's clock is 7.0 ms ahead." },
    command: { item: "Send a command …", field: "Command", send: "Send", told: "c1 is told to ask: put a 1" },
    links: { item: "Connections …", only: "Only n2 reaches n4", both: "n2 and n4 hear each other", more: "More for n2 and n4",
      told: "n2 no longer hears n4." },
    link: { cut: "Cut from n2 to n4", cutTold: "n4 no longer hears n2.", mend: "Mend the connection", mended: "n2 and n4 hear each other again.",
      slow: "Slow from n2 to n4", lossy: "Lose half from n2 to n4", rest: "As the rest of the network", told: "The connection from n2 to n4 changes", restTold: "The connection from n2 to n4 is like all others again." },
    partition: { open: "Partition", choose: "n1 in group C", cut: "Cut the network", told: "The network splits" },
    palette: { crash: "Crash", restart: "Restart", cutOff: "Cut off", heal: "Heal" },
    message: { hold: ["Hold", "is held"], release: ["Release", "goes on"], duplicate: ["Duplicate", "is doubled"],
      delay: ["Delay by 50.0 ms", "is delayed by 50.0 ms"], drop: ["Drop", "is dropped"], now: "Deliver now" },
    conditions: { open: "Conditions", chaos: "Random faults from the seed", kinds: "How often which fault", crash: "Crash", wrong: "A number from 0 to 1000.",
      apply: "Apply from here on", begins: "Chaos begins.", ends: "Chaos ends." },
    deeds: { open: /you did \d/, out: "Take out" },
  },
  "zh-CN": {
    crash: ["崩溃", "n2 崩溃。"],
    restart: ["重启", "n2 从磁盘重新启动。"],
    pause: ["暂停进程", "n2 被暂停。"],
    resume: ["恢复运行", "n2 恢复运行。"],
    cutOff: ["与其他节点隔离", "网络分区：n2"],
    heal: ["恢复网络", "所有连接都已恢复。"],
    slowDisk: ["让磁盘变慢", "n2 的磁盘从此每次同步需要 50.0 ms 到 100.0 ms。"],
    damage: ["损坏日志末尾", "n2 磁盘日志的尾部损坏。"],
    loseDisk: ["丢失磁盘", "n2 的磁盘丢失。"],
    clock: { item: "调整时钟……", skew: "比真实时间快", set: "设置时钟", told: "n2 的时钟快了 7.0 ms。" },
    command: { item: "发送命令……", field: "命令", send: "发送", told: "让 c1 请求：put a 1" },
    links: { item: "连接……", only: "仅 n2 可到达 n4", both: "n2 与 n4 互通", more: "n2 与 n4 的更多操作", told: "n2 收不到 n4 的消息了。" },
    link: { cut: "切断 n2 到 n4", cutTold: "n4 收不到 n2 的消息了。", mend: "修复连接", mended: "n2 与 n4 恢复通信。",
      slow: "n2 到 n4 变慢", lossy: "n2 到 n4 丢一半", rest: "与其余网络相同", told: "n2 到 n4 的连接改变", restTold: "n2 到 n4 的连接" },
    partition: { open: "分区", choose: "n1 归入 C 组", cut: "切断网络", told: "网络分区" },
    palette: { crash: "崩溃", restart: "重启", cutOff: "隔离", heal: "恢复" },
    message: { hold: ["扣留", "被扣住"], release: ["放行", "被放行"], duplicate: ["复制一份", "被复制"],
      delay: ["延迟 50.0 ms", "被延迟 50.0 ms"], drop: ["丢弃", "被丢弃"], now: "立即送达" },
    conditions: { open: "环境", chaos: "由种子产生随机故障", kinds: "各类故障的频率", crash: "崩溃", wrong: "应为 0 到 1000 的数字。",
      apply: "从此刻起生效", begins: "混沌测试开始。", ends: "混沌测试结束。" },
    deeds: { open: /操作 \d 次/, out: "撤去" },
  },
};

const told = (page) => page.locator(".narration p");
const node = (page, key) => page.locator(`.stage [data-key="${key}"]`);

/** Does it from the node's menu, and reads what the narration says of it. */
async function act(page, [item, sentence], by) {
  await openMenu(page, "n2", by);
  await chooseItem(page, item, by);
  await expect(told(page)).toContainText(sentence);
}

/** Goes on until messages are under way, and names one. */
async function aMessage(page) {
  for (let milestones = 0; milestones < 6; milestones += 1) {
    await goOn(page, 1);
    const flying = page.locator(".message.is-flying");
    if ((await flying.count()) > 0) return flying.first().getAttribute("data-key");
  }
  throw new Error("no message is under way");
}

for (const [locale, say] of Object.entries(words)) {
  for (const by of ["pointer", "key"]) {
    test.describe(`${locale}, by ${by}`, () => {
      test.use({ locale, viewport: { width: 1280, height: 800 } });

      test("a node is paused, crashed, restarted, cut off and healed", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 1);
        await act(page, say.pause, by);
        await expect(node(page, "n2")).toHaveClass(/is-paused/);
        await act(page, say.resume, by);
        await act(page, say.crash, by);
        await expect(node(page, "n2")).toHaveClass(/is-down/);
        await act(page, say.restart, by);
        await expect(node(page, "n2")).not.toHaveClass(/is-down/);
        await act(page, say.cutOff, by);
        await expect(page.locator(".link.is-cut")).toHaveCount(4);
        await act(page, say.heal, by);
        await expect(page.locator(".link.is-cut")).toHaveCount(0);
      });

      test("a disk becomes slow, is damaged and lost, and the node goes down with it", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 2);
        await act(page, say.slowDisk, by);
        await act(page, say.damage, by);
        await expect(node(page, "n2")).toHaveClass(/is-down/);
        await act(page, say.restart, by);
        await act(page, say.loseDisk, by);
        await expect(node(page, "n2")).toHaveClass(/is-down/);
      });

      test("a clock is set, and a client is told what to ask", async ({ page }) => {
        await openPage(page, "./");
        await openMenu(page, "n2", by);
        await chooseItem(page, say.clock.item, by);
        await page.getByRole("textbox", { name: say.clock.skew }).fill("7");
        if (by === "key") await page.keyboard.press("Enter");
        else await page.getByRole("button", { name: say.clock.set }).click();
        await expect(told(page)).toContainText(say.clock.told);
        await openMenu(page, "c1", by);
        await chooseItem(page, say.command.item, by);
        await page.getByRole("textbox", { name: say.command.field }).fill("put a 1");
        if (by === "key") await page.keyboard.press("Enter");
        else await page.getByRole("button", { name: say.command.send }).click();
        await expect(told(page)).toContainText(say.command.told);
      });

      test("one connection is cut in one direction, slowed and made lossy", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 1);
        const links = async () => {
          await openMenu(page, "n2", by);
          await chooseItem(page, say.links.item, by);
        };
        const more = async (item) => {
          await links();
          await press(page.getByRole("button", { name: say.links.more }), by);
          await chooseItem(page, item, by);
        };
        await links();
        await press(page.getByRole("button", { name: say.links.only }), by);
        await expect(told(page)).toContainText(say.links.told);
        await expect(page.locator(".link.is-cut")).toHaveCount(1);
        await press(page.getByRole("button", { name: say.links.both }), by);
        await expect(page.locator(".link.is-cut")).toHaveCount(0);
        await page.keyboard.press("Escape");
        for (const item of [say.link.slow, say.link.lossy, say.link.rest]) {
          const before = await stepNow(page);
          await more(item);
          await expect.poll(() => stepNow(page)).toBe(before + 1);
          await expect(told(page)).toContainText(item === say.link.rest ? say.link.restTold : say.link.told);
        }
        await more(say.link.cut);
        await expect(told(page)).toContainText(say.link.cutTold);
        await more(say.link.mend);
        await expect(told(page)).toContainText(say.link.mended);
      });

      test("the network is cut into groups, and the palette works on the chosen node", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 1);
        await press(page.getByRole("button", { name: say.partition.open, exact: true }), by);
        await press(page.getByRole("button", { name: say.partition.choose }), by);
        await press(page.getByRole("button", { name: say.partition.cut }), by);
        await expect(told(page)).toContainText(say.partition.told);
        const tool = (name) => page.locator(".hands").getByRole("button", { name, exact: true });
        await press(tool(say.palette.heal), by);
        await expect(page.locator(".link.is-cut")).toHaveCount(0);
        await expect(tool(say.palette.heal)).toBeDisabled();
        if (by === "key") await node(page, "n2").focus();
        else await node(page, "n2").click();
        await press(tool(say.palette.cutOff), by);
        await expect(told(page)).toContainText(say.cutOff[1]);
        await press(tool(say.palette.crash), by);
        await expect(told(page)).toContainText(say.crash[1]);
        await press(tool(say.palette.restart), by);
        await expect(told(page)).toContainText(say.restart[1]);
      });

      test("a message is held, released, delayed, doubled, delivered at once and dropped", async ({ page }) => {
        await openPage(page, "./");
        const key = await aMessage(page);
        const own = node(page, key);
        const does = async ([item, sentence]) => {
          await openMenu(page, key, by);
          await chooseItem(page, item, by);
          await expect(told(page)).toContainText(sentence);
        };
        await does(say.message.hold);
        await expect(own).toHaveClass(/is-held/);
        await does(say.message.release);
        await expect(own).toHaveClass(/is-flying/);
        await does(say.message.delay);
        const all = await page.locator(".message").count();
        await does(say.message.duplicate);
        await expect(page.locator(".message")).toHaveCount(all + 1);
        await openMenu(page, key, by);
        await chooseItem(page, say.message.now, by);
        await expect(own).toHaveCount(0);
        const other = await page.locator(".message.is-flying").first().getAttribute("data-key");
        await openMenu(page, other, by);
        await chooseItem(page, say.message.drop[0], by);
        await expect(told(page)).toContainText(say.message.drop[1]);
        await expect(page.locator(`.message.is-flying[data-key="${other}"]`)).toHaveCount(0);
      });

      test("chaos is switched on with rates by kind, and off again", async ({ page }) => {
        await openPage(page, "./");
        const open = page.getByRole("button", { name: say.conditions.open });
        const dialog = page.getByRole("dialog");
        const chaos = dialog.getByRole("checkbox", { name: say.conditions.chaos });
        const apply = dialog.getByRole("button", { name: say.conditions.apply });
        const turn = () => (by === "key" ? chaos.press("Space") : chaos.click());
        await press(open, by);
        await turn();
        await press(dialog.getByText(say.conditions.kinds), by);
        const weight = dialog.getByRole("textbox", { name: say.conditions.crash, exact: true });
        await weight.fill("1001");
        await expect(weight).toHaveAttribute("aria-invalid", "true");
        await expect(dialog.getByText(say.conditions.wrong)).toBeVisible();
        await expect(apply).toBeDisabled();
        await weight.fill("40");
        await press(apply, by);
        await expect(told(page)).toContainText(say.conditions.begins);
        await press(open, by);
        await expect(chaos).toBeChecked();
        await press(dialog.getByText(say.conditions.kinds), by);
        await expect(weight).toHaveValue("40");
        await turn();
        await press(apply, by);
        await expect(told(page)).toContainText(say.conditions.ends);
      });

      test("what was done is listed, and taking it out makes a branch", async ({ page }) => {
        await openPage(page, "./");
        await goOn(page, 2);
        await act(page, say.crash, by);
        await press(page.getByRole("button", { name: say.deeds.open }), by);
        await press(page.getByRole("dialog").getByRole("button", { name: say.deeds.out, exact: true }), by);
        await expect(node(page, "n2")).not.toHaveClass(/is-down/);
        await expect(page.getByRole("button", { name: say.deeds.open })).toHaveCount(0);
      });
    });
  }
}

test("a line that is dragged across the stage cuts the network, and the line's own menu mends it", async ({ page }) => {
  await openPage(page, "./");
  const box = await page.locator(".stage").boundingBox();
  await page.mouse.move(box.x + 12, box.y + box.height * 0.62);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.6, { steps: 4 });
  await page.mouse.move(box.x + box.width - 12, box.y + box.height * 0.6, { steps: 4 });
  await page.mouse.up();
  const cut = page.locator(".link.is-cut");
  await expect(cut.first()).toBeVisible();
  const before = await cut.count();
  // A place of it that no other line crosses.
  const line = await cut.first().evaluate((element) => {
    const [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map((name) => Number(element.getAttribute(name)));
    const frame = element.ownerSVGElement.getBoundingClientRect();
    const parts = Array.from({ length: 30 }, (_, at) => 0.2 + at / 50);
    const places = parts.map((part) => [frame.x + x1 + (x2 - x1) * part, frame.y + y1 + (y2 - y1) * part]);
    return places.find(([x, y]) => element.parentElement.contains(document.elementFromPoint(x, y)));
  });
  await page.mouse.click(...line, { button: "right" });
  await page.getByRole("menuitem", { name: "Mend the connection" }).click();
  await expect(cut).toHaveCount(before - 1);
});
