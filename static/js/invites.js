// Copy buttons for invite links and webhook secrets.
import { gettext } from "./annotate/words.js";

const copied = document.querySelector("[data-copied]");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = button.parentElement.querySelector("[data-address]");
  field.select(); // so that Ctrl+C works if the browser does not allow a page to copy
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    copied.textContent = gettext("Selected. Press Ctrl+C to copy.");
    return;
  }
  button.textContent = "Copied";
  copied.textContent = gettext("Copied to the clipboard.");
});
