// What the server answers: the outbox and the deck are brought up to date, and a refusal is shown.

import { idOf, makeCard } from "./cards.js";
import { createDepth } from "./depth.js";
import { countRefused } from "./messages.js";
import { REFRESH } from "./transport.js";
import { gettext, interpolate } from "./words.js";

const TITLES = { lease_expired: gettext("Too late."), already_answered: gettext("Your first answer stays.") };
const MAY_ANSWER_AGAIN = new Set(["invalid", "member_changed", "too_soon"]);

// `insert` puts HTML of the server at a place of the page; `sender` returns the sender.
export const createResponses = ({ elements, deck, undo, outbox, messages, dress, sender, insert }) => {
  const { cards, notice, progress, blank } = elements;
  const depth = createDepth();

  const finished = (action) => {
    outbox.remove(action);
    if (action !== REFRESH) cards.querySelector(`.card.gone[data-assignment="${action.id}"]`)?.remove();
  };

  // What the server does not take: the pair comes back if it may be answered again, else the answer is set aside.
  const refuse = (action, code, text) => {
    const entry = action.verb === "undo" ? null : undo.forget(action.id);
    if (entry && MAY_ANSWER_AGAIN.has(code)) {
      outbox.remove(action);
      deck.restore(entry.card, entry.answer);
    } else {
      if (action.verb === "vote" || action.verb === "flag") outbox.setAside(action, code, text);
      finished(action);
    }
    if (action.verb === "undo") deck.find(action.id)?.remove();
  };

  // Said once, however many there are.
  const showRefusals = (refused) => {
    if (!refused.length) return;
    const [{ action, code, detail }] = refused;
    if (refused.length > 1) messages.showError(`${countRefused(refused.length)} ${detail}`);
    else {
      const about = action.prompt ? ` (“${action.prompt.slice(0, 80)}”)` : "";
      messages.showError(action.verb === "undo" ? detail : `${TITLES[code] ?? gettext("Not recorded.")} ${detail}${about}`);
    }
    messages.showStatus("");
  };

  // One action that is not sent again: the site refused it, or somebody in its place does not let it through.
  const applyRefusal = (action, code, detail) => {
    const text = detail || interpolate(gettext("It was refused on its way to the server (%(code)s)."), { code });
    refuse(action, code || "unclear", text);
    showRefusals([{ action, code, detail: text }]);
    if (!deck.current || deck.current.classList.contains("gone")) deck.show(deck.next());
  };

  const showProgress = ({ judged, percent }) => {
    progress.querySelector(".progress-own b").textContent = judged;
    progress.querySelector("progress").value = percent;
    progress.querySelector(".progress-all b").textContent = `${percent}%`;
  };

  // The answer to votes is data: what became of each, and the cards to come.
  const applyAnswers = (votes, status, data) => {
    const outcomes = new Map(data.answers.map((outcome) => [outcome.assignment, outcome]));
    const refused = [];
    for (const action of votes) {
      const { code, detail } = outcomes.get(Number(action.id)) ?? {};
      if (code) {
        refused.push({ action, code, detail });
        refuse(action, code, detail);
      } else {
        if (outbox.isWithdrawn(action)) outbox.add({ verb: "undo", id: action.id, fields: {}, prompt: action.prompt });
        finished(action);
      }
    }
    if (data.message) messages.showHtml(data.message);
    showRefusals(refused);
    if (data.go_to) {
      sender().redirectWhenSent(data.go_to);
      return;
    }
    const fresh = data.cards.filter(({ assignment }) => !deck.find(assignment));
    cards.append(...fresh.map((card) => makeCard(blank, card, dress)));
    if (data.done) insert(cards, data.done, "beforeend");
    if (data.notice) insert(notice, data.notice, "innerHTML");
    showProgress(data);
    update(REFRESH, {
      queue: data.queue.map(String),
      undo: data.undo ? String(data.undo) : "",
      lease: data.lease,
      more: data.more,
      depth: data.depth,
    });
    if (data.depth) depth.looked({ depth: data.depth, held: deck.count(), brought: fresh.length });
    sender().sendOrRedirect();
    deepen();
  };

  // The answer to another action is HTML.
  const applyResponse = (action, xhr) => {
    finished(action);
    insert(cards, xhr.responseText, "beforeend");
    const refusal = cards.querySelector(".refusal");
    const state = takeQueueState();
    // Undone already, by a request whose answer was lost: the pair is there to be judged.
    const isUndone =
      action.verb === "undo" && refusal?.dataset.refused === "assignment_closed" && state?.queue.includes(action.id);
    refusal?.remove();
    if (refusal && !isUndone) {
      const [code, detail] = [refusal.dataset.refused, refusal.textContent];
      refuse(action, code, detail);
      showRefusals([{ action, code, detail }]);
    }
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
    const asked = action.verb === "undo" ? cards.querySelector(`.card:not([data-state])[data-assignment="${action.id}"]`) : null;
    if (asked) cards.prepend(asked);
    if (state) {
      undo.setOnServer(state.undo);
      sender().setLease(state.lease, state.more === undefined || Boolean(state.depth));
      dropAllBut(queue, { isHead: Boolean(state.more), reason });
    }
    const isDone = !deck.current?.isConnected || deck.current.classList.contains("gone");
    if (asked || isDone) deck.show(asked ?? deck.next());
    deck.prepareAhead();
    undo.update();
    if (!deck.current && !outbox.actions.length && !reason) sender().send(REFRESH);
  };

  // Without the cards that are no longer this annotator's. The server may have named the first ones only: then those behind stay.
  const dropAllBut = (queue, { isHead, reason }) => {
    const held = [...cards.querySelectorAll(".card:not(.gone)")];
    const end = isHead ? held.findLastIndex((card) => queue.has(idOf(card))) : held.length;
    for (const card of held.slice(0, Math.max(0, end))) {
      // In a paused campaign the card on the screen may still be answered.
      const isOnScreen = card === deck.current && (!reason || reason === "paused");
      if (!queue.has(idOf(card)) && !outbox.isPending(idOf(card)) && !isOnScreen) card.remove();
    }
  };

  // Fetches more cards while there is time for it.
  const deepen = () => {
    const isOver = cards.querySelector(".state");
    if (navigator.onLine && !isOver && !outbox.actions.length && depth.isLow(deck.count())) sender().send(REFRESH);
  };

  // What other tabs of the same person did: their cards go, and come back with the server's next answer.
  const follow = () => {
    for (const { verb, id } of outbox.actions) {
      const card = verb === "undo" ? null : deck.find(id);
      if (!card || card.classList.contains("gone")) continue;
      card.classList.add("gone");
      if (card === deck.current) deck.show(deck.next());
    }
  };

  return { applyAnswers, applyResponse, applyRefusal, takeQueueState, update, deepen, follow };
};
