// Fetches and starts the engine of a protocol. `scripts/minify.mjs` writes into the document where each one is.

/** How often an engine was started anew after a fault: a module that is imported under another address is another one. */
let started = 0;

/** An engine for the protocol, or nothing if it could not be fetched or started. */
export async function load(protocol, afresh) {
  try {
    const place = document.getElementById(`engine-${protocol}`);
    if (afresh) started += 1;
    const glue = await import(started ? `${place.href}?${started}` : place.href);
    await glue.default({ module_or_path: new URL(place.dataset.wasm, document.baseURI) });
    return new glue.Engine();
  } catch (error) {
    console.warn(`The engine of ${protocol} could not be loaded:`, error);
    return null;
  }
}
