// What a run is opened from: a scenario by name, a link, or a scenario file. The engine reads it; here it is only looked
// at for the protocol that it belongs to.

import { ENGINES } from "./engines.js";

/** More than any link or scenario file that an engine opens. */
const SOURCE_LENGTH_MAX = 4_000_000;

/** More than the beginning of a link that names the protocol. */
const START_BYTES_MAX = 4_096;

/** The names of the protocols that there are. */
export const protocols = () => Object.keys(ENGINES);

const known = (name) => (protocols().includes(name) ? name : undefined);

/** The beginning of what a link holds, as text. */
async function startOfLink(text) {
  const [, version, packed] = /(?:^|#)run=(\d+)\.([\w-]+)/.exec(text) ?? [];
  if (!version) return "";
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    let start = "";
    const decoder = new TextDecoder();
    while (start.length < START_BYTES_MAX) {
      const { value, done } = await reader.read();
      if (done) break;
      start += decoder.decode(value, { stream: true });
    }
    reader.cancel().catch(() => {});
    return start;
  } catch {
    // What is damaged further on still began with its protocol; the engine says what is wrong with it.
    return "";
  }
}

/** The protocol of a source, or undefined where it names none that there is. */
export async function protocolOf(source) {
  if (source.length > SOURCE_LENGTH_MAX) return undefined;
  const [, scenario] = /^\s*#?([a-z0-9-]+)\//.exec(source) ?? [];
  if (scenario) return known(scenario);
  if (/^\s*\{/.test(source)) {
    try {
      return known(JSON.parse(source).protocol);
    } catch {
      return undefined;
    }
  }
  const [, named] = /"([a-z0-9-]+)"/.exec(await startOfLink(source)) ?? [];
  return known(named);
}
