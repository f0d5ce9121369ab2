// What the server answers: the outbox and the deck are brought up to date, and a refusal is shown.

import { idOf, makeCard } from "./cards.js";
import { REFRESH, isForThisPage } from "./transport.js";

const TITLES = { lease_expired: "Too late. ", already_answered: "Your first answer stays. " };
const MAY_ANSWER_AGAIN = new Set(["invalid", "member_changed", "too_soon", ""]);

// `insert` puts HTML of the server at a place of the page; `sender` returns the sender.
export const createResponses = ({ elements, deck, undo, outbox, messages, dress, sender, insert }) => {
  const { cards, notice, progress, blank } = elements;

  const finished = (action) => {
    outbox.remove(action);
    if (action !== REFRESH) cards.querySelector(`.card.gone[data-assignment="${action.id}"]`)?.remove();
  };

  const showRefusal = (action, code, text) => {
    const entry = action.verb === "undo" ? null : undo.forget(action.id);
    if (entry && MAY_ANSWER_AGAIN.has(code)) deck.restore(entry.card, entry.answer);
    const about = action.prompt ? ` (“${action.prompt.slice(0, 80)}”)` : "";
    messages.showError(action.verb === "undo" ? text : (TITLES[code] ?? "Not recorded. ") + text + about);
    if (action.verb === "undo") deck.find(action.id)?.remove();
    messages.showStatus("");
  };

  const showProgress = ({ judged, percent }) => {
    progress.querySelector(".progress-own b").textContent = judged;
    progress.querySelector("progress").value = percent;
    progress.querySelector(".progress-all b").textContent = `${percent}%`;
  };

  // The answer to votes is data: what became of each, and the cards to come.
  const applyAnswers = (votes, status, data) => {
    votes.forEach(finished);
    if (!data) {
      for (const vote of votes) showRefusal(vote, "", `The server refused it (error ${status}).`);
      update(REFRESH, null);
      sender().sendOrRedirect();
      return;
    }
    if (data.message) messages.showHtml(data.message);
    for (const { assignment, code, detail } of data.answers) {
      if (code)
        showRefusal(
          votes.find(({ id }) => Number(id) === assignment),
          code,
          detail,
        );
    }
    if (data.go_to) {
      sender().redirectWhenSent(data.go_to);
      return;
    }
    cards.append(...data.cards.map((card) => makeCard(blank, card, dress)));
    if (data.done) insert(cards, data.done, "beforeend");
    if (data.notice) insert(notice, data.notice, "innerHTML");
    showProgress(data);
    update(REFRESH, { queue: data.queue.map(String), undo: data.undo ? String(data.undo) : "", lease: data.lease });
    sender().sendOrRedirect();
  };

  // The answer to another action is HTML.
  const applyResponse = (action, xhr) => {
    finished(action);
    if (isForThisPage(xhr)) insert(cards, xhr.responseText, "beforeend");
    const refusal = cards.querySelector(".refusal");
    if (!isForThisPage(xhr)) showRefusal(action, "", `The server refused it (error ${xhr.status}).`);
    const state = takeQueueState();
    // Undone already, by a request whose answer was lost: the pair is there to be judged.
    const isUndone =
      action.verb === "undo" && refusal?.dataset.refused === "assignment_closed" && state?.queue.includes(action.id);
    if (refusal && !isUndone && isForThisPage(xhr)) showRefusal(action, refusal.dataset.refused, refusal.textContent);
    refusal?.remove();
    update(action, state);
    sender().sendOrRedirect();
  };

  // What the server said of the queue in HTML: the cards to hold, the seconds left on their lease, what undo takes back.
  const takeQueueState = () => {
    const states = [...cards.querySelectorAll(".queue-state")];
    for (const state of states) state.remove();
    const { value, dataset } = states.at(-1) ?? {};
    return dataset && { queue: value.split(",").filter(Boolean), undo: dataset.undo, lease: Number(dataset.lease) };
  };

  // Brings the deck up to date: prepare new cards, remove those that are no longer assigned to this annotator, show one.
  const update = (action, state) => {
    const queue = new Set(state?.queue);
    const reasons = [...cards.querySelectorAll(".state")];
    for (const old of queue.size ? reasons : reasons.slice(0, -1)) old.remove();
    const reason = cards.querySelector(".state")?.dataset.reason;
    let back = null;
    for (const card of cards.querySelectorAll(".card:not([data-state])")) {
      if (action.verb === "undo" && idOf(card) === action.id) cards.prepend((back = card));
      deck.prepare(card);
    }
    if (state) {
      undo.setOnServer(state.undo);
      sender().setLease(state.lease);
      for (const card of cards.querySelectorAll(".card:not(.gone)")) {
        // In a paused campaign the card on the screen may still be answered.
        const isOnScreen = card === deck.current && (!reason || reason === "paused");
        if (!queue.has(idOf(card)) && !outbox.isPending(idOf(card)) && !isOnScreen) card.remove();
      }
    }
    const isDone = !deck.current?.isConnected || deck.current.classList.contains("gone");
    if (back || isDone) deck.show(back ?? deck.next());
    undo.update();
    if (!deck.current && !outbox.actions.length && !reason) sender().send(REFRESH);
  };

  return { applyAnswers, applyResponse, takeQueueState, update };
};
