// What was judged on this page, for undo, and its button.

import { idOf } from "./cards.js";

const LIMIT = 20; // cards that are kept to be shown again

export const createUndo = ({ button, addressOf }) => {
  const judged = []; // the newest last
  let onServer = ""; // the assignment that undo takes back if nothing was judged since the page was loaded

  const update = () => {
    if (!button) return;
    const id = judged.length ? idOf(judged.at(-1).card) : onServer;
    button.disabled = !id;
    if (id) button.form.setAttribute("action", addressOf(id));
  };

  const remember = (card, answer) => {
    judged.push({ card, answer });
    if (judged.length > LIMIT) judged.shift();
    update();
  };

  // What is undone next: a card of this page with its answer, or an assignment that only the server knows of.
  const last = () => {
    const entry = judged.at(-1);
    if (entry) return { id: idOf(entry.card), ...entry };
    return onServer ? { id: onServer, card: null, answer: null } : null;
  };
  const take = () => {
    judged.pop();
    update();
  };
  // Forgets a card, because its vote was refused. Returns what was remembered of it.
  const forget = (id) => {
    const at = judged.findIndex(({ card }) => idOf(card) === id);
    const [entry] = at >= 0 ? judged.splice(at, 1) : [];
    update();
    return entry ?? null;
  };
  const setOnServer = (id) => {
    onServer = id;
    update();
  };

  return { remember, last, take, forget, setOnServer, update };
};
