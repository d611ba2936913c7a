// The pages around the lessons: the list, which knows what was read and solved, and the sheet for a class.

import { progress } from "./progress.js";

/** How long the address of a file that is saved stays valid, in ms. */
const SAVE_MS = 10_000;

export function list() {
  const kept = document.querySelector(".kept");
  const status = kept.querySelector("[role=status]");
  const button = (name) => kept.querySelector(`[data-act="${name}"]`);

  function write() {
    const done = progress.read();
    let any = false;
    for (const item of document.querySelectorAll("[data-lesson]")) {
      const { read, ...solved } = done[item.dataset.lesson] ?? {};
      const count = Object.keys(solved).length;
      item.querySelector(".done").hidden = !read;
      item.querySelector(".solved").hidden = !count;
      any ||= Boolean(read) || count > 0;
    }
    for (const name of ["save", "clear"]) button(name).hidden = !any;
  }

  kept.hidden = false;
  write();
  button("clear").addEventListener("click", () => {
    progress.clear();
    write();
    status.textContent = kept.dataset.cleared;
    button("take").focus();
  });
  button("save").addEventListener("click", () => {
    const href = URL.createObjectURL(new Blob([progress.file()], { type: "application/json" }));
    Object.assign(document.createElement("a"), { href, download: "lamplight-progress.json" }).click();
    setTimeout(() => URL.revokeObjectURL(href), SAVE_MS);
  });
  const field = kept.querySelector("input");
  button("take").addEventListener("click", () => field.click());
  field.addEventListener("change", async () => {
    const [file] = field.files;
    if (!file) return;
    const how = await progress.take(file);
    field.value = "";
    status.textContent = kept.dataset[how];
    write();
  });
}

/** On paper an address can only be followed if it is whole. */
export function sheet() {
  for (const link of document.querySelectorAll(".address")) link.textContent = link.href;
  const print = document.querySelector(".print");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
