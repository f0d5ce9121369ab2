// What the server answers: the outbox and the deck are brought up to date, and a refusal is shown.

const finished = (action) => {
  dequeue(action);
  if (action !== REFRESH) cards.querySelector(`.card.gone[data-assignment="${action.id}"]`)?.remove();
};

const insert = (place, html, swapStyle) => htmx.swap(place, html, { swapStyle, swapDelay: 0, settleDelay: 0 });

// The answer to votes is data: what became of each, and the cards to come.
const applyAnswers = (votes, status, data) => {
  votes.forEach(finished);
  if (data) {
    if (data.message) statusMessage.innerHTML = data.message;
    for (const { assignment, code, detail } of data.answers) {
      if (code) showRefusal(votes.find(({ id }) => Number(id) === assignment), code, detail);
    }
  } else for (const vote of votes) showRefusal(vote, "", `The server refused it (error ${status}).`);
  if (data?.go_to) {
    redirectTo = data.go_to;
    sendOrRedirect();
    return;
  }
  if (data) {
    cards.append(...data.cards.map(makeCard));
    if (data.done) insert(cards, data.done, "beforeend");
    if (data.notice) insert(byId("moderation-notice"), data.notice, "innerHTML");
    byId("progress").querySelector(".progress-own b").textContent = data.judged;
    byId("progress").querySelector("progress").value = data.percent;
    byId("progress").querySelector(".progress-all b").textContent = `${data.percent}%`;
  }
  updateDeck(REFRESH, data && { queue: data.queue.map(String), undo: data.undo ? String(data.undo) : "", lease: data.lease });
  sendOrRedirect();
};

const applyResponse = (action, xhr) => {
  finished(action);
  if (isForThisPage(xhr)) insert(cards, xhr.responseText, "beforeend");
  const refusal = cards.querySelector(".refusal");
  if (!isForThisPage(xhr)) showRefusal(action, "", `The server refused it (error ${xhr.status}).`);
  else if (refusal) showRefusal(action, refusal.dataset.refused, refusal.textContent);
  refusal?.remove();
  updateDeck(action, takeQueueState());
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

// What the server said of the queue in HTML: the cards to hold, the seconds left on their lease, what undo takes back.
const takeQueueState = () => {
  const elements = [...cards.querySelectorAll(".queue-state")];
  for (const element of elements) element.remove();
  const { value, dataset } = elements.at(-1) ?? {};
  return dataset && { queue: value.split(",").filter(Boolean), undo: dataset.undo, lease: Number(dataset.lease) };
};

// Bring the deck up to date: prepare new cards, remove those that are no longer assigned to this annotator, show one.
const updateDeck = (action, state) => {
  const queue = new Set(state?.queue);
  const reasons = [...cards.querySelectorAll(".state")];
  for (const old of queue.size ? reasons : reasons.slice(0, -1)) old.remove();
  const reason = cards.querySelector(".state")?.dataset.reason;
  let back = null;
  for (const card of cards.querySelectorAll(".card:not([data-state])")) {
    if (action.verb === "undo" && idOf(card) === action.id) cards.prepend((back = card));
    prepare(card);
  }
  if (state) {
    undoable = state.undo;
    leaseUntil = Date.now() + 1000 * state.lease;
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
