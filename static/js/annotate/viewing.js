// The viewing conditions of an answer, for analysis: annotator/judging/conditions.py says what they can be.

import { imagesOf, isStacked } from "./layout.js";
import { promptState } from "./prompt.js";

const round = (number) => Math.round(number * 100) / 100;
const within = (low, high) => (number) => Math.min(high, Math.max(low, number));
const side = within(1, 20_000);
const density = within(0.1, 16);
const zoomed = within(1, 64);

// `ground` says what is behind the images. What was used on a card is noted until another one is shown.
export const createViewing = ({ ground }) => {
  let zoom = 1;
  let views = new Set();

  const start = () => {
    zoom = 1;
    views = new Set();
  };
  const noteZoom = (factor) => {
    zoom = Math.max(zoom, factor);
  };
  const noteView = (name) => views.add(name);

  // Of the card on the page, answered by "keys", "mouse", "touch" or "swipe".
  const conditionsOf = (card, input) => {
    const [left, right] = imagesOf(card).map((image) => [image.clientWidth, image.clientHeight].map(side));
    const ratio = round(density(window.devicePixelRatio || 1));
    return {
      input,
      prompt: promptState(card),
      layout: isStacked(card) ? "stacked" : "side_by_side",
      left,
      right,
      density: ratio,
      zoom: round(zoomed(zoom)),
      views: [...views],
      ground: ground(),
      language: document.documentElement.lang,
    };
  };

  return { start, noteZoom, noteView, conditionsOf };
};
