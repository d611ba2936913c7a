// Prints what a visitor downloads, compressed with brotli as a host would, and fails above a ceiling.
// One KB is 1,000 bytes.
//
// The budgets are those of the design. Where one is not met yet, `ceiling` is what was reached: it falls with what is
// reached. It rose once, by some 22 KB an engine: named facts, conditions over them, and what a figure asks for as JSON.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const dist = process.argv[2] ?? "dist";

/** The engine that the first visit of somebody without a link fetches. */
const FIRST = "raft";

const isCode = (name) => /\.(wasm|js|mjs|css)$/.test(name);
const engineOf = (name) => /^engine-(.*)-[0-9a-f]{16}(_bg\.wasm|\.js)$/.exec(name)?.[1];
// The service worker comes after the page is there.
const isPage = (name) => isCode(name) && !engineOf(name) && name !== "offline.js" && !/^(embed|learn)\//.test(name);

if (!existsSync(join(dist, "index.html"))) {
  console.error(`${dist} holds no page: make build`);
  process.exit(1);
}

const files = readdirSync(dist, { recursive: true })
  .map((name) => name.replaceAll("\\", "/"))
  .filter(isCode)
  .sort()
  .map((name) => {
    const content = readFileSync(join(dist, name));
    return { name, bytes: content.length, brotli: brotliCompressSync(content).length };
  });
const engines = [...new Set(files.map(({ name }) => engineOf(name)).filter(Boolean))].sort();

/** A script with those that it imports before it runs. */
function withImports(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const text = readFileSync(join(dist, name), "utf8");
  for (const [, other] of text.matchAll(/\b(?:from|import)\s*"\.\/([^"]+\.js)"/g)) withImports(`embed/${other}`, found);
  return found;
}
const loader = withImports("embed/lamplight.js");
const isEmbed = (name) => name.startsWith("embed/") && name.endsWith(".js");
/** Those that a figure never fetches. */
const others = new Set([...withImports("embed/frame.js"), ...withImports("embed/gallery.js")].filter((name) => !loader.has(name)));

const ENGINE_CEILINGS = {
  "consistent-hashing": 391_500,
  "multi-paxos": 306_500,
  paxos: 276_500,
  raft: 312_500,
  "three-phase-commit": 370_000,
  "two-phase-commit": 370_000,
};
const parts = [
  { part: "page, without an engine", ceiling: 352_000, holds: isPage, lists: true },
  ...engines.map((engine) => ({
    part: `engine: ${engine}`,
    budget: 150_000,
    ceiling: ENGINE_CEILINGS[engine],
    holds: (name) => engineOf(name) === engine,
  })),
  {
    part: `first visit: the page and the engine of ${FIRST}`,
    budget: 300_000,
    ceiling: 663_000,
    holds: (name) => isPage(name) || engineOf(name) === FIRST,
  },
  { part: "loader of the element for other pages", budget: 8_000, holds: (name) => loader.has(name), lists: true },
  {
    part: `a figure: loader, view and the engine of ${FIRST}`,
    budget: 150_000,
    ceiling: 327_500,
    holds: (name) => (isEmbed(name) && !others.has(name)) || engineOf(name) === FIRST,
  },
  { part: "script and style of a lesson", budget: 20_000, holds: (name) => name.startsWith("learn/") },
];

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
const line = (...cells) => console.log(cells.map((cell, at) => (at ? cell.padStart(12) : cell.padEnd(52))).join(""));

let exceeded = false;
line("part", "bytes", "brotli", "budget");
for (const { part, budget, ceiling = budget, holds, lists } of parts) {
  const chosen = files.filter(({ name }) => holds(name));
  const sum = (what) => chosen.reduce((total, file) => total + file[what], 0);
  if (lists) for (const { name, bytes, brotli } of chosen) line(`  ${name}`, kilobytes(bytes), kilobytes(brotli));
  line(part, kilobytes(sum("bytes")), kilobytes(sum("brotli")), budget ? kilobytes(budget) : "");
  if (!(sum("brotli") <= ceiling)) {
    console.error(`${part}: ${kilobytes(sum("brotli"))} exceed ${kilobytes(ceiling ?? 0)}`);
    exceeded = true;
  } else if (budget && sum("brotli") > budget) {
    console.log(`  over its budget; must not exceed ${kilobytes(ceiling)} meanwhile`);
  }
}
process.exit(exceeded ? 1 : 0);
