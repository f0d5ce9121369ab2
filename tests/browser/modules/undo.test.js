import { createUndo } from "../../../static/js/annotate/undo.js";
import { cardHtml, equal, page, test } from "./harness.js";

const make = ({ hasBack = () => false } = {}) => {
  page(`<form action="/0/undo/"><button disabled>Undo</button></form>${[1, 2].map((id) => cardHtml({ id })).join("")}`);
  const undo = createUndo({ button: document.querySelector("button"), addressOf: (id) => `/${id}/undo/`, hasBack });
  return { undo, cards: [...document.querySelectorAll(".card")], button: document.querySelector("button") };
};

test("the last card comes first", () => {
  const { undo, cards, button } = make();
  equal(undo.last(), null);
  undo.remember(cards[0], "vote", { overall: "a" });
  undo.remember(cards[1], "vote", { overall: "b" });

  equal([undo.last().id, undo.last().answer], ["2", { overall: "b" }]);
  equal([button.disabled, button.form.getAttribute("action")], [false, "/2/undo/"]);
  undo.take();
  equal(undo.last().id, "1");
  undo.take();
  equal(button.disabled, true);
});

test("what was judged before the page was loaded is known to the server", () => {
  const { undo, cards, button } = make();
  undo.setOnServer("9");
  equal([undo.last(), button.disabled], [{ id: "9", card: null, answer: null }, false]);
  undo.remember(cards[0], "skip", {});
  equal(undo.last().id, "1");
});

test("a card whose vote was refused is forgotten", () => {
  const { undo, cards } = make();
  undo.remember(cards[0], "vote", { overall: "a" });
  undo.remember(cards[1], "flag", {});
  equal(undo.forget("1").answer, { overall: "a" });
  equal(undo.forget("1"), null);
  equal(undo.last().id, "2");
});

test("a campaign without undo has no button", () => {
  const { cards } = make();
  const undo = createUndo({ button: null, addressOf: () => "" });
  undo.remember(cards[0], "skip", {});
  equal(undo.last().id, "1");
});

test("the answer to an earlier question of the pair can be undone as well", () => {
  const { undo, button } = make({ hasBack: () => true });
  undo.update();
  equal(button.disabled, false);
});
