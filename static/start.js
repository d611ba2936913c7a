// Starts the page. It is a file of its own because the content security policy allows no inline script, and
// it reads both addresses from the document because their names change with their content.

const address = (id) => document.getElementById(id).href;

// The page empties the body when it mounts, so the message is taken out of the document beforehand.
const failure = document.getElementById("start-failure").content;

try {
  const { default: init } = await import(address("glue"));
  await init({ module_or_path: address("wasm") });
} catch (error) {
  const stage = document.querySelector(".skeleton-stage");
  if (stage) stage.replaceWith(failure);
  else document.body.append(failure);
  throw error;
}
