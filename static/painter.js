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

/** Shows a picture on a canvas, in place of what it showed. */
function show(canvas, { width, height, ratio, list, words }) {
  const [across, down] = [Math.trunc(width * ratio), Math.trunc(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const to = canvas.getContext("2d");
  if (!to) return;
  to.setTransform(ratio, 0, 0, ratio, 0, 0);
  to.clearRect(0, 0, width, height);
  paint(to, list, words);
}

/** The worker: shows the latest picture of each canvas, and leaves out those that it has no time for. */
function serve() {
  const canvases = new Map();
  const wanted = new Map();
  const later = new MessageChannel();
  later.port1.onmessage = () => {
    const pictures = [...wanted];
    // Before anything can go wrong with one of them, so that the next picture is asked for again.
    wanted.clear();
    for (const [id, picture] of pictures) {
      const canvas = canvases.get(id);
      if (canvas) show(canvas, picture);
    }
  };
  self.onmessage = ({ data: { id, canvas, picture } }) => {
    if (canvas) canvases.set(id, canvas);
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
const ids = new WeakMap();
const gone = new FinalizationRegistry((id) => worker.postMessage({ id }));

function settle(found) {
  if (where !== "waiting") return;
  where = found;
  for (const [canvas, picture] of held) deliver(canvas, picture);
  held.clear();
}

function start() {
  where = "waiting";
  if (!HTMLCanvasElement.prototype.transferControlToOffscreen) return settle("here");
  try {
    worker = new Worker(import.meta.url, { type: "module" });
    worker.onmessage = () => settle("there");
    worker.onerror = () => settle("here");
  } catch {
    settle("here");
  }
}

function deliver(canvas, picture) {
  if (where === "here") return show(canvas, picture);
  let id = ids.get(canvas);
  const transfer = [picture.list.buffer];
  const message = { id, picture };
  if (id === undefined) {
    message.id = id = lastId += 1;
    message.canvas = canvas.transferControlToOffscreen();
    transfer.push(message.canvas);
    ids.set(canvas, id);
    gone.register(canvas, id);
  }
  worker.postMessage(message, transfer);
}

/** Paints a list on a canvas of this size in CSS pixels, now or as soon as it can be done. */
export function paint_on(canvas, width, height, ratio, list, words) {
  if (where === "unasked") start();
  const picture = { width, height, ratio, list, words };
  if (where === "waiting") held.set(canvas, picture);
  else deliver(canvas, picture);
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) serve();
