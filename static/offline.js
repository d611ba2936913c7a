// A service worker: a second visit works without a network. `scripts/minify.mjs` fills in the version and the files.
//
// With a network the page is always the host's newest one: the document and whatever has a lasting name are asked for
// first, and what is stored serves only where no answer comes. Files whose names change with their content are taken
// from what is stored. A version is stored as a whole or not at all, so that its files always fit together.

const VERSION = "development";
const FILES = [];

/** How long the network may take, in ms, before what is stored is shown. */
const PATIENCE_MS = 5_000;

// One origin may hold this page at several paths, each with its own files.
const OURS = `lamplight ${new URL(self.registration.scope).pathname} `;
const NAME = OURS + VERSION;

const isLasting = (url) => !/-[0-9a-f]{8,}(_bg)?\.(js|wasm|css)$/.test(url.pathname);

async function store() {
  const cache = await caches.open(NAME);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
  await self.skipWaiting();
}

async function forgetOthers() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== NAME) await caches.delete(name);
  }
  await self.clients.claim();
}

/** What the network says within the time, else what is stored, else whatever the network says later. */
async function fromNetwork(request, stored) {
  const answer = fetch(request);
  if (!stored) return answer;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, stored));
  const unlessBroken = answer.then((response) => (response.status >= 500 ? stored : response), () => stored);
  return Promise.race([unlessBroken, late]);
}

async function answer(request, url) {
  const cache = await caches.open(NAME);
  const isPage = request.mode === "navigate";
  const stored = await cache.match(isPage ? "./" : request, { ignoreSearch: true, ignoreVary: true });
  return stored && !isLasting(url) ? stored : fromNetwork(request, stored);
}

self.addEventListener("install", (event) => event.waitUntil(store()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request, url));
});
