// Puts the npm package together: `target/package/`, from the engines of the last build and `src/embed/`.
//
//   node scripts/package.mjs [FOLDER OF THE PAGE]

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleEmbed } from "./embed.mjs";

const dist = process.argv[2] ?? "dist";
const out = "target/package";
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "engines"), { recursive: true });

const places = {};
for (const name of readdirSync(dist)) {
  const [, protocol] = /^engine-(.+)-[0-9a-f]{16}\.js$/.exec(name) ?? [];
  if (!protocol) continue;
  const wasm = name.replace(/\.js$/, "_bg.wasm");
  // Names without digests: the version of the package says which ones they are.
  const text = readFileSync(join(dist, name), "utf8").replaceAll(wasm, `${protocol}_bg.wasm`);
  writeFileSync(join(out, "engines", `${protocol}.js`), text);
  copyFileSync(join(dist, wasm), join(out, "engines", `${protocol}_bg.wasm`));
  places[protocol] = { script: `./engines/${protocol}.js`, wasm: `./engines/${protocol}_bg.wasm` };
}
await bundleEmbed({ outdir: out, places, site: "undefined", entries: ["lamplight", "package", "engine-worker"] });

const [, version] = /^version = "(.+)"$/m.exec(readFileSync("Cargo.toml", "utf8"));
const commit = () => {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
};
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(name, join(out, name));
// Its links lead into the repository, which the package does not hold; tools for docs would call them dead.
const guide = readFileSync("docs/EMBEDDING.md", "utf8").replace(/\[([^\]]+)\]\((?!https?:)[^)]*\)/g, "$1");
writeFileSync(join(out, "README.md"), guide);
copyFileSync("src/embed/lamplight.d.ts", join(out, "lamplight.d.ts"));
const json = (name, value) => writeFileSync(join(out, name), `${JSON.stringify(value, null, 2)}\n`);
json("package.json", {
  name: "lamplight",
  version,
  description: "Real distributed protocols on a virtual cluster: an element for pages, and plain data for scripts",
  license: "MIT OR Apache-2.0",
  type: "module",
  types: "./lamplight.d.ts",
  exports: {
    ".": { types: "./lamplight.d.ts", default: "./package.js" },
    "./element": { types: "./lamplight.d.ts", default: "./lamplight.js" },
    "./engines/*": "./engines/*",
  },
  sideEffects: ["./lamplight.js", "./engine-worker.js"],
  engines: { node: ">=20" },
});
// What it was made of, for whoever has to tell one build from another.
json("provenance.json", { version, commit: commit(), rust: readFileSync("rust-toolchain.toml", "utf8").match(/channel = "(.+)"/)?.[1], protocols: Object.keys(places) });
console.log(`${out}: ${Object.keys(places).length} protocols, version ${version}`);
