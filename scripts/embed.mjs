// Puts the element for other pages together: `src/embed/` as a few files, with the addresses of the engines written into
// them. Used for the page (`scripts/minify.mjs`) and for the package (`scripts/package.mjs`).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** The first scenario of each protocol, in the order in which the page lists them. */
function firstScenarios() {
  const { protocols } = JSON.parse(readFileSync("static/catalogue.json", "utf8"));
  return protocols.map(({ name, scenarios }) => [name, scenarios[0].id]);
}

/**
 * Writes the files into `outdir`. `places` gives the addresses of each engine's script and WebAssembly relative to it;
 * `site` is where the page is, as an expression, for the link "Open in Lamplight".
 */
export async function bundleEmbed({ outdir, places, site, entries = ["lamplight", "cluster", "engine-worker", "frame", "gallery"], minify = true }) {
  const { build } = createRequire(join(process.env.NODE_TOOLS_DIR, "package.json"))("esbuild");
  const lines = firstScenarios()
    .filter(([name]) => places[name])
    .map(([name, first]) => {
      const { script, wasm } = places[name];
      const at = (address) => JSON.stringify(address);
      return `${at(name)}: { first: ${at(first)}, script: () => import(${at(script)}), wasm: new URL(${at(wasm)}, import.meta.url) },`;
    });
  await import("../src/embed/words.js");
  if (!lines.length) throw new Error("there are no engines for the element");
  const engines = `export const ENGINES = {\n${lines.join("\n")}\n};\nexport const SITE = ${site};\n`;
  const scripts = new Set(Object.values(places).map(({ script }) => script));
  await build({
    entryPoints: entries.map((name) => `src/embed/${name}.js`),
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify,
    legalComments: "none",
    chunkNames: "part-[hash]",
    // Names are read by whoever looks at a page's scripts; a source map says the rest.
    sourcemap: minify ? "linked" : false,
    logLevel: "warning",
    plugins: [
      {
        name: "engines",
        setup(build) {
          build.onLoad({ filter: /src\/embed\/engines\.js$/ }, () => ({ contents: engines, loader: "js" }));
          build.onResolve({ filter: /./ }, ({ path }) => (scripts.has(path) || path.startsWith("node:") ? { path, external: true } : undefined));
        },
      },
    ],
  });
}
