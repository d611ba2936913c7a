// What a term means, where it stands: shown to whoever points at it, comes to it by keyboard or taps it. The link to the
// glossary stays what it is; a second tap follows it.

/** Time to think better of it, and to move from the term into its meaning, in ms. */
const OPEN_MS = 120;
const CLOSE_MS = 250;

/** How far from the term, and from the edge of the window, in px. */
const GAP = 6;
const EDGE = 8;

export function terms() {
  if (!("popover" in HTMLElement.prototype)) return;
  let shown;
  let timer;

  const meaningOf = (link) => document.getElementById(link.getAttribute("aria-describedby"));

  function close() {
    clearTimeout(timer);
    if (!shown) return;
    const meaning = meaningOf(shown);
    shown = undefined;
    if (meaning.matches(":popover-open")) meaning.hidePopover();
  }

  function open(link) {
    clearTimeout(timer);
    if (shown === link) return;
    close();
    const meaning = meaningOf(link);
    shown = link;
    meaning.showPopover();
    // A term that is broken over two lines is explained at its first part.
    const [at] = link.getClientRects();
    const { offsetWidth: width, offsetHeight: height } = meaning;
    const room = document.documentElement.clientWidth - width - EDGE;
    const below = at.bottom + GAP;
    const isAbove = below + height > innerHeight - EDGE && at.top - GAP - height > EDGE;
    meaning.style.left = `${Math.max(EDGE, Math.min(at.left - GAP, room))}px`;
    meaning.style.top = `${isAbove ? at.top - GAP - height : below}px`;
  }

  const soon = (what, after) => {
    clearTimeout(timer);
    timer = setTimeout(what, after);
  };

  for (const link of document.querySelectorAll(".term")) {
    const meaning = meaningOf(link);
    if (!meaning) continue;
    let isTap = false;
    link.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && soon(() => open(link), OPEN_MS));
    link.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && soon(close, CLOSE_MS));
    meaning.addEventListener("pointerenter", () => clearTimeout(timer));
    meaning.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && soon(close, CLOSE_MS));
    link.addEventListener("focus", () => link.matches(":focus-visible") && open(link));
    link.addEventListener("blur", close);
    link.addEventListener("pointerdown", ({ pointerType }) => {
      isTap = pointerType !== "mouse";
    });
    link.addEventListener("click", (event) => {
      if (!isTap || shown === link) return;
      event.preventDefault();
      open(link);
    });
  }

  addEventListener("keydown", ({ key }) => key === "Escape" && close());
  addEventListener("scroll", close, { passive: true });
  addEventListener("pointerdown", ({ target }) => {
    if (shown && !shown.contains(target) && !meaningOf(shown).contains(target)) close();
  });
}
