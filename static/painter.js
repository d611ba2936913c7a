// Paints what the page has put on a list, away from the page's own thread where the browser can do that: what a
// canvas shows costs the page then no more than writing the list. The same file is the worker and what talks to it.

/** Paints a list: the number of what to do, then its figures; words are given by their place. */
function paint(to, list, words) {
  let at = 0;
  const next = () => list[at++];
  // The numbers are those of `Op` in src/ui/canvas.rs.
  const ops = [
    () => to.beginPath(),
    () => to.moveTo(next(), next()),
    () => to.lineTo(next(), next()),
    () => to.arc(next(), next(), next(), next(), next()),
    () => to.rect(next(), next(), next(), next()),
    () => to.roundRect(next(), next(), next(), next(), next()),
    () => to.stroke(),
    () => to.fill(),
    () => to.fillRect(next(), next(), next(), next()),
    () => to.fillText(words[next()], next(), next()),
    () => to.fillText(words[next()], next(), next(), next()),
    () => (to.strokeStyle = words[next()]),
    () => (to.fillStyle = words[next()]),
    () => (to.lineWidth = next()),
    () => (to.lineCap = words[next()]),
    () => (to.globalAlpha = next()),
    () => to.setLineDash([next(), next()]),
    () => to.setLineDash([]),
    () => (to.font = words[next()]),
    () => (to.textAlign = words[next()]),
  ];
  while (at < list.length) ops[next()]();
}

/** Shows a picture on a canvas, in place of what it showed. `to` is the canvas's context. */
function show(canvas, to, { width, height, ratio, list, words }) {
  const [across, down] = [Math.trunc(width * ratio), Math.trunc(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  to.setTransform(ratio, 0, 0, ratio, 0, 0);
  to.clearRect(0, 0, width, height);
  paint(to, list, words);
}

/** The worker: shows the latest picture of each canvas, and leaves out those that it has no time for. */
function serve() {
  // Each with its context, which is asked for once: Firefox gives that of a canvas from the page only the first time.
  const canvases = new Map();
  const wanted = new Map();
  const later = new MessageChannel();
  later.port1.onmessage = () => {
    const pictures = [...wanted];
    // Before anything can go wrong with one of them, so that the next picture is asked for again.
    wanted.clear();
    for (const [id, picture] of pictures) {
      const known = canvases.get(id);
      if (known) show(known.canvas, known.to, picture);
    }
  };
  self.onmessage = ({ data: { id, canvas, picture } }) => {
    if (canvas) {
      const to = canvas.getContext("2d");
      if (!to) throw new Error("the worker gets no context to paint with");
      canvases.set(id, { canvas, to });
    }
    if (picture) {
      // Whatever else has arrived by now comes first, so that an older picture is never painted before it.
      if (wanted.size === 0) later.port2.postMessage(0);
      wanted.set(id, picture);
    } else if (!canvas) {
      canvases.delete(id);
      wanted.delete(id);
    }
  };
  self.postMessage("ready");
}

// The page's side.

/** Where pictures are painted: nobody has asked yet, the worker has not answered yet, there, or here. */
let where = "unasked";
let worker;
let lastId = 0;
/** What canvases are to show once it is known where. */
const held = new Map();
/** Of each canvas that the worker paints: its number, and what it shows. */
const given = new WeakMap();
/** The same canvases by their numbers. */
const byId = new Map();
/** Canvases that stand in for those that were given to a worker, which nobody else can paint on any more. */
const standIns = new Map();
const gone = new FinalizationRegistry((id) => {
  byId.delete(id);
  if (where === "there") worker.postMessage({ id });
});

/** How long a worker may take to say that it is there, in ms. */
const PATIENCE_MS = 8_000;

function settle(found) {
  if (where !== "waiting") return;
  where = found;
  if (found === "here") worker?.terminate();
  for (const [canvas, picture] of held) deliver(canvas, picture);
  held.clear();
}

/** The worker failed, at its start or later: from now on the page paints itself, first what the worker should show. */
function takeOver() {
  if (where === "waiting") return settle("here");
  if (where !== "there") return;
  where = "here";
  worker.terminate();
  for (const reference of byId.values()) {
    const canvas = reference.deref();
    if (canvas?.isConnected) deliver(canvas, given.get(canvas).picture);
  }
  byId.clear();
}

function start() {
  where = "waiting";
  if (!HTMLCanvasElement.prototype.transferControlToOffscreen) return settle("here");
  try {
    worker = new Worker(import.meta.url, { type: "module" });
    worker.onmessage = () => settle("there");
    worker.onmessageerror = takeOver;
    worker.onerror = (event) => {
      // It is dealt with here, and would be reported as an error of the page otherwise.
      event.preventDefault?.();
      console.warn("The worker that paints has failed; the page paints itself.", event.message ?? "");
      takeOver();
    };
    setTimeout(() => settle("here"), PATIENCE_MS);
  } catch {
    settle("here");
  }
}

/** The canvas on which the page can paint what this one is to show. */
function paintable(canvas) {
  for (const [old, standIn] of standIns) {
    if (old.isConnected) continue;
    standIn.remove();
    standIns.delete(old);
  }
  if (!given.has(canvas)) return canvas;
  let standIn = standIns.get(canvas);
  if (!standIn) {
    standIn = document.createElement("canvas");
    standIn.setAttribute("aria-hidden", "true");
    standIns.set(canvas, standIn);
    // It would go on showing the last picture of the worker.
    canvas.style.visibility = "hidden";
  }
  if (standIn.previousSibling !== canvas) canvas.after(standIn);
  standIn.className = canvas.className;
  for (const side of ["width", "height"]) standIn.style[side] = canvas.style[side];
  return standIn;
}

/** Paints on the page's thread. A browser that cannot has no picture there, and the rest of the page. */
function showHere(canvas, picture) {
  try {
    const target = paintable(canvas);
    const to = target.getContext("2d");
    if (to) show(target, to, picture);
  } catch (error) {
    console.warn("A picture could not be painted.", error);
  }
}

function deliver(canvas, picture) {
  if (where === "here") return showHere(canvas, picture);
  const known = given.get(canvas);
  const message = { id: known?.id, picture };
  const transfer = [];
  try {
    if (known) known.picture = picture;
    else {
      message.canvas = canvas.transferControlToOffscreen();
      message.id = lastId += 1;
      transfer.push(message.canvas);
      given.set(canvas, { id: message.id, picture });
      byId.set(message.id, new WeakRef(canvas));
      gone.register(canvas, message.id);
    }
    // The list is copied and not handed over: if the worker fails, the page paints it.
    worker.postMessage(message, transfer);
  } catch {
    takeOver();
    showHere(canvas, picture);
  }
}

/** Paints a list on a canvas of this size in CSS pixels, now or as soon as it can be done. */
export function paint_on(canvas, width, height, ratio, list, words) {
  if (where === "unasked") start();
  const picture = { width, height, ratio, list, words };
  if (where === "waiting") held.set(canvas, picture);
  else deliver(canvas, picture);
}

/** Whether the page paints itself, because the browser gives it no worker for that. */
export function paints_itself() {
  return where === "here";
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) serve();
