// The engines in Node: the very modules that the page loads, with the digests that native runs have.
//
//   node tests/engines.mjs [FOLDER]     engines from that folder instead of dist

import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const STEPS = 600;
const folder = resolve(process.argv[2] ?? "dist");

/** The run that `tests/run_digests.rs` digests, as a scenario file. */
const scenario = (protocol, seed) =>
  JSON.stringify({
    format: 1,
    protocol,
    seed,
    cursor: STEPS,
    setup: {
      clients: 2,
      workload: { think_us_mean: 10_000 },
      chaos: { beat_us_mean: 20_000, lose_disk: 1, corrupt_tail: 1, disks_lost_max: 1 },
    },
  });

let wrong = 0;
const expect = (is, what) => {
  if (is) return;
  wrong += 1;
  console.error(`not so: ${what}`);
};

const modules = readdirSync(folder).filter((name) => /^engine-.*\.js$/.test(name));
expect(modules.length > 0, `there are engines in ${folder}`);
for (const name of modules) {
  const protocol = name.replace(/^engine-/, "").replace(/(-[0-9a-f]{16})?\.js$/, "");
  const glue = await import(pathToFileURL(join(folder, name)));
  glue.initSync({ module: readFileSync(join(folder, name.replace(/\.js$/, "_bg.wasm"))) });
  const engine = new glue.Engine();
  const started = performance.now();
  const expected = readFileSync(`tests/digests/${protocol}.txt`, "utf8").trim().split("\n");
  let differing = 0;
  for (const line of expected) {
    const [seed, digest] = line.split("\t");
    engine.open(scenario(protocol, Number(seed)), undefined);
    if (engine.digest() !== digest) differing += 1;
  }
  expect(differing === 0, `${protocol}: all runs are the same in Node, not ${differing} of ${expected.length} others`);
  console.log(`${protocol}: ${expected.length} runs, ${Math.round(performance.now() - started)} ms`);

  // What is refused is an error with a sentence, and leaves what is open.
  let refusal = "";
  try {
    engine.open(`${protocol}/nothing`, undefined);
  } catch (error) {
    refusal = error.message;
  }
  expect(refusal.includes("nothing"), `${protocol}: a scenario that is not there is refused by name: ${refusal}`);
  engine.seek(10);
  expect(JSON.parse(engine.stage("zh")).parties.length > 2, `${protocol}: its stage is plain data`);
  const time = engine.until("time >= 50ms", 5_000);
  expect(time > 10 && engine.holds("time >= 50ms and not step < 10"), `${protocol}: it goes on until a condition holds`);
  expect(JSON.parse(engine.facts()).n1.up === true, `${protocol}: its facts are plain data`);
  engine.free();
}
process.exit(wrong ? 1 : 0);
