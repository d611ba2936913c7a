// Two stories of consistent hashing from end to end, in both languages: one node joins and takes its fifth of the
// keys, and two clients that write without having read.

import { chooseScenario, expect, expectNoAxeViolations, openPage, rows, test, until } from "../support/lamplight.js";

/** The positions of the keys, as the walk of each says them. */
const hashOf = (text) => text.match(/0x[0-9a-f]{8}/)[0];

const words = {
  "en-GB": {
    protocol: "Consistent hashing",
    ring: "The ring, for comparison",
    keys: "Keys on the circle, clockwise",
    share: "14.2 %",
    ideal: "ideal 20.0 %",
    arrived: /17 of 17 have arrived/,
    loads: "Keys per node",
    dashed: "dashed: before the change",
    change: "The same change",
    note: /120 keys, 4 → 5 nodes, ideal 24/,
    current: "Hash ring, 16 points",
    modulo: "Modulo",
    table: "Keys",
    siblings: "Siblings and read repair",
    holds: "holds",
    quorums: "R 2, W 2 of N 3",
  },
  "zh-CN": {
    protocol: "一致性哈希",
    ring: "哈希环，用于对比",
    keys: "环上的键，顺时针",
    share: "14.2 %",
    ideal: "理想值 20.0 %",
    arrived: /已到达 17 \/ 17/,
    loads: "各节点的键",
    dashed: "虚线：变更之前",
    change: "同样的变更",
    note: /120 个键，4 → 5 个节点，理想值 24/,
    current: "哈希环，16 个点",
    modulo: "取模",
    table: "键",
    siblings: "兄弟版本与读修复",
    holds: "持有",
    quorums: "N 3 中 R 2、W 2",
  },
};

for (const [locale, say] of Object.entries(words)) {
  test.describe(locale, () => {
    test.use({ locale, viewport: { width: 1280, height: 800 } });

    test("one node joins and takes its share, and nothing else moves", async ({ page }) => {
      await openPage(page, "./");
      await chooseScenario(page, say.protocol, say.ring);
      // The circle is there before anything happens, with its four owners beside it.
      const names = page.locator(".circle-owner");
      await expect(names).toHaveCount(4);
      expect((await names.allTextContents()).sort()).toEqual(["n1", "n2", "n3", "n4"]);
      // What the change moves stands beside what it would move at best, until all of it has arrived.
      await until(page, "Shift+ArrowRight", ".circle-middle", new RegExp(say.share.replace(".", "\\.")));
      await expect(page.locator(".circle-middle")).toContainText(say.ideal);
      await until(page, "ArrowRight", ".circle-middle", say.arrived);
      await expectNoAxeViolations(page);

      // The keyboard goes from key to key, clockwise, and the run stays where it is.
      const slider = page.getByRole("slider", { name: say.keys });
      const step = await page.locator(".narration-step").innerText();
      await slider.focus();
      await expect(slider).toHaveAttribute("aria-valuemax", "120");
      await page.keyboard.press("Home");
      await expect(slider).toHaveAttribute("aria-valuenow", "1");
      const first = await slider.getAttribute("aria-valuetext");
      expect(first).toMatch(/^user:\d+, 0x[0-9a-f]{8}, n\d$/);
      await page.keyboard.press("ArrowRight");
      await expect(slider).toHaveAttribute("aria-valuenow", "2");
      const second = await slider.getAttribute("aria-valuetext");
      expect(hashOf(second) > hashOf(first)).toBe(true);
      await page.keyboard.press("End");
      await expect(slider).toHaveAttribute("aria-valuenow", "120");
      expect(hashOf(await slider.getAttribute("aria-valuetext")) > hashOf(second)).toBe(true);
      await page.keyboard.press("ArrowRight");
      await expect(slider).toHaveAttribute("aria-valuetext", first);
      expect(await page.locator(".narration-step").innerText()).toBe(step);
      // Its walk is drawn, and the inspector says the same.
      const [name, hash] = first.split(", ");
      await expect(page.locator(".circle-middle")).toContainText(name);
      await expect(page.locator(".circle-walk path")).toHaveCount(1);
      await expect(page.locator(".inspector .fields")).toContainText(name);
      await expect(page.locator(".inspector .fields")).toContainText(hash);
      // Escape chooses nothing, and the figure is back.
      await page.keyboard.press("Escape");
      await expect(page.locator(".circle-middle")).toContainText(say.share);

      // The loads: bars with the mean, and dashed what they were before.
      const loads = await rows(page, say.loads);
      expect(loads.map(([node]) => node)).toEqual(["n1", "n2", "n3", "n4", "n5"]);
      expect(loads.reduce((sum, [, first]) => sum + Number(first), 0)).toBe(120);
      await expect(page.locator(".load-row")).toHaveCount(5);
      await until(page, "Shift+ArrowRight", ".load-note", new RegExp(say.dashed));
      await expect(page.locator(".load-before")).not.toHaveCount(0);

      // The same change with every algorithm: modulo moves about four fifths.
      const compared = await rows(page, say.change);
      await expect(page.locator(".table-note")).toHaveText(say.note);
      const of = (name) => compared.find(([row]) => row === name);
      expect(Number(of(say.current)[1])).toBe(17);
      expect(Number(of(say.modulo)[1])).toBeGreaterThan(80);
      await expect(page.locator("tr.is-current th")).toHaveText(say.current);
      // How long a lookup takes was measured in this tab.
      await expect(page.locator("tr.is-current td").last()).toHaveText(/^\d+$/);
      await expectNoAxeViolations(page);
    });

    test("two that write without having read leave siblings on one key", async ({ page }) => {
      await openPage(page, "./");
      await chooseScenario(page, say.protocol, say.siblings);
      await page.getByRole("tab", { name: say.table, exact: true }).click();
      await until(page, "Shift+ArrowRight", ".table-frame", /milk \| bread|bread \| milk/);
      // The row of a key chooses it: on the circle, in the inspector and in the table it is the same one.
      await page.locator(".row-name", { hasText: "cart" }).focus();
      await page.keyboard.press("Enter");
      await expect(page.locator("tr.is-chosen th")).toHaveText("cart");
      await expect(page.getByRole("slider", { name: say.keys })).toHaveAttribute("aria-valuetext", /^cart, 0x[0-9a-f]{8}, n\d → n\d → n\d$/);
      // Three replicas: the walk stops three times.
      await expect(page.locator(".circle-stop")).toHaveCount(3);
      const fields = page.locator(".inspector .fields");
      await expect(fields).toContainText(say.quorums);
      await expect(fields).toContainText(say.holds);
      await expect(fields).toContainText(/milk \| bread|bread \| milk/);
      // c3 has read both and writes in their place.
      await until(page, "Shift+ArrowRight", ".table-frame", /milk\+bread/);
      await expect(fields).toContainText("milk+bread");
      await expectNoAxeViolations(page);
    });
  });
}
