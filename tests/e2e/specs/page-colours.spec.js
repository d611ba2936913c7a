// The tones can be told apart with any common colour-vision deficiency (EXPERIENCE: "check it with a simulation").
//
// The simulation is that of Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB; the distance is
// that of CIE 1976 in L*a*b*. Tones are never the only sign of anything, so this is about comfort.

import { expect, openPage, test } from "../support/lamplight.js";

const eyes = {
  "no deficiency": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const palettes = [
  ["member", "contender", "leader", "good", "bad", "absent"],
  // The nodes that own keys, with amber for those that join or leave.
  ["owner0", "owner1", "owner2", "owner3", "owner4", "owner5", "leader"],
];

/** Two colours that are nearer than this are hard to tell apart in a small shape. */
const DISTANCE_MIN = 15;

const linear = (byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
const seen = (eye, rgb) =>
  eye.map((row) => Math.min(1, Math.max(0, row.reduce((sum, weight, i) => sum + weight * linear(rgb[i]), 0))));

function lab([r, g, b]) {
  const f = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

for (const [colorScheme, tones] of ["light", "dark"].flatMap((scheme) => palettes.map((tones) => [scheme, tones]))) {
  test.describe(`${colorScheme}, ${tones[0]} and the others`, () => {
    test.use({ colorScheme });

    test("any two tones can be told apart", async ({ page }) => {
      await openPage(page, "./");
      const colours = await page.evaluate((names) => {
        const probe = document.body.appendChild(document.createElement("i"));
        const read = (name) => {
          probe.style.setProperty("color", `var(--${name})`);
          return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
        };
        return names.map(read);
      }, tones);
      for (const [name, eye] of Object.entries(eyes)) {
        const points = colours.map((colour) => lab(seen(eye, colour)));
        for (let a = 0; a < tones.length; a += 1) {
          for (let b = a + 1; b < tones.length; b += 1) {
            const distance = Math.hypot(...points[a].map((value, i) => value - points[b][i]));
            expect(distance, `${tones[a]} and ${tones[b]}, ${name}`).toBeGreaterThan(DISTANCE_MIN);
          }
        }
      }
    });
  });
}
