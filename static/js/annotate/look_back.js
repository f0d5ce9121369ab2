// Earlier pairs with what was answered, newest first: those of this page, then those that the server knows of. Nothing is undone.

import { idOf, promptOf, slotsOf } from "./cards.js";
import { wordsOf } from "./page_data.js";
import { gettext, imageNames, interpolate, ngettext } from "./words.js";

const WORDS = { skip: gettext("Skipped"), flag: gettext("Flagged") };

// What a card of this page is looked at by, as the server gives it for older ones.
const dataOf = ({ card, verb, answer }) => ({
  assignment: Number(idOf(card)),
  prompt: promptOf(card),
  language: card.querySelector("h1").lang,
  verb,
  choices: answer,
  sides: [...card.querySelectorAll(".box")].map((box, at) => {
    const image = box.querySelector("img");
    return {
      slot: slotsOf(card)[at],
      address: image.getAttribute("src").replace(/\d+\/$/, ""),
      width: image.getAttribute("width"),
      height: image.getAttribute("height"),
    };
  }),
});

// `done` is what was done on this page, the newest last; `fetchEarlier` resolves with a page of older pairs and the cursor of
// the next, or null.
export const createLookBack = ({ dialog, data, done, isStacked, fetchEarlier, onOpen, onClose }) => {
  const [place, prompt, images, answers, older, newer] = ["place", "prompt", "images", "answers", "older", "newer"].map((name) =>
    dialog.querySelector(`[data-${name}]`),
  );
  let pairs = [];
  let at = 0;
  let cursor = ""; // null: there are no older ones
  let isLoading = false;

  const labelOf = (choice, sides) => {
    const side = sides.findIndex(({ slot }) => slot === choice);
    const shown = data.choices.find((one) => (side < 0 ? one.name === choice : one.side === side));
    return shown ? wordsOf(shown, isStacked()).label : choice;
  };

  const draw = () => {
    const pair = pairs[at];
    older.disabled = isLoading || (at >= pairs.length - 1 && cursor === null);
    newer.disabled = at === 0;
    if (!pair) {
      prompt.textContent = "";
      images.replaceChildren();
      answers.replaceChildren();
      place.textContent = isLoading ? gettext("Loading…") : gettext("No earlier pairs.");
      return;
    }
    place.textContent =
      at === 0
        ? gettext("The last pair")
        : interpolate(ngettext("%(number)s pair ago", "%(number)s pairs ago", at + 1), { number: at + 1 });
    prompt.textContent = pair.prompt;
    prompt.lang = pair.language;
    const [first] = data.questions;
    images.replaceChildren(
      ...pair.sides.map(({ slot, address, width, height }, side) => {
        const isChosen = pair.choices[first.slug] === slot;
        const name = imageNames(isStacked())[side];
        const image = Object.assign(new Image(width, height), { src: `${address}1280/` });
        image.alt = isChosen ? interpolate(gettext("%(image)s, your choice"), { image: name }) : name;
        image.classList.toggle("chosen", isChosen);
        return image;
      }),
    );
    answers.replaceChildren(
      ...data.questions
        .filter(({ slug }) => pair.choices[slug])
        .flatMap(({ slug, text }) => [
          Object.assign(document.createElement("dt"), { textContent: text }),
          Object.assign(document.createElement("dd"), { textContent: labelOf(pair.choices[slug], pair.sides) }),
        ]),
    );
    if (WORDS[pair.verb]) answers.append(Object.assign(document.createElement("dt"), { textContent: WORDS[pair.verb] }));
  };

  const load = async () => {
    if (isLoading || cursor === null) return;
    isLoading = true;
    draw();
    const page = await fetchEarlier(cursor);
    isLoading = false;
    if (page) {
      const known = new Set(pairs.map(({ assignment }) => assignment));
      pairs.push(...page.pairs.filter(({ assignment }) => !known.has(assignment)));
      cursor = page.before || null;
    }
    draw();
    if (!page) place.textContent = gettext("Can't reach the server for older pairs.");
  };

  const goOlder = async () => {
    if (at >= pairs.length - 1) await load();
    if (at < pairs.length - 1) at += 1;
    draw();
  };
  const goNewer = () => {
    at = Math.max(0, at - 1);
    draw();
  };

  const open = () => {
    pairs = done.map(dataOf).toReversed();
    [at, cursor] = [0, ""];
    onOpen();
    dialog.showModal();
    draw();
    if (!pairs.length) load();
  };

  older.addEventListener("click", goOlder);
  newer.addEventListener("click", goNewer);
  dialog.querySelector("[data-close-look-back]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", onClose);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft" && !older.disabled) goOlder();
    else if (event.key === "ArrowRight" && !newer.disabled) goNewer();
    else return;
    event.preventDefault();
  });
  dialog.ownerDocument.addEventListener("click", (event) => {
    if (event.target.closest("[data-look-back]")) open();
  });

  return { isOpen: () => dialog.open };
};
