// What a figure looks like. It reads the colours of its host, and nothing of it leaks out of its shadow root.

const TEXT = `
:host {
  --lamplight-paper: light-dark(#faf8f3, #15161a);
  --lamplight-raised: light-dark(#ffffff, #1d1f24);
  --lamplight-ink: light-dark(#1e1f23, #edebe4);
  --lamplight-muted: light-dark(#676259, #a6a39b);
  --lamplight-edge: light-dark(#d8d0c2, #3d4048);
  --lamplight-mesh: light-dark(#e3ddd2, #2c2f36);
  --lamplight-focus: light-dark(#1565b8, #86bdf5);
  --lamplight-accent: light-dark(#a86400, #f9b93f);
  --lamplight-font: system-ui, sans-serif;
  color-scheme: light dark;
  display: block;
  container-type: inline-size;
  max-inline-size: 46rem;
  margin-block: 1.5rem;
  font: 0.9375rem/1.45 var(--lamplight-font);
  color: var(--lamplight-ink);
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
figure { margin: 0; border: 1px solid var(--lamplight-edge); border-radius: 10px; background: var(--lamplight-paper); overflow: clip; }
.stage { position: relative; aspect-ratio: 1 / 0.72; min-block-size: 15rem; inline-size: 100%; }
.stage > svg, .poster, ::slotted(img), ::slotted(svg) { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; object-fit: contain; display: block; }
.cover { position: absolute; inset: 0; overflow: auto; padding: 1rem; }
.cover:empty { display: none; }
.load { position: absolute; inset-block-end: 1rem; inset-inline-start: 50%; transform: translateX(-50%); }
.sentence { margin: 0; padding: 0.6rem 0.9rem; block-size: 4.2em; overflow: auto; border-block-start: 1px solid var(--lamplight-edge); box-sizing: content-box; }
.source { color: var(--lamplight-muted); }
.challenge { margin: 0; padding: 0.35rem 0.9rem; min-block-size: 1.5em; border-block-start: 1px solid var(--lamplight-edge); }
.challenge code { font: 0.95em ui-monospace, monospace; }
.challenge.reached { background: light-dark(#ddf0e7, #1c382d); color: light-dark(#165143, #66d0a7); }
@container (inline-size < 30rem) { .sentence { block-size: 6em; } .stage { aspect-ratio: 1 / 0.92; } }
.bar { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center; padding: 0.5rem 0.7rem; border-block-start: 1px solid var(--lamplight-edge); min-block-size: 2.25rem; }
@container (inline-size < 30rem) { [part="bar"] { min-block-size: 7.3rem; align-content: start; } }
.bar[hidden], .sentence[hidden], .challenge[hidden], .stage[hidden], .more:empty { display: none; }
button, .open { box-sizing: border-box; font: inherit; color: inherit; background: var(--lamplight-raised); border: 1px solid var(--lamplight-edge); border-radius: 7px; min-inline-size: 2.25rem; min-block-size: 2.25rem; padding: 0 0.6rem; cursor: pointer; display: inline-flex; align-items: center; justify-content: center; text-decoration: none; }
button svg { inline-size: 1.1rem; block-size: 1.1rem; fill: currentColor; }
button.play { border-color: var(--lamplight-accent); }
button:disabled, button[aria-disabled="true"] { color: var(--lamplight-muted); cursor: default; }
:is(button, input, .open, .party):focus-visible { outline: 3px solid var(--lamplight-focus); outline-offset: 2px; }
input[type="range"] { flex: 1 1 4rem; min-inline-size: 4rem; accent-color: var(--lamplight-accent); min-block-size: 1.75rem; }
.where { color: var(--lamplight-muted); font-variant-numeric: tabular-nums; min-inline-size: 9.5em; }
figcaption { padding: 0.6rem 0.9rem; border-block-start: 1px solid var(--lamplight-edge); color: var(--lamplight-muted); }
figcaption:empty { display: none; }
.failure { padding: 0.9rem; display: grid; gap: 0.6rem; justify-items: start; background: var(--lamplight-paper); position: absolute; inset-inline: 0; inset-block-end: 0; border-block-start: 2px solid light-dark(#c33821, #f08770); }
.more { display: grid; gap: 0.8rem; padding: 0.7rem 0.9rem; border-block-start: 1px solid var(--lamplight-edge); }
.more > div { overflow: auto; max-block-size: 24rem; }
.more svg { max-inline-size: 100%; block-size: auto; }
table { border-collapse: collapse; font-size: 0.85rem; }
th, td { text-align: start; padding: 0.15rem 0.6rem 0.15rem 0; border-block-end: 1px solid var(--lamplight-mesh); vertical-align: top; }
caption, h3 { text-align: start; font: inherit; font-weight: 600; margin: 0; }

.mesh { stroke: var(--lamplight-mesh); }
.cut { stroke: light-dark(#c33821, #f08770); stroke-width: 1.5; stroke-dasharray: 3 5; }
.party { cursor: default; }
.choosable { cursor: pointer; }
.party text, .message text { text-anchor: middle; fill: var(--lamplight-ink); font-family: var(--lamplight-font); }
.party .role { fill: var(--line); font-size: 13px; }
.party .figure { fill: var(--lamplight-muted); font-size: 12px; }
.party .name { font-size: 15px; }
.shape { fill: var(--soft); stroke: var(--line); stroke-width: 2; }
.down .shape { fill: none; stroke-dasharray: 4 4; }
.chosen .shape { stroke-width: 4; }
.pointed .shape { stroke: var(--lamplight-accent); stroke-width: 5; }
.timer { fill: none; stroke: var(--line); stroke-width: 3; }
.cell rect { fill: none; stroke: var(--line); }
.settled rect { fill: var(--soft); }
.cell text { font-size: 10px; }
.quorum { stroke: var(--line); stroke-width: 3; stroke-dasharray: 1 7; stroke-linecap: round; opacity: 0.45; fill: none; }
.quorum.complete { stroke-width: 6; stroke-dasharray: none; }
.message circle { fill: var(--line); stroke: var(--line); stroke-width: 1.5; }
.message text { fill: var(--on); font-size: 11px; }
.message.answer circle { fill: var(--lamplight-paper); }
.message.answer text { fill: var(--line); }
.message.lost { opacity: 0.5; }

.plain { --line: var(--lamplight-muted); --soft: var(--lamplight-raised); --on: light-dark(#ffffff, #15161a); }
.member { --line: light-dark(#4074b1, #5c96d5); --soft: light-dark(#e7eff7, #223243); --on: light-dark(#ffffff, #10202f); }
.contender { --line: light-dark(#8e3b79, #eab2dd); --soft: light-dark(#f8e5f1, #41243a); --on: light-dark(#ffffff, #2e0f26); }
.leader { --line: light-dark(#965800, #f9b63b); --soft: light-dark(#fdf1d6, #41320f); --on: light-dark(#ffffff, #221803); }
.good { --line: light-dark(#165143, #66d0a7); --soft: light-dark(#ddf0e7, #1c382d); --on: light-dark(#ffffff, #06241a); }
.bad { --line: light-dark(#c33821, #f08770); --soft: light-dark(#fbe6e1, #43211b); --on: light-dark(#ffffff, #33110b); }
.absent { --line: light-dark(#736f69, #95918a); --soft: none; --on: light-dark(#ffffff, #15161a); }
.era0 { --line: light-dark(#44709b, #8fb7de); --soft: light-dark(#dbe7f2, #24354a); --on: light-dark(#ffffff, #15161a); }
.era1 { --line: light-dark(#8f5c04, #e3b25b); --soft: light-dark(#f7e3bf, #4a3818); --on: light-dark(#ffffff, #15161a); }
.era2 { --line: light-dark(#1f6f55, #6fcaa7); --soft: light-dark(#d8ebdf, #1f3d30); --on: light-dark(#ffffff, #15161a); }
.era3 { --line: light-dark(#a8458a, #e796cb); --soft: light-dark(#f3dcec, #47283f); --on: light-dark(#ffffff, #15161a); }
.era4 { --line: light-dark(#40666d, #96bdc5); --soft: light-dark(#dbe6e7, #29393d); --on: light-dark(#ffffff, #15161a); }
.era5 { --line: light-dark(#765ba6, #baa5e6); --soft: light-dark(#e6def3, #372f4f); --on: light-dark(#ffffff, #15161a); }

@media (forced-colors: active) {
  .shape, .timer, .quorum, .mesh, .cut { stroke: CanvasText; }
  .shape { fill: Canvas; }
  .party text { fill: CanvasText; }
}
@media print {
  .bar, .load { display: none; }
  .sentence { block-size: auto; }
}
`;

let sheet;

/** The style sheet, made once: a policy that allows no inline style allows this one. */
export function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(TEXT);
  }
  return sheet;
}
