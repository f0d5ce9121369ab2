import { createActions } from "../../../static/js/annotate/actions.js";
import { createDeck } from "../../../static/js/annotate/deck.js";
import { createOutbox } from "../../../static/js/annotate/outbox.js";
import { createUndo } from "../../../static/js/annotate/undo.js";
import { cardHtml, emptyStorage, equal, page, test } from "./harness.js";

const make = ({ isSending = false } = {}) => {
  page(`<div id="deck"><div id="cards">${[1, 2, 3].map((id) => cardHtml({ id })).join("")}</div><div id="controls"></div></div>
    <p id="waiting"></p><p id="broken"></p><p id="now"></p>`);
  const ids = ["deck", "cards", "controls", "waiting", "broken", "now"];
  const stored = emptyStorage();
  const outbox = createOutbox({ member: 7, storage: () => stored });
  const undo = createUndo({ button: null, addressOf: () => "" });
  const deck = createDeck({
    elements: Object.fromEntries(ids.map((id) => [id, document.getElementById(id)])),
    isStacked: () => false,
    onPrepare: () => {},
    onLeave: () => {},
    onShow: () => {},
    onState: () => {},
  });
  const sender = { send: () => {}, isSending: () => isSending };
  const said = [];
  const messages = { showStatus: (text) => said.push(text) };
  const answerOf = ({ fields }) => ({ choices: { overall: fields.choice } });
  const actions = createActions({ deck, outbox, undo, sender, messages, answerOf });
  deck.show(deck.next());
  const shown = () => deck.current?.dataset.assignment ?? null;
  const sent = () => outbox.actions.map(({ verb, id }) => `${verb} ${id}`);
  return { actions, outbox, undo, shown, sent, said };
};

test("the next card is there at once, and the answer waits to be sent", () => {
  const { actions, shown, sent } = make();
  actions.finish("vote", { choice: "a" });
  equal([shown(), sent()], ["2", ["vote 1"]]);
});

test("a vote that was not sent is taken back without the server", () => {
  const { actions, shown, sent, said } = make();
  actions.finish("vote", { choice: "a" });
  actions.undoLast();
  equal([shown(), sent(), said], ["1", [], ["Undone. It was not sent yet."]]);
});

test("a vote on its way is undone by the server", () => {
  const { actions, shown, sent } = make({ isSending: true });
  actions.finish("vote", { choice: "a" });
  actions.undoLast();
  equal([shown(), sent()], ["1", ["vote 1", "undo 1"]]);
});

test("a vote from before the page was loaded is undone by the server", () => {
  const { actions, undo, shown, sent } = make();
  undo.setOnServer("9");
  actions.undoLast();
  actions.undoLast();
  equal([shown(), sent()], ["1", ["undo 9"]]);
});

test("what an earlier page did is not asked again", () => {
  const { actions, outbox, undo } = make();
  outbox.add({ verb: "vote", id: "2", fields: { choice: "b" } });
  actions.takeUp();
  equal([...document.querySelectorAll(".gone")].length, 1);
  equal(undo.last().id, "2");
});

test("a skip and a flag are taken back like a vote, in their order", () => {
  const { actions, shown, sent } = make();
  actions.finish("skip", {});
  actions.finish("flag", { reason: "unsafe" });
  actions.undoLast();
  equal([shown(), sent()], ["2", ["skip 1"]]);
  actions.undoLast();
  equal([shown(), sent()], ["1", []]);
});
