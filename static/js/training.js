// Training: the keys of the annotation page, and the time from both images shown to the answer.

import { createGate } from "./annotate/gate.js";
import { createHints, elementsOf } from "./annotate/hints.js";
import { createKeymap } from "./annotate/keymap.js";
import { isTyping } from "./annotate/keys.js";
import { createLabels } from "./annotate/labels.js";
import { readPageData } from "./annotate/page_data.js";

const form = document.querySelector(".training-form");
const next = document.querySelector("[data-next]");
let start = null;
let isSent = false;

document.getElementById("verdict")?.focus();
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.repeat || event.target.closest("a, button")) return;
  next?.click();
});

const elapsed = () => (start === null ? 0 : Math.round(performance.now() - start));

const watchForm = () => {
  const { shortcuts, preferences, answerMsMin } = readPageData(document);
  const keymap = createKeymap({ shortcuts, map: preferences.key_map, own: preferences.own_keys });
  const labels = createLabels({ keyboard: navigator.keyboard, onChange: () => hints.paint() });
  const hints = createHints({ root: document, shortcuts, keymap, labels });
  hints.paint();
  labels.read();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const shortcut = keymap.actionOf(event);
    const button = shortcut && elementsOf(form, shortcut)[0];
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // As on the annotation page: nobody has seen what was shown a moment ago.
  const gate = createGate({ minimum: answerMsMin, elapsed, onChange: (isOpen) => form.toggleAttribute("data-open", isOpen) });
  const begin = () => {
    start = performance.now();
    gate.start();
  };
  const images = [...document.querySelectorAll(".sides img")];
  Promise.all(images.map((image) => image.decode().catch(() => null))).then(begin);
  form.addEventListener("submit", (event) => {
    if (isSent || !gate.isOpen()) {
      event.preventDefault();
      return;
    }
    isSent = true;
    form.elements.elapsed_ms.value = elapsed();
  });
};

if (form) watchForm();
