// The start: the page as the server sent it, brought up to date with the actions of the outbox.

if (cards.querySelector(".refused")) return; // this page answers a form that was sent without JavaScript
cards.dataset.on = "";
load();
for (const action of outbox) {
  const card = cards.querySelector(`.card[data-assignment="${action.id}"]`);
  if (!card || action.verb === "undo") continue;
  card.classList.add("gone");
  card.dataset.state = "loading";
  if (action.verb === "vote") {
    remember(card, answerOf(action).choices);
  }
}
updateDeck(REFRESH, takeQueueState());
send();
