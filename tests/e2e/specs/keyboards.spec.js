// Keys count by what they say, however a keyboard makes that: French and German ones, Caps Lock, other scripts.

import { openInFirefox, startFirefox } from "../support/firefox.js";
import { expect, test } from "../support/lamplight.js";
import { started, waitFor } from "../support/reader.js";

/** What a keyboard reports: the keyboard, what the key says, where it is, what is held, and what comes of it. */
const presses = [
  ["French", ".", "Comma", { shiftKey: true }, "on"],
  ["French", ",", "KeyM", {}, "back"],
  ["French", "5", "Digit5", { shiftKey: true }, "half"],
  ["French", "(", "Digit5", {}, "nothing"],
  ["French", "é", "Digit2", {}, "nothing"],
  ["French", "/", "Period", { shiftKey: true }, "search"],
  ["a German Mac", "[", "Digit5", { altKey: true, mac: true }, "mark"],
  ["a German Mac", "]", "Digit6", { altKey: true, mac: true }, "mark"],
  ["German on Windows", "[", "Digit8", { ctrlKey: true, altKey: true, modifierAltGraph: true }, "mark"],
  ["German on Linux", "]", "Digit9", { modifierAltGraph: true }, "mark"],
  ["German", "?", "Minus", { shiftKey: true }, "help"],
  ["Caps Lock", "L", "KeyL", { modifierCapsLock: true }, "faster"],
  ["Caps Lock", "J", "KeyJ", { modifierCapsLock: true }, "slower"],
  ["Russian", "д", "KeyL", {}, "faster"],
  ["Russian", "Д", "KeyL", { modifierCapsLock: true }, "faster"],
  ["Russian", "о", "KeyJ", {}, "slower"],
  ["Russian", "х", "BracketLeft", {}, "mark"],
  ["Russian", "ю", "Period", {}, "on"],
  ["Greek", "λ", "KeyL", {}, "faster"],
  ["Greek", "σ", "KeyS", {}, "settings"],
  ["Dvorak", "l", "KeyP", {}, "faster"],
  ["Dvorak", "n", "KeyL", {}, "nothing"],
  ["American", ".", "Period", { altKey: true }, "nothing"],
  ["American", "[", "BracketLeft", { altKey: true }, "nothing"],
  ["American", "l", "KeyL", { ctrlKey: true }, "nothing"],
  ["American", "L", "KeyL", { shiftKey: true }, "nothing"],
  ["an American Mac", "¬", "KeyL", { altKey: true, mac: true }, "nothing"],
];

/** Presses them one by one in a run of some length, and returns what came of each. */
async function press(page) {
  await started(page);
  const state = () =>
    page.evaluate(() => ({
      step: document.querySelector(".transport-figures strong").textContent.match(/\d+/)[0],
      speed: document.querySelector(".speed select").value,
      dialog: document.querySelector("dialog h2")?.textContent ?? "",
      field: document.activeElement?.type === "search",
      said: document.querySelector(".toasts").textContent,
    }));
  const send = (key, code, { mac, ...held }) =>
    page.evaluate(
      ([sent, isMac]) => {
        Object.defineProperty(navigator, "platform", { value: isMac ? "MacIntel" : "Linux x86_64", configurable: true });
        document.querySelector("[data-key=n1]").dispatchEvent(
          new KeyboardEvent("keydown", { ...sent, bubbles: true, cancelable: true }),
        );
      },
      [{ key, code, ...held }, Boolean(mac)],
    );
  const settled = () => new Promise((done) => setTimeout(done, 350));
  const seek = async (code) => {
    await send(code, code, {});
    await settled();
  };
  const outcomes = [];
  for (const [, key, code, held] of presses) {
    await page.evaluate(() => document.querySelectorAll(".toast .quiet").forEach((button) => button.click()));
    await send("3", "Digit3", {});
    await settled();
    const before = await state();
    await send(key, code, held);
    await settled();
    const after = await state();
    const moved = Number(after.step) - Number(before.step);
    let outcome = "nothing";
    if (after.dialog) outcome = /Settings/.test(after.dialog) ? "settings" : "help";
    else if (after.field) outcome = "search";
    else if (after.speed !== before.speed) outcome = Number(after.speed) < Number(before.speed) ? "faster" : "slower";
    else if (/nothing further/i.test(after.said)) outcome = "mark";
    else if (moved === 1) outcome = "on";
    else if (moved === -1) outcome = "back";
    else if (moved > 1) outcome = "half";
    outcomes.push(outcome);
    if (after.dialog) {
      await page.evaluate(() => document.querySelector("dialog .dialog-head button").click());
      await waitFor("the dialog is gone", () => page.evaluate(() => !document.querySelector("dialog")));
    }
    if (after.field) await page.evaluate(() => document.activeElement.blur());
    if (outcome === "mark") await seek("Home");
  }
  return outcomes;
}

test("every keyboard reaches every key, in Chromium and in Firefox", async ({ page, site }) => {
  test.setTimeout(240_000);
  const expected = presses.map(([keyboard, key, , , outcome]) => `${keyboard} ${key}: ${outcome}`);
  const named = (outcomes) => outcomes.map((outcome, at) => `${presses[at][0]} ${presses[at][1]}: ${outcome}`);
  // A run without marks: to look for one is answered with a remark.
  const address = `${site.url}#raft/calm`;
  await page.goto(address);
  const prepare = async (its) => {
    await started(its);
    for (let times = 0; times < 3; times += 1) {
      await its.keyboard.down("Shift");
      await its.keyboard.press("ArrowRight");
      await its.keyboard.up("Shift");
      await new Promise((done) => setTimeout(done, 400));
    }
  };
  await prepare(page);
  expect(named(await press(page))).toEqual(expected);
  const firefox = await startFirefox();
  try {
    const its = await openInFirefox(firefox, address);
    await prepare(its);
    expect(named(await press(its))).toEqual(expected);
  } finally {
    await firefox.close();
  }
});
