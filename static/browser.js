// What may throw or be refused in this or that browser, so that it never does on the way to the page's WebAssembly.

/** Fills the screen with the page, or no longer. Resolves to whether the browser let it. */
export async function full_screen() {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
    return true;
  } catch {
    return false;
  }
}
