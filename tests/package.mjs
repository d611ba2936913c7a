// The package as others have it: packed, installed into an empty folder, used in Node and built by Vite.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const VITE = "8.3.8";

let wrong = 0;
const expect = (is, what) => {
  if (is) return;
  wrong += 1;
  console.error(`not so: ${what}`);
};
const run = (program, args, cwd) => execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const folder = mkdtempSync(join(tmpdir(), "lamplight-package-"));
try {
  const packed = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], resolve("target/package")));
  const archive = join(folder, packed[0].filename);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error", "--ignore-scripts=false", archive, `vite@${VITE}`], folder);

  const { Cluster, protocols } = await import(pathToFileURL(join(folder, "node_modules/lamplight/package.js")));
  expect(protocols().length === 6, `six protocols: ${protocols()}`);
  for (const protocol of protocols()) {
    const cluster = await Cluster.open({ protocol });
    expect(cluster.carrier === "thread", `${protocol}: Node's own thread carries it`);
    const begun = cluster.state().place.step;
    expect((await cluster.step(5)) === begun + 5, `${protocol}: five steps`);
    const link = await cluster.link();
    const digest = await cluster.digest();
    const again = await Cluster.open({ link: `https://example.org/#${link}` });
    expect(again.state().place.protocol === protocol, `${protocol}: a link names its protocol`);
    expect((await again.digest()) === digest, `${protocol}: a link is the same run`);
    expect(again.state().place.step === begun + 5, `${protocol}: and the same moment`);
    const { n1 } = await cluster.facts();
    expect(n1?.up === true, `${protocol}: facts have names: ${JSON.stringify(n1)}`);
    for (const one of [cluster, again]) one.close();
  }

  // As the guide shows it.
  const cluster = await Cluster.open({ scenario: "raft/calm", seed: 7n, settings: { nodes: 3 } });
  const seen = [];
  const end = cluster.subscribe(({ place }) => seen.push(place.step));
  await cluster.until("any node leads");
  expect(await cluster.holds("any node leads"), "somebody leads of three");
  expect(cluster.state().stage.parties.filter(({ address }) => "node" in address).length === 3, "three nodes");
  end();
  await cluster.intervene({ crash: { node: 0 } });
  expect(await cluster.holds("n1 is down"), "n1 is down");
  expect(seen.length === 2, "a subscriber is called now and after each change, until it ends that");
  expect((await cluster.exportSvg()).startsWith("<svg"), "the stage as SVG");
  let refusal = "";
  await cluster.load({ scenario: "raft/nothing" }).catch((error) => (refusal = error.message));
  expect(refusal.includes("raft/nothing"), `what is refused is said: ${refusal}`);
  expect(await cluster.holds("n1 is down"), "and what is open stays open");
  refusal = "";
  await cluster.until("n9 leads").catch((error) => (refusal = error.message));
  expect(/n9/.test(refusal), `a node that is not there is said: ${refusal}`);
  cluster.close();

  // A page of Vite.
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "index.html"), '<link rel="icon" href="data:,"><lamplight-cluster scenario="raft/calm"></lamplight-cluster><script type="module" src="/src/main.js"></script>');
  writeFileSync(join(folder, "src/main.js"), 'import "lamplight/element";\nimport { Cluster } from "lamplight";\nwindow.Cluster = Cluster;\n');
  run("node_modules/.bin/vite", ["build", "--logLevel", "error"], folder);
  const assets = readdirSync(join(folder, "dist/assets"));
  expect(assets.filter((name) => name.endsWith(".wasm")).length === 6, `the engines are assets: ${assets}`);
  expect(assets.some((name) => /worker/.test(name)), `and so is the worker: ${assets}`);
  expect(existsSync(join(folder, "dist/index.html")), "Vite builds it");
  // For the end-to-end tests, which open it.
  rmSync("target/vite-site", { recursive: true, force: true });
  run("cp", ["-r", join(folder, "dist"), resolve("target/vite-site")], folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (!wrong) console.log("packed, installed, used in Node, built by Vite");
process.exit(wrong ? 1 : 0);
