// A static file server for one folder, with no dependency: for looking at the page and for the tests.
//
//   node scripts/serve.mjs [FOLDER] [--port N] [--host ADDRESS] [--base /sub/path/] [--brotli]
//
// The folder is dist/ unless named. `--base` serves it below a path, as a project page would be. `--brotli`
// compresses for browsers that ask for it, as most hosts do. Nothing is ever cached by the browser.

import { readFile, realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** The file that a request's path means, or null: nothing outside of the folder can be reached. */
async function fileFor(root, path) {
  try {
    let file = await realpath(join(root, decodeURIComponent(path)));
    if ((await stat(file)).isDirectory()) file = await realpath(join(file, "index.html"));
    return file.startsWith(root + sep) ? file : null;
  } catch {
    return null;
  }
}

/**
 * Serves `folder` and resolves to `{ url, origin, close }` once it listens: to pages of any origin, unless `shared` is
 * false. Port 0 takes any free one; another port that is taken makes way for the next free one after it.
 */
export async function serve({ folder = "dist", host = "127.0.0.1", port = 0, base = "/", brotli = false, shared = true } = {}) {
  const root = await realpath(resolve(folder));
  const prefix = `/${base}/`.replace(/\/+/g, "/");
  const compressed = new Map();

  const server = createServer(async (request, response) => {
    const answer = (status, headers, body) => {
      response.writeHead(status, {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        // As hosts of public pages do: a frame with `sandbox="allow-scripts"` is nobody's origin and gets no module
        // and no WebAssembly without it.
        ...(shared ? { "Access-Control-Allow-Origin": "*" } : {}),
        ...headers,
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const plain = { "Content-Type": types[".txt"] };
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(405, { ...plain, Allow: "GET, HEAD" }, "method not allowed\n");
    }
    const path = request.url.split("?")[0];
    if (path === prefix.slice(0, -1)) return answer(308, { Location: prefix });
    const file = path.startsWith(prefix) ? await fileFor(root, path.slice(prefix.length)) : null;
    if (!file) return answer(404, plain, "not found\n");

    const headers = { "Content-Type": types[extname(file)] ?? "application/octet-stream" };
    let body = await readFile(file);
    if (brotli && /\bbr\b/.test(request.headers["accept-encoding"] ?? "")) {
      const key = `${file} ${(await stat(file)).mtimeMs}`;
      if (!compressed.has(key)) {
        compressed.set(key, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
      }
      body = compressed.get(key);
      headers["Content-Encoding"] = "br";
      headers.Vary = "Accept-Encoding";
    }
    answer(200, { ...headers, "Content-Length": body.length }, body);
  });

  const listen = (candidate) =>
    new Promise((done, failed) => {
      server.once("error", failed);
      server.listen(candidate, host, () => {
        server.off("error", failed);
        done();
      });
    });
  for (let candidate = port; ; candidate += 1) {
    try {
      await listen(candidate);
      break;
    } catch (error) {
      if (error.code !== "EADDRINUSE" || candidate >= port + 20) throw error;
    }
  }

  const origin = `http://${host.includes(":") ? `[${host}]` : host}:${server.address().port}`;
  const close = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return { url: origin + prefix, origin, close };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      base: { type: "string", default: "/" },
      brotli: { type: "boolean", default: false },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "8080" },
    },
  });
  const folder = positionals[0] ?? "dist";
  const { url } = await serve({ ...values, folder, port: Number(values.port) });
  console.log(`\nLamplight is at ${url} (${folder}; Ctrl-C stops it)`);
}
