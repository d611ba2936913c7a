// Prints a digest of everything that the page is built from: all files of the repository but its outputs, the
// tests and the prose, and the versions of the tools.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const skipped = new Set([".git", ".tools", "target", "dist", "node_modules", "tests", "benches", "docs"]);
const hash = createHash("sha256");

function add(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    // Prose but for the lessons, which are pages.
    if (skipped.has(path) || (path.endsWith(".md") && !path.startsWith(join("static", "lessons")))) continue;
    if (entry.isDirectory()) add(path);
    else if (entry.isFile()) hash.update(`${path}\0`).update(createHash("sha256").update(readFileSync(path)).digest());
  }
}

add(".");
hash.update(process.env.RUSTFLAGS ?? "");
console.log(hash.digest("hex"));
