// Where the engine of each protocol is. `scripts/embed.mjs` puts another in its place for the page and for the package; every
// address stands here as a literal, so that a bundler finds it.

/** How to get the script and the WebAssembly of each protocol's engine. */
export const ENGINES = {};

/** Where the page is, for the link "Open in Lamplight"; undefined where nobody knows. */
export const SITE = undefined;
