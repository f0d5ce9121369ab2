// The two images of a pair on a page of the console, with the zoom of the annotation page.

import { isTyping } from "./annotate/keys.js";
import { createLayout, imagesOf } from "./annotate/layout.js";
import { createZoom } from "./annotate/zoom.js";

// Returns what handles a key of the viewer, and says whether it was one; null without a viewer on the page.
export const createPairViewer = (cards) => {
  const card = cards?.querySelector(".card");
  if (!card) return null;
  const alternatives = imagesOf(card).map((image) => image.alt);
  const button = document.querySelector("[data-zoom]");
  let zoom = null;
  const layout = createLayout({
    body: document.body,
    names: { wide: alternatives, stacked: alternatives },
    onChange: () => zoom?.redraw(),
  });
  cards.dataset.on = "";
  zoom = createZoom({
    cards,
    button,
    scale: document.querySelector("[data-scale]"),
    current: () => card,
    announce: () => {},
  });
  layout.watch(card);
  return {
    key: (event) => {
      if (event.key === "z") {
        button.click();
        return true;
      }
      return zoom.key(event);
    },
  };
};

// Follow the link or press the button that has the key, as its `aria-keyshortcuts` says. Returns whether there is one.
export const pressKey = (event, root = document) => {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const elements = [...root.querySelectorAll("[aria-keyshortcuts]:not([data-zoom])")];
  const element = elements.find((one) => one.getAttribute("aria-keyshortcuts").split(" ").includes(name));
  if (!element || element.disabled) return false;
  if (element.matches("select, input, textarea, summary")) element.focus();
  else element.click();
  if (element.matches("summary")) element.click();
  return true;
};

// All keys of a page with a pair: the viewer's first, then those of links and buttons.
export const watchKeys = (viewer) => {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    if (viewer?.key(event) || pressKey(event)) event.preventDefault();
  });
};
