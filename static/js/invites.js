// The managers' invite links: a click copies one.
(() => {
  "use strict";

  const copied = document.querySelector("[data-copied]");

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = button.parentElement.querySelector("[data-address]");
    field.select(); // so that Ctrl-C works where the browser does not let a page copy
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      copied.textContent = "Selected: copy it with the keyboard.";
      return;
    }
    button.textContent = "Copied";
    copied.textContent = "The address is copied.";
  });
})();
