// The actions on a card: the next card is shown in the same frame, then the action is sent.
const sendSoon = () => setTimeout(send);

const finish = (verb, fields) => {
  const card = current;
  enqueue({ verb, id: idOf(card), fields, prompt: promptOf(card) });
  if (verb === "vote") remember(card, chosen);
  card.classList.add("gone");
  show(next());
  sendSoon();
};

const remember = (card, answer) => {
  judged.push({ card, answer });
  if (judged.length > JUDGED_LIMIT) judged.shift();
  updateUndo();
};

const updateUndo = () => {
  const button = controls.querySelector('[aria-keyshortcuts="u"]');
  const id = judged.length ? idOf(judged.at(-1).card) : undoable;
  if (!button) return;
  button.disabled = !id;
  if (id) button.form.setAttribute("action", `${root}${id}/undo/`);
};

const restoreCard = (card, answer = {}) => {
  card.dataset.earlier = Object.entries(answer).map((words) => words.join(":")).join(" ");
  card.classList.remove("gone");
  cards.prepend(card);
  if (card.dataset.state !== "open") prepare(card);
  show(card);
};

const undo = () => {
  const last = judged.pop();
  const id = last ? idOf(last.card) : undoable;
  if (!id || (!last && isPending(id))) return;
  const unsent = outbox.find((action) => action.id === id && action.verb === "vote" && !sending.includes(action));
  if (unsent) {
    dequeue(unsent);
    showStatus("Undone. It was not sent yet.");
  } else enqueue({ verb: "undo", id, fields: {}, prompt: last ? promptOf(last.card) : "" });
  if (last) restoreCard(last.card, last.answer);
  updateUndo();
  sendSoon();
};
