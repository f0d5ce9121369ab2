// The actions on a card: the next card is shown in the same frame, then the action is sent.

import { idOf, promptOf } from "./cards.js";
import { gettext } from "./words.js";

export const createActions = ({ deck, outbox, undo, sender, messages, answerOf }) => {
  const sendSoon = () => setTimeout(sender.send);

  const finish = (verb, fields) => {
    const card = deck.current;
    const action = { verb, id: idOf(card), fields, prompt: promptOf(card) };
    outbox.add(action);
    undo.remember(card, verb, answerOf(action).choices);
    card.classList.add("gone");
    deck.show(deck.next());
    sendSoon();
  };

  const undoLast = () => {
    const last = undo.last();
    if (!last || (!last.card && outbox.isPending(last.id))) return;
    const { id, card, answer } = last;
    const unsent = outbox.actions.findLast((action) => action.id === id && action.verb !== "undo" && !sender.isSending(action));
    if (unsent) {
      outbox.remove(unsent);
      messages.showStatus(gettext("Undone. It was not sent yet."));
    } else outbox.add({ verb: "undo", id, fields: {}, prompt: card ? promptOf(card) : "" });
    undo.take();
    if (card) deck.restore(card, answer);
    sendSoon();
  };

  // What an earlier page did and did not send.
  const takeUp = () => {
    for (const action of outbox.actions) {
      const card = deck.find(action.id);
      if (!card || action.verb === "undo") continue;
      card.classList.add("gone");
      card.dataset.state = "loading";
      undo.remember(card, action.verb, answerOf(action).choices);
    }
  };

  return { finish, undoLast, takeUp };
};
