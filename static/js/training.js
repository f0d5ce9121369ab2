// Training: keyboard shortcuts, and the time from both images shown to the answer.
(() => {
  "use strict";

  const form = document.querySelector(".training-form");
  const verdict = document.getElementById("verdict");
  const next = document.querySelector("[data-next]");
  let start = null;
  let isSent = false;

  const isTyping = (target) => target.closest("textarea, select, input:not([type=radio]):not([type=hidden])") !== null;

  const buttonFor = (key) =>
    [...document.querySelectorAll(".training-form button[aria-keyshortcuts]")].find((button) =>
      button.getAttribute("aria-keyshortcuts").split(" ").includes(key),
    );

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const button = form ? buttonFor(event.key) : null;
    if (button) {
      event.preventDefault();
      button.click();
    } else if (next && event.key === "Enter" && event.target.closest("a, button") === null) {
      next.click();
    }
  });

  if (verdict) verdict.focus();
  if (!form) return;
  const images = [...document.querySelectorAll(".sides img")];
  Promise.all(images.map((image) => image.decode().catch(() => null))).then(() => {
    start = performance.now();
  });
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    if (start !== null) form.elements.elapsed_ms.value = Math.round(performance.now() - start);
  });
})();
