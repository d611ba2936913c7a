// Starts the page. It is a file of its own because the content security policy allows no inline script, and
// it reads both addresses from the document because their names change with their content.

const address = (id) => document.getElementById(id).href;

// The page empties the body when it mounts, so the messages are taken out of the document beforehand.
const [failure, stopped] = ["start-failure", "stopped"].map((id) => document.getElementById(id).content);

/** Makes the buttons of a message work: the same run again, or none that was open before. */
function arm(message) {
  for (const button of message.querySelectorAll("[data-restart]")) {
    button.addEventListener("click", () => {
      if (button.dataset.restart === "afresh") {
        try {
          localStorage.removeItem("lamplight.run");
        } catch {
          // Then there is nothing that would be opened again.
        }
        history.replaceState(null, "", location.pathname + location.search);
      }
      location.reload();
    });
  }
  return message;
}

/** The protocol of the run that will be opened first, as far as the address or the last visit tells. */
function firstProtocol() {
  const named = /^#([a-z-]+)\//.exec(location.hash);
  if (named || location.hash.length > 1) return named?.[1];
  try {
    return localStorage.getItem("lamplight.protocol") ?? "raft";
  } catch {
    return "raft";
  }
}

// The engine of that run comes together with the page, which asks for it under the same addresses later.
const engine = document.getElementById(`engine-${firstProtocol()}`);
if (engine) {
  for (const hint of [
    { rel: "modulepreload", href: engine.href },
    { rel: "preload", as: "fetch", type: "application/wasm", crossOrigin: "anonymous", href: engine.dataset.wasm },
  ]) {
    document.head.append(Object.assign(document.createElement("link"), hint));
  }
}

let isRunning = false;

/** Whether an error ended the WebAssembly: a panic, or an error that went through it and left it half-way. */
const isEnd = (error) =>
  error instanceof WebAssembly.RuntimeError || /\.wasm\b|wasm-function/.test(error?.stack ?? "");

/** The page has stopped: says so, and how to go on. What was on the screen stays, and cannot be pressed any more. */
function stop(error) {
  if (!isRunning || !isEnd(error)) return;
  isRunning = false;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const part of document.body.children) part.inert = true;
  document.body.prepend(arm(stopped));
  document.querySelector(".stopped button").focus();
}

addEventListener("error", ({ error }) => stop(error));
addEventListener("unhandledrejection", ({ reason }) => stop(reason));

try {
  const { default: init } = await import(address("glue"));
  await init({ module_or_path: address("wasm") });
  isRunning = true;
} catch (error) {
  const stage = document.querySelector(".skeleton-stage");
  if (stage) stage.replaceWith(arm(failure));
  else document.body.append(arm(failure));
  throw error;
}

/** Whether the browser lets the page store anything; where it does not, asking for more is reported as an error. */
function canStore() {
  try {
    return localStorage.length >= 0;
  } catch {
    return false;
  }
}

// From the second visit on the page works without a network, where the browser allows that; where it does not,
// touching it may throw already.
try {
  if (canStore()) navigator.serviceWorker?.register("./offline.js", { updateViaCache: "none" }).catch(() => {});
} catch {
  // It works with a network.
}
