// Runs before anything is painted: a classic script, and short, because the browser waits for it.

// The theme that was chosen, if it is not the system's: `src/ui/prefs.rs` remembers it under this name.
try {
  const theme = localStorage.getItem("lamplight.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that refuses storage has remembered nothing.
}

// Where the script that starts the page is missing or blocked, the sentence about it need not wait.
addEventListener(
  "error",
  ({ target }) => {
    if (target instanceof HTMLScriptElement) document.documentElement.dataset.start = "lost";
  },
  true,
);
