// The annotation page. Its forms work without JavaScript. This script shows the next card at once and sends each action in
// the background, one after the other. Unsent actions are kept until they are sent: through a lost network, a reload, a login.
// Here its parts are put together; each is given what it needs.

import { createActions } from "./actions.js";
import { idOf, loadAgain, slotsOf } from "./cards.js";
import { createDeck } from "./deck.js";
import { aimForms, catchForms } from "./forms.js";
import { catchKeys, createKeySwitch } from "./keys.js";
import { isStacked } from "./layout.js";
import { createMessages } from "./messages.js";
import { createOutbox } from "./outbox.js";
import { readPageData } from "./page_data.js";
import { createFlag, createGuideline, createHelp } from "./panels.js";
import { createQuestionForm } from "./question_form.js";
import { choicesOf } from "./questions.js";
import { createResponses } from "./responses.js";
import { createSender } from "./sender.js";
import { createTimer } from "./timer.js";
import { REFRESH, createTransport } from "./transport.js";
import { createUndo } from "./undo.js";
import { createViewer } from "./viewer.js";

const { htmx } = window;
const byId = (id) => document.getElementById(id);
const storage = () => localStorage;

const start = () => {
  const data = readPageData(document);
  const [deckElement, cards, controls, trouble, now] = ["deck", "cards", "controls", "trouble", "now"].map(byId);
  const form = byId("vote");
  const announce = (text) => {
    now.textContent = text;
  };
  const addresses = {
    ...data.addresses,
    page: location.pathname,
    ofAction: (id, verb) => `${data.addresses.assignments}${id}/${verb}/`,
  };

  const outbox = createOutbox({
    member: data.member,
    storage,
    onChange: () => {
      deckElement.dataset.unsent = outbox.actions.length;
    },
  });
  const messages = createMessages({ line: byId("status-message"), trouble, outbox });
  const timer = createTimer({ clock: () => performance.now(), isHidden: () => document.hidden });
  const question = createQuestionForm({ form, data, isStacked, announce });
  const deck = createDeck({
    elements: { deck: deckElement, cards, controls, waiting: byId("waiting"), broken: byId("broken"), now },
    isStacked,
    onPrepare: (card) => viewer.prepare(card),
    onLeave: () => viewer.leave(),
    onShow: (card) => {
      viewer.show(card);
      aimForms(document, (verb) => addresses.ofAction(idOf(card), verb));
      question.showCard(card);
    },
    onState: (isOpen) => {
      question.unlock(isOpen);
      if (!isOpen) return;
      timer.start();
      viewer.open();
    },
  });
  const viewer = createViewer({
    document,
    data,
    current: () => deck.current,
    announce,
    choose: (side) => vote(slotsOf(deck.current)[side]),
    store: async (changes) => {
      const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
      const sent = fetch(data.addresses.preferences, { method: "POST", headers, body: JSON.stringify(changes) });
      const isStored = await sent.then(({ ok }) => ok).catch(() => false);
      if (!isStored) messages.showStatus("This setting lasts until you leave the page: it could not be stored.");
    },
  });
  const undo = createUndo({
    button: document.querySelector("[data-undo]"),
    addressOf: (id) => addresses.ofAction(id, "undo"),
  });

  const answerOf = ({ id, fields }) => ({
    assignment: Number(id),
    choices: choicesOf(data.questions, fields),
    elapsed_ms: fields.elapsed_ms ?? null,
    comment: fields.comment ?? "",
    conditions: fields.conditions ?? null,
  });
  // What the page holds apart from the actions that are being sent, so that the server sends nothing twice.
  const held = () => {
    const shown = [...cards.querySelectorAll(".card:not(.gone)")].map(idOf);
    const isUnsent = (action) => !sender.isSending(action) && action.verb !== "undo";
    const unsent = new Set(outbox.actions.filter(isUnsent).map(({ id }) => id));
    // The notice on the page, so that the server does not send it again with every answer.
    const notice = document.querySelector("#moderation-notice [data-notice]")?.dataset.notice ?? "";
    return { have: [...new Set([...shown, ...unsent])], unsent: unsent.size, notice };
  };
  // From the cookie, not from the page: a login in another tab changes it.
  const token = () =>
    document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? form.elements.csrfmiddlewaretoken.value;
  const transport = createTransport({ htmx, cards, token, addresses, member: data.member });
  const responses = createResponses({
    elements: {
      cards,
      notice: byId("moderation-notice"),
      progress: byId("progress"),
      blank: byId("blank-card").content.querySelector(".card"),
    },
    deck,
    undo,
    outbox,
    messages,
    dress: viewer.dress,
    sender: () => sender,
    insert: (place, html, swapStyle) => htmx.swap(place, html, { swapStyle, swapDelay: 0, settleDelay: 0 }),
  });
  const sender = createSender({
    outbox,
    transport,
    messages,
    addresses,
    held,
    answerOf,
    page: { hasCard: () => Boolean(deck.current), isOver: () => Boolean(cards.querySelector(".state")) },
    onAnswers: responses.applyAnswers,
    onAct: responses.applyResponse,
  });
  const actions = createActions({ deck, outbox, undo, sender, messages, answerOf });

  const vote = (choice) => {
    if (!deck.isOpen()) return;
    const fields = question.choose(choice);
    if (!fields) return;
    actions.finish("vote", { elapsed_ms: timer.elapsed(), conditions: viewer.conditions(), ...fields });
    viewer.answered();
  };
  const help = createHelp({ dialog: byId("help"), document });
  const guideline = createGuideline({ panel: byId("guideline-panel"), document });
  const flag = createFlag({ flag: document.querySelector("[data-flag]"), document });
  catchForms({
    deck: document.body,
    act: (verb, fields, pressed) => {
      if (verb === "undo") actions.undoLast();
      else if (verb === "vote") vote(pressed);
      else if (deck.current) {
        actions.finish(verb, fields);
        if (verb === "flag") flag.close();
      }
    },
  });
  const keys = createKeySwitch({ checkbox: byId("keys-on"), storage });
  catchKeys({
    root: document,
    deck: document.body,
    switchedOn: keys.isOn,
    help,
    guideline,
    flag,
    zoom: viewer,
    back: question.back,
  });

  deckElement.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) messages.closeError();
    if (event.target.closest("[data-load-again]") && deck.current) {
      loadAgain(deck.current);
      deck.prepare(deck.current);
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (!outbox.isAllStored()) event.preventDefault();
  });
  window.addEventListener("online", sender.resume);
  window.addEventListener("offline", () => messages.showUnsent("You are offline."));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      timer.pause();
      return;
    }
    if (deck.isOpen()) timer.goOn();
    sender.resume();
  });
  setInterval(sender.renewLease, 60_000);

  // The page as the server sent it, brought up to date with the actions of the outbox.
  cards.dataset.on = "";
  outbox.load();
  actions.takeUp();
  responses.update(REFRESH, responses.takeQueueState());
  sender.send();
};

// A page that answers a form, which was sent without JavaScript, is left alone.
if (htmx && !document.querySelector("#cards .refused")) start();
