// The same stories in Chromium and in a real Firefox: both tell and show the same, step by step, and both move what moves.

import { openInFirefox, startFirefox } from "../support/firefox.js";
import { expect, test } from "../support/lamplight.js";
import { nextMilestone, openScenario, picture, pictures, started, told } from "../support/reader.js";

const stories = [
  ["raft/leader-crash", 6],
  ["paxos/survivor", 4],
  ["multi-paxos/gap", 4],
  ["two-phase-commit/everyone-in-doubt", 4],
  ["three-phase-commit/partition", 4],
  ["consistent-hashing/ring", 3],
];

/** Reads all stories, then plays one; returns what was told. */
async function read(page, problems) {
  await started(page);
  const account = [];
  for (const [scenario, milestones] of stories) {
    await openScenario(page, scenario);
    account.push([scenario, await told(page)]);
    for (let done = 0; done < milestones; done += 1) {
      await nextMilestone(page);
      account.push([scenario, await told(page)]);
    }
    expect(problems, scenario).toEqual([]);
  }
  // The circle of keys is painted, and the diagram.
  expect((await picture(page, ".circle-canvas")).painted).toBeGreaterThan(500);
  expect((await picture(page, ".diagram-frame canvas:not(.diagram-heads)")).painted).toBeGreaterThan(500);

  // While a run plays, messages and the diagram are painted anew again and again.
  await openScenario(page, "raft/calm");
  await page.evaluate(() => document.querySelector(".play").click());
  expect(await pictures(page, ".stage-frame canvas.moving")).toBeGreaterThan(4);
  expect(await pictures(page, ".diagram-frame canvas:not(.diagram-heads)")).toBeGreaterThan(3);
  await page.evaluate(() => document.querySelector(".play").click());
  expect(problems).toEqual([]);
  return account;
}

test("Chromium and Firefox tell the same stories of every protocol", async ({ page, problems, site }) => {
  test.setTimeout(400_000);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(site.url);
  const inChromium = await read(page, problems);

  const firefox = await startFirefox();
  try {
    const itsProblems = [];
    const inFirefox = await read(await openInFirefox(firefox, site.url, itsProblems), itsProblems);
    for (const [at, [scenario, there]] of inChromium.entries()) expect(inFirefox[at][1], scenario).toEqual(there);
  } finally {
    await firefox.close();
  }
});
