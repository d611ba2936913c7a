// What carries an engine: a worker where one is allowed, the thread of the page where not, and Node's own. The same
// module, and the same bytes, whichever it is.

import { ENGINES } from "./engines.js";

/** How long a worker may take to start before the page's own thread is taken instead, in ms. */
const WORKER_START_MS_MAX = 8_000;

/** A fault of an engine: it has stopped, and answers nothing more. What it refuses is another error. */
export class EngineFault extends Error {
  name = "EngineFault";
}

const modules = new Map();

/** The module of a protocol, fetched and compiled once however many runs want it. */
export function moduleOf(protocol) {
  if (!modules.has(protocol)) {
    const started = start(protocol);
    // One that could not be fetched is tried again by who asks next.
    started.catch(() => modules.delete(protocol));
    modules.set(protocol, started);
  }
  return modules.get(protocol);
}

async function start(protocol) {
  const place = ENGINES[protocol];
  const glue = await place.script();
  const inNode = typeof process === "object" && Boolean(process.versions?.node) && place.wasm.protocol === "file:";
  if (inNode) {
    // Not as a literal, so that no bundler looks for it in a page.
    const files = "node:fs/promises";
    const { readFile } = await import(/* @vite-ignore */ files);
    glue.initSync({ module: await readFile(place.wasm) });
  } else {
    await glue.default({ module_or_path: place.wasm });
  }
  return glue;
}

/** Calls one method of an engine. A trap of the WebAssembly is a fault; anything else that is thrown is a refusal. */
export function call(engine, method, args) {
  try {
    return engine[method](...args);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
      throw new EngineFault(String(error.message ?? error));
    }
    throw error;
  }
}

/** An engine in this very thread. */
export async function inThread(protocol) {
  const { Engine } = await moduleOf(protocol);
  const engine = new Engine();
  let fault;
  return {
    kind: "thread",
    async call(method, args) {
      if (fault) throw fault;
      try {
        return call(engine, method, args);
      } catch (error) {
        if (error instanceof EngineFault) {
          fault = error;
          // Whoever comes next gets a module of its own, as far as the address allows one.
          modules.delete(protocol);
        }
        throw error;
      }
    },
    close() {
      try {
        if (!fault) engine.free();
      } catch {
        // Then its memory goes with the page.
      }
      fault ??= new EngineFault("closed");
    },
  };
}

let shared;

/** The worker that all runs of this page share, or undefined where none may start. */
function worker() {
  shared ??= new Promise((resolve) => {
    let one;
    const give = (what) => {
      clearTimeout(late);
      if (!what) one?.terminate();
      resolve(what);
    };
    const late = setTimeout(() => give(), WORKER_START_MS_MAX);
    // A worker of another origin is never allowed, and some browsers report the attempt as an error of the page.
    if (new URL(import.meta.url).origin !== globalThis.location?.origin) {
      give();
      return;
    }
    try {
      one = new Worker(new URL("./engine-worker.js", import.meta.url), { type: "module" });
    } catch {
      // Below a policy that allows none.
      give();
      return;
    }
    const waiting = new Map();
    let last = 0;
    const stop = (why) => {
      for (const { refuse } of waiting.values()) refuse(new EngineFault(why));
      waiting.clear();
      shared = undefined;
    };
    one.addEventListener("error", (event) => {
      event.preventDefault?.();
      give();
      stop(event.message || "the worker has stopped");
    });
    one.addEventListener("message", ({ data }) => {
      if (data === "ready") {
        give({
          ask: (request) =>
            new Promise((answer, refuse) => {
              last += 1;
              waiting.set(last, { answer, refuse });
              one.postMessage({ ...request, number: last });
            }),
        });
        return;
      }
      const { number, value, refusal, isFault } = data;
      const asked = waiting.get(number);
      waiting.delete(number);
      if (refusal === undefined) asked?.answer(value);
      else asked?.refuse(isFault ? new EngineFault(refusal) : new Error(refusal));
    });
  });
  return shared;
}

/** An engine in the worker; undefined where there can be none. */
export async function inWorker(protocol) {
  if (typeof Worker !== "function") return undefined;
  const post = await worker();
  if (!post) return undefined;
  const run = await post.ask({ open: protocol });
  return {
    kind: "worker",
    call: (method, args) => post.ask({ run, method, args }),
    close: () => void post.ask({ run, close: true }).catch(() => {}),
  };
}
