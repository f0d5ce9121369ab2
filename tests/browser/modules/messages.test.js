import { countAnswers, createMessages } from "../../../static/js/annotate/messages.js";
import { equal, page, test } from "./harness.js";

const make = (outbox = { actions: [], isAllStored: () => true }) => {
  page(`<p id="line"></p><p id="trouble" hidden><span data-text></span><a hidden></a><button data-close></button></p>`);
  const [line, trouble] = ["line", "trouble"].map((id) => document.getElementById(id));
  return { messages: createMessages({ line, trouble, outbox }), line, trouble };
};

test("answers are counted in words", () => {
  equal([countAnswers(1), countAnswers(2)], ["1 answer", "2 answers"]);
});

test("it says where answers are that were not sent", () => {
  const stored = make({ actions: [{}, {}], isAllStored: () => true });
  stored.messages.showUnsent("You are offline.");
  equal(stored.line.textContent, "You are offline. 2 answers saved on this device.");

  const lost = make({ actions: [{}], isAllStored: () => false });
  lost.messages.showUnsent("You are offline.");
  equal(lost.line.textContent, "You are offline. 1 answer not sent yet, keep this page open.");

  const none = make();
  none.messages.showUnsent("You are offline.");
  equal(none.line.textContent, "You are offline.");
});

test("an error stays until it is closed or its link is followed", () => {
  const { messages, trouble } = make();
  messages.showError("Not recorded.");
  equal([trouble.hidden, trouble.querySelector("a").hidden, trouble.querySelector("button").hidden], [false, true, false]);
  messages.showError("Your session has ended.", ["Log in", "/login/"]);
  equal([trouble.querySelector("a").textContent, trouble.querySelector("button").hidden], ["Log in", true]);
  messages.closeError();
  equal(trouble.hidden, true);
});
