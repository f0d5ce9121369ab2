// Copy buttons for invite links, webhook secrets and code.
import { gettext } from "./annotate/words.js";

const copied = document.querySelector("[data-copied]");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = button.parentElement.querySelector("[data-address]");
  if (field.select) field.select();
  else getSelection().selectAllChildren(field); // so that Ctrl+C works if the browser does not allow a page to copy
  try {
    await navigator.clipboard.writeText(field.value ?? field.textContent);
  } catch {
    copied.textContent = gettext("Selected. Press Ctrl+C to copy.");
    return;
  }
  button.textContent = "Copied";
  copied.textContent = gettext("Copied to the clipboard.");
});
