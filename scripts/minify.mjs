// Run by Trunk when the page is complete and not yet in place (Trunk.toml): puts the engines beside it under names that
// change with their content and tells the document where they are, adds the element for other pages, minifies scripts and style sheets (in a development
// build they stay as they are), and tells the service worker what files there are.

import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join, sep } from "node:path";
import { bundleEmbed } from "./embed.mjs";
import { buildLessons } from "./lessons.mjs";

/** Where `scripts/engines` puts them. */
const ENGINES = "target/engines";

const { NODE_TOOLS_DIR, TRUNK_PROFILE, TRUNK_STAGING_DIR } = process.env;
if (!NODE_TOOLS_DIR) throw new Error("run scripts/build instead of trunk: it sets up the tools");

const places = [];
const embedded = {};
for (const name of readdirSync(ENGINES).filter((name) => name.endsWith(".js")).sort()) {
  const engine = name.slice(0, -".js".length);
  const [glue, wasm] = [name, `${engine}_bg.wasm`].map((file) => readFileSync(join(ENGINES, file)));
  const named = `${engine}-${createHash("sha256").update(glue).update(wasm).digest("hex").slice(0, 16)}`;
  const text = glue.toString().replaceAll(`${engine}_bg.wasm`, `${named}_bg.wasm`);
  writeFileSync(join(TRUNK_STAGING_DIR, `${named}.js`), text);
  writeFileSync(join(TRUNK_STAGING_DIR, `${named}_bg.wasm`), wasm);
  embedded[engine.slice("engine-".length)] = { script: `../${named}.js`, wasm: `../${named}_bg.wasm` };
  places.push(`<link id="${engine}" rel="engine" href="./${named}.js" data-wasm="./${named}_bg.wasm">`);
}
const page = join(TRUNK_STAGING_DIR, "index.html");
const whole = readFileSync(page, "utf8").replace("<!-- engines -->", () => places.join("\n  "));
if (!places.length || !whole.includes(places[0])) throw new Error("the document has no place for the engines");
writeFileSync(page, whole);

if (TRUNK_PROFILE === "release") {
  const { transformSync } = createRequire(join(NODE_TOOLS_DIR, "package.json"))("esbuild");
  for (const name of readdirSync(TRUNK_STAGING_DIR, { recursive: true })) {
    const loader = { ".js": "js", ".css": "css" }[extname(name)];
    if (!loader) continue;
    const path = join(TRUNK_STAGING_DIR, name);
    const options = { loader, minify: true, target: "es2022", legalComments: "none", sourcefile: name };
    writeFileSync(path, transformSync(readFileSync(path, "utf8"), options).code);
  }
}

// After the rest was minified, because it is made whole at once.
const embed = { outdir: join(TRUNK_STAGING_DIR, "embed"), places: embedded, minify: TRUNK_PROFILE === "release" };
await bundleEmbed({ ...embed, site: 'new URL("../", import.meta.url).href' });
const copy = (from, to) => copyFileSync(from, join(TRUNK_STAGING_DIR, to));
copy("src/embed/frame.html", "embed.html");
copy("src/embed/gallery.html", "gallery.html");
copy("styles/gallery.css", "embed/gallery.css");
// Their text is read in the engines, and what it claims is checked.
await buildLessons(TRUNK_STAGING_DIR);

// The service worker stores these files as one version, named by what is in them.
const worker = join(TRUNK_STAGING_DIR, "offline.js");
const digest = createHash("sha256").update(readFileSync(worker));
const files = [];
for (const name of readdirSync(TRUNK_STAGING_DIR, { recursive: true }).sort()) {
  const path = join(TRUNK_STAGING_DIR, name);
  // Whoever looks into the scripts has a network.
  if (path === worker || name.endsWith(".map") || !statSync(path).isFile()) continue;
  const address = name.split(sep).map(encodeURIComponent).join("/");
  files.push(address === "index.html" ? "./" : `./${address}`);
  digest.update(`${address}\0`).update(readFileSync(path));
}
const filled = readFileSync(worker, "utf8")
  .replace('"development"', JSON.stringify(digest.digest("hex").slice(0, 16)))
  .replace(/=\s*\[\]/, () => `=${JSON.stringify(files)}`);
if (!filled.includes(JSON.stringify(files))) throw new Error("offline.js has no list to fill in");
writeFileSync(worker, filled);
