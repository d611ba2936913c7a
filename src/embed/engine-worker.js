// A worker that holds engines: one for each run that is open on the page.

import { EngineFault, inThread } from "./carrier.js";

const runs = new Map();
let last = 0;

async function answer({ open, run, method, args, close }) {
  if (open) {
    last += 1;
    runs.set(last, await inThread(open));
    return last;
  }
  if (close) {
    runs.get(run)?.close();
    runs.delete(run);
    return undefined;
  }
  return runs.get(run).call(method, args);
}

// One after the other, in the order in which they were asked.
let before = Promise.resolve();
addEventListener("message", ({ data }) => {
  before = before.then(async () => {
    try {
      postMessage({ number: data.number, value: await answer(data) });
    } catch (error) {
      const isFault = error instanceof EngineFault;
      postMessage({ number: data.number, refusal: String(error.message ?? error), isFault });
    }
  });
});
postMessage("ready");
