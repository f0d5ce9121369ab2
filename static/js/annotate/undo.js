// What was done on this page last (votes, skips and flags), for undo, and its button.

import { idOf } from "./cards.js";

const LIMIT = 20; // cards that are kept to be shown again

// `hasBack` says whether a question of the pair on the page was answered: that is undone first.
export const createUndo = ({ button, addressOf, hasBack = () => false }) => {
  const done = []; // the newest last
  let onServer = ""; // the assignment that undo takes back if nothing was done since the page was loaded

  const update = () => {
    if (!button) return;
    const id = done.length ? idOf(done.at(-1).card) : onServer;
    button.disabled = !id && !hasBack();
    if (id) button.form.setAttribute("action", addressOf(id));
  };

  // `verb`: vote, skip or flag; `answer`: the choices of a vote by question.
  const remember = (card, verb, answer) => {
    done.push({ card, verb, answer });
    if (done.length > LIMIT) done.shift();
    update();
  };

  // What is undone next: a card of this page with its answer, or an assignment that only the server knows of.
  const last = () => {
    const entry = done.at(-1);
    if (entry) return { id: idOf(entry.card), ...entry };
    return onServer ? { id: onServer, card: null, answer: null } : null;
  };
  const take = () => {
    done.pop();
    update();
  };
  // Forgets a card, because what was done was refused. Returns what was remembered of it.
  const forget = (id) => {
    const at = done.findIndex(({ card }) => idOf(card) === id);
    const [entry] = at >= 0 ? done.splice(at, 1) : [];
    update();
    return entry ?? null;
  };
  const setOnServer = (id) => {
    onServer = id;
    update();
  };

  return { done, remember, last, take, forget, setOnServer, update };
};
