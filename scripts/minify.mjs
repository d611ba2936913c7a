// Run by Trunk when the page is complete and not yet in place (Trunk.toml): minifies its scripts and style
// sheets. In a development build they stay as they are.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";

const { NODE_TOOLS_DIR, TRUNK_PROFILE, TRUNK_STAGING_DIR } = process.env;
if (!NODE_TOOLS_DIR) throw new Error("run scripts/build instead of trunk: it sets up the tools");

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
