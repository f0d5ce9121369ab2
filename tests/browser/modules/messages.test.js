import { countRefused, countUnsent, createMessages } from "../../../static/js/annotate/messages.js";
import { equal, page, test, until } from "./harness.js";

const VOTE = { verb: "vote" };

const make = (outbox = { actions: [], isAllStored: () => true }, options = {}) => {
  page(`<p id="line"></p><p id="trouble" hidden><span data-text></span><a hidden></a><button data-close></button></p>`);
  const [line, trouble] = ["line", "trouble"].map((id) => document.getElementById(id));
  return { messages: createMessages({ line, trouble, outbox, ...options }), line, trouble };
};

test("answers are counted in words", () => {
  equal([countRefused(1), countRefused(2)], ["1 answer could not be recorded.", "2 answers could not be recorded."]);
  equal(countUnsent([VOTE, VOTE], true), "2 answers saved on this device.");
  equal(countUnsent([{ verb: "undo" }], true), "1 action saved on this device.");
  equal(countUnsent([VOTE, { verb: "skip" }], false), "2 actions not sent yet, keep this page open.");
});

test("what is kept is counted anew with each answer, and no longer said once all is sent", () => {
  const outbox = { actions: [VOTE], isAllStored: () => true };
  const { messages, line } = make(outbox);
  messages.showUnsent("You are offline.");
  outbox.actions.push(VOTE);
  messages.updateUnsent();
  equal(line.textContent, "You are offline. 2 answers saved on this device.");
  outbox.actions.length = 0;
  messages.updateUnsent();
  equal(line.textContent, "");
  messages.showHtml("Recorded.");
  outbox.actions.push(VOTE);
  messages.updateUnsent();
  equal(line.textContent, "Recorded.");
});

test("it says where answers are that were not sent", () => {
  const stored = make({ actions: [VOTE, VOTE], isAllStored: () => true });
  stored.messages.showUnsent("You are offline.");
  equal(stored.line.textContent, "You are offline. 2 answers saved on this device.");

  const lost = make({ actions: [VOTE], isAllStored: () => false });
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

test("a line goes once it was read, and stays where it still holds", async () => {
  const { messages, line } = make({ actions: [VOTE], isAllStored: () => true }, { readMs: 30 });
  messages.showHtml("Recorded: <span>left</span> is better.");
  equal(line.textContent, "Recorded: left is better.");
  await until(() => line.textContent === "");
  messages.showStatus("Skipped.");
  messages.showUnsent("You are offline.");
  await new Promise((resolve) => setTimeout(resolve, 90));
  equal(line.textContent, "You are offline. 1 answer saved on this device.");
});

test("Escape closes an error, and the focus returns to where it was", () => {
  const { messages, trouble } = make();
  const field = document.body.appendChild(document.createElement("input"));
  field.focus();
  messages.showError("Not recorded.");
  trouble.querySelector("[data-close]").focus();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  equal([trouble.hidden, document.activeElement === field], [true, true]);
});

test("what has to be done before answers are sent stays said after Escape", () => {
  const { messages, line } = make();
  messages.showError("Your session has ended.", ["Log in", "/login/"]);
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  equal(line.textContent, "Your session has ended.");
});
