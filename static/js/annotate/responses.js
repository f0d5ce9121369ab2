// What the server answers: the outbox and the deck are brought up to date, and a refusal is shown.

const applyResponse = (action, xhr) => {
  dequeue(action);
  if (action !== REFRESH) cards.querySelector(`.card.gone[data-assignment="${action.id}"]`)?.remove();
  if (isForThisPage(xhr)) htmx.swap(cards, xhr.responseText, { swapStyle: "beforeend", swapDelay: 0, settleDelay: 0 });
  const refusal = cards.querySelector(".refusal");
  if (!isForThisPage(xhr)) showRefusal(action, "", `The server refused it (error ${xhr.status}).`);
  else if (refusal) showRefusal(action, refusal.dataset.refused, refusal.textContent);
  refusal?.remove();
  updateDeck(action);
  sendOrRedirect();
};

const showRefusal = (action, code, text) => {
  const last = judged.findIndex(({ card }) => idOf(card) === action.id);
  const [entry] = last >= 0 && action.verb === "vote" ? judged.splice(last, 1) : [];
  updateUndo();
  if (entry && ["invalid", "member_changed", ""].includes(code)) restoreCard(entry.card, entry.answer);
  const about = action.prompt ? ` (“${action.prompt.slice(0, 80)}”)` : "";
  const title = { lease_expired: "Too late. ", already_answered: "Your first answer stays. " }[code] ?? "Not recorded. ";
  showError(action.verb === "undo" ? text : title + text + about);
  if (action.verb === "undo") cards.querySelector(`.card[data-assignment="${action.id}"]`)?.remove();
  showStatus("");
};

// Bring the deck up to date: prepare new cards, remove those that are no longer assigned to this annotator, show one.
const updateDeck = (action = REFRESH) => {
  const queueStates = [...cards.querySelectorAll(".queue-state")];
  const queueState = queueStates.at(-1);
  for (const old of queueStates) old.remove();
  const queue = new Set(queueState?.value.split(",").filter(Boolean));
  const states = [...cards.querySelectorAll(".state")];
  for (const state of queue.size ? states : states.slice(0, -1)) state.remove();
  const reason = cards.querySelector(".state")?.dataset.reason;
  let back = null;
  for (const card of cards.querySelectorAll(".card:not([data-state])")) {
    if (action.verb === "undo" && idOf(card) === action.id) cards.prepend((back = card));
    prepare(card);
  }
  if (queueState) {
    undoable = queueState.dataset.undo;
    leaseUntil = Date.now() + 1000 * Number(queueState.dataset.lease);
    for (const card of cards.querySelectorAll(".card:not(.gone)")) {
      // In a paused campaign the card on the screen may still be answered.
      const isOnScreen = card === current && (!reason || reason === "paused");
      if (!queue.has(idOf(card)) && !isPending(idOf(card)) && !isOnScreen) card.remove();
    }
  }
  const isDone = !current?.isConnected || current.classList.contains("gone");
  if (back || isDone) show(back ?? next());
  updateUndo();
  if (!current && !outbox.length && !reason) send(REFRESH);
};
