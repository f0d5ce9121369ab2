import { createDeck } from "../../../static/js/annotate/deck.js";
import { createOutbox } from "../../../static/js/annotate/outbox.js";
import { createResponses } from "../../../static/js/annotate/responses.js";
import { createUndo } from "../../../static/js/annotate/undo.js";
import { BLANK, cardHtml, emptyStorage, equal, page, test } from "./harness.js";

const make = () => {
  page(`<div id="notice"></div>
    <div id="progress"><span class="progress-own"><b></b></span><progress max="100"></progress><span class="progress-all"><b></b></span></div>
    <div id="deck"><div id="cards">${[1, 2, 4].map((id) => cardHtml({ id })).join("")}</div><div id="controls"></div></div>
    <p id="waiting"></p><p id="broken"></p><p id="now"></p>
    <template>${BLANK}</template>`);
  const byId = (id) => document.getElementById(id);
  const stored = emptyStorage();
  const log = [];
  const outbox = createOutbox({ member: 7, storage: () => stored });
  const undo = createUndo({ button: null, addressOf: () => "" });
  const elements = Object.fromEntries(["deck", "cards", "controls", "waiting", "broken", "now"].map((id) => [id, byId(id)]));
  const deck = createDeck({
    elements,
    isStacked: () => false,
    onPrepare: () => {},
    onLeave: () => {},
    onShow: () => {},
    onState: () => {},
  });
  const sender = {
    send: () => log.push("send"),
    sendOrRedirect: () => log.push("go on"),
    redirectWhenSent: (address) => log.push(`to ${address}`),
    setLease: (seconds) => log.push(`lease ${seconds}`),
  };
  const messages = { showHtml: (html) => log.push(html), showError: (text) => log.push(text), showStatus: () => {} };
  const responses = createResponses({
    elements: {
      cards: byId("cards"),
      notice: byId("notice"),
      progress: byId("progress"),
      blank: document.querySelector("template").content.querySelector(".card"),
    },
    deck,
    undo,
    outbox,
    messages,
    sender: () => sender,
    insert: (place, html, where) => (where === "innerHTML" ? (place.innerHTML = html) : place.insertAdjacentHTML(where, html)),
  });
  responses.update({ verb: "refresh" }, { queue: ["1", "2", "4"], undo: "", lease: 60 });
  log.length = 0;
  const cardIds = () => [...document.querySelectorAll("#cards .card")].map((card) => card.dataset.assignment);
  const voted = (id) => {
    const card = deck.find(id);
    const action = { verb: "vote", id, fields: {}, prompt: "two cats" };
    outbox.add(action);
    undo.remember(card, "vote", { overall: "a" });
    card.classList.add("gone");
    deck.show(deck.next());
    return action;
  };
  return { responses, deck, undo, outbox, log, cardIds, voted, stored };
};
const side = { slot: "a", address: "/images/1/", width: 4, height: 3, sizes: "50vw" };
const DATA = {
  answers: [{ assignment: 1, code: "", detail: "" }],
  cards: [{ assignment: 3, prompt: "a dog", language: "", earlier: "", sides: [side, { ...side, slot: "b" }] }],
  queue: [2, 4, 3],
  lease: 90,
  undo: 1,
  judged: 5,
  percent: 12,
  message: "Recorded.",
};

test("what was recorded leaves the outbox, and the next cards come", () => {
  const { responses, outbox, log, cardIds, voted } = make();
  responses.applyAnswers([voted("1")], 200, DATA);

  equal([outbox.actions, cardIds()], [[], ["2", "4", "3"]]);
  equal(document.querySelector(".progress-own b").textContent, "5");
  equal(document.querySelector("progress").value, 12);
  equal(log, ["Recorded.", "lease 90", "go on", "send"]); // for more cards
});

test("a card that went to somebody else is removed, unless it is on the screen", () => {
  const { responses, deck, cardIds, voted } = make();
  responses.applyAnswers([voted("1")], 200, { ...DATA, queue: [3] });
  equal([cardIds(), deck.current.dataset.assignment], [["2", "3"], "2"]);
});

test("a refused answer is said, and the pair comes back where it can be answered again", () => {
  const { responses, deck, log, voted } = make();
  const answers = [{ assignment: 1, code: "invalid", detail: "Answer all questions." }];
  responses.applyAnswers([voted("1")], 200, { ...DATA, answers, message: "", queue: [1, 2, 4, 3] });

  equal(log[0], "Not recorded. Answer all questions. (“two cats”)");
  equal(deck.find("1").classList.contains("gone"), false);
});

test("an answer that cannot be given again is set aside, and the rest goes on", () => {
  const { responses, outbox, log, voted, cardIds } = make();
  const answers = [
    { assignment: 1, code: "lease_expired", detail: "Time ran out." },
    { assignment: 2, code: "", detail: "" },
  ];
  responses.applyAnswers([voted("1"), voted("2")], 200, { ...DATA, answers, message: "", queue: [4, 3] });

  equal([outbox.actions, outbox.aside().map(({ id, why }) => [id, why.code])], [[], [["1", "lease_expired"]]]);
  equal([log[0], cardIds()], ["Too late. Time ran out. (“two cats”)", ["4", "3"]]);
});

test("several refusals are said once", () => {
  const { responses, log, voted } = make();
  const answers = [1, 2].map((assignment) => ({ assignment, code: "campaign_closed", detail: "It is closed." }));
  responses.applyAnswers([voted("1"), voted("2")], 200, { ...DATA, answers, message: "" });
  equal(log[0], "2 answers could not be recorded. It is closed.");
});

test("cards behind those that the server names stay, and those between them go", () => {
  const { responses, cardIds, voted } = make();
  responses.applyAnswers([voted("1")], 200, { ...DATA, cards: [], queue: [2], more: true });
  equal(cardIds(), ["2", "4"]);
  responses.applyAnswers([voted("2")], 200, { ...DATA, answers: [{ assignment: 2, code: "" }], queue: [3], more: true });
  equal(cardIds(), ["4", "3"]); // the one on the screen stays
});

test("what another tab did is gone here too", () => {
  const { responses, deck, outbox } = make();
  outbox.add({ verb: "vote", id: "1", fields: {}, prompt: "" });
  responses.follow();
  equal(deck.current.dataset.assignment, "2");
});

test("an answer that was undone in another tab on its way is undone", () => {
  const { responses, outbox, voted, stored } = make();
  const action = voted("1");
  delete stored[action.key];
  responses.applyAnswers([action], 200, DATA);
  equal(
    outbox.actions.map(({ verb, id }) => [verb, id]),
    [["undo", "1"]],
  );
});

test("where the member has to read something first, the page leads there", () => {
  const { responses, log, voted } = make();
  responses.applyAnswers([voted("1")], 200, { answers: DATA.answers, go_to: "/c/x/guideline/" });
  equal(log, ["to /c/x/guideline/"]);
});

test("an undone pair comes first", () => {
  const { responses, deck } = make();
  const body = `${cardHtml({ id: 8 })}<data class="queue-state" value="8,1,2" data-lease="30" data-undo=""></data>`;
  const action = { verb: "undo", id: "8" };
  responses.applyResponse(action, { status: 200, responseText: body, getResponseHeader: () => null });
  equal([deck.current.dataset.assignment, document.querySelectorAll(".queue-state").length], ["8", 0]);
});

test("a pair that was undone by a request whose answer was lost is judged, without a word", () => {
  const { responses, deck, log } = make();
  const body = `<p class="refusal" data-refused="assignment_closed">There is nothing to undo.</p>
    <data class="queue-state" value="1,2,4" data-lease="30" data-undo=""></data>`;
  const header = (name) => (name === "HX-Retarget" ? "#cards" : null);
  responses.applyResponse({ verb: "undo", id: "1" }, { status: 409, responseText: body, getResponseHeader: header });
  equal([deck.find("1") !== null, log], [true, ["lease 30", "go on"]]);
});
