// The deck: the cards that the page holds, of which it shows one.

import { loadImages, promptOf } from "./cards.js";

// `onPrepare` is called with a card that is new on the page, `onLeave` before another card is shown, `onShow` with the card that is,
// and `onState` when it can be judged
// or no longer.
export const createDeck = ({ elements, isStacked, onPrepare, onLeave, onShow, onState }) => {
  const { deck, cards, controls, waiting, broken, now } = elements;
  let current = null;

  const next = () => cards.querySelector(".card:not(.gone)");
  const find = (id) => cards.querySelector(`.card[data-assignment="${id}"]`);
  const isOpen = () => current?.dataset.state === "open";

  const update = () => {
    broken.hidden = current?.dataset.state !== "broken";
    deck.dataset.state = current?.dataset.state ?? "";
    onState(isOpen());
  };

  const prepare = async (card) => {
    onPrepare(card);
    const loaded = loadImages(card);
    if (card === current) update();
    await loaded;
    if (card === current) update();
  };

  const show = (card) => {
    onLeave();
    current?.classList.remove("current");
    current = card;
    const state = cards.querySelector(".state");
    waiting.hidden = Boolean(card || state);
    // Hidden but still laid out, so that nothing on the page moves.
    controls.classList.toggle("away", !card && Boolean(state));
    if (card) {
      controls.hidden = false;
      card.classList.add("current");
      onShow(card);
      now.textContent = `Next pair: ${promptOf(card)}. ${isStacked(card) ? "Top and bottom" : "Left and right"} image.`;
    } else if (state) {
      state.querySelector("[tabindex]")?.focus();
    }
    update();
  };

  // Puts a card that was judged before the others again, with the answer that it had.
  const restore = (card, answer = {}) => {
    card.dataset.earlier = Object.entries(answer)
      .map((words) => words.join(":"))
      .join(" ");
    card.classList.remove("gone");
    cards.prepend(card);
    if (card.dataset.state !== "open") prepare(card);
    show(card);
  };

  return {
    get current() {
      return current;
    },
    next,
    find,
    isOpen,
    prepare,
    show,
    restore,
  };
};
