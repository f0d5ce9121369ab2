// The deck: the cards that the page holds, of which it shows one.

import { loadAgain, loadImages, promptOf } from "./cards.js";
import { gettext, interpolate } from "./words.js";

const AHEAD = 2; // cards behind the current one whose images are decoded

// `onPrepare` is called with a card that is new on the page, `onLeave` before another card is shown, `onShow` with the card that is,
// and `onState` when it can be judged
// or no longer.
export const createDeck = ({ elements, isStacked, onPrepare, onLeave, onShow, onState }) => {
  const { deck, cards, controls, waiting, broken, now } = elements;
  let current = null;

  // One whose images are missing waits while there is another: without a network they cannot be had.
  const next = () => cards.querySelector('.card:not(.gone, [data-state="broken"])') ?? cards.querySelector(".card:not(.gone)");
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

  // The first cards are decoded. Those behind them only have their images loaded, which takes little memory.
  const prepareAhead = () => {
    for (const card of [...cards.querySelectorAll(".card:not(.gone)")].slice(0, AHEAD + 1)) {
      if (!card.dataset.state) prepare(card);
    }
  };
  // What did not load is tried again, as when the network is back.
  const mend = () => {
    for (const card of cards.querySelectorAll('.card:not(.gone)[data-state="broken"]')) {
      loadAgain(card);
      prepare(card);
    }
  };
  const count = () => cards.querySelectorAll(".card:not(.gone)").length;

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
      prepareAhead();
      const words = isStacked(card)
        ? gettext("Next pair: %(prompt)s. Top and bottom image.")
        : gettext("Next pair: %(prompt)s. Left and right image.");
      now.textContent = interpolate(words, { prompt: promptOf(card) });
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
    prepareAhead,
    mend,
    count,
    show,
    restore,
  };
};
