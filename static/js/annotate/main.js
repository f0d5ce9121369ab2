// The annotation page. Its forms work without JavaScript. This script shows the next card at once and sends each action in
// the background, one after the other. Unsent actions are kept until they are sent: through a lost network, a reload, a login.
// Here its parts are put together; each is given what it needs.

import { createActions } from "./actions.js";
import { createAside } from "./aside.js";
import { idOf, loadAgain, slotsOf } from "./cards.js";
import { createDeck } from "./deck.js";
import { createDrafts } from "./drafts.js";
import { aimForms, catchForms } from "./forms.js";
import { createGate } from "./gate.js";
import { createHints } from "./hints.js";
import { createKeySettings } from "./key_settings.js";
import { createKeymap } from "./keymap.js";
import { catchKeys, createKeySwitch } from "./keys.js";
import { createLabels } from "./labels.js";
import { isStacked } from "./layout.js";
import { createLookBack } from "./look_back.js";
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
import { gettext, interpolate } from "./words.js";

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
      messages.updateUnsent();
      aside.update();
    },
  });
  const messages = createMessages({ line: byId("status-message"), trouble, outbox });
  const aside = createAside({ box: byId("aside"), outbox, sendAgain: () => sender.send() });
  const timer = createTimer({ clock: () => performance.now(), isHidden: () => document.hidden });
  const minimum = data.answerMsMin;
  const gate = createGate({ minimum, elapsed: timer.elapsed, onChange: (isOpen) => question.unlock(isOpen) });
  const drafts = createDrafts({ member: data.member, storage });
  const question = createQuestionForm({
    form,
    data,
    isStacked,
    announce,
    drafts,
    onAsk: () => {
      gate.start();
      undo.update();
    },
  });
  let shownAt = -Infinity; // of the card, loaded or not
  const deck = createDeck({
    elements: { deck: deckElement, cards, controls, waiting: byId("waiting"), broken: byId("broken"), now },
    isStacked,
    onPrepare: (card) => viewer.prepare(card),
    onLeave: () => viewer.leave(),
    onShow: (card) => {
      viewer.show(card);
      aimForms(document, (verb) => addresses.ofAction(idOf(card), verb));
      question.showCard(card);
      flag.showNote(drafts.get(idOf(card)).note ?? "");
      shownAt = performance.now();
    },
    onState: (isOpen) => {
      document.body.classList.toggle("without-card", !deck.current);
      for (const button of document.querySelectorAll(".needs-card .button")) {
        if (deck.current) button.removeAttribute("aria-disabled");
        else button.setAttribute("aria-disabled", "true");
      }
      byId("waiting").firstElementChild.textContent = navigator.onLine
        ? gettext("Loading the next pair…")
        : gettext("You have judged all pairs on this device. The next ones come when the network is back.");
      if (!isOpen) {
        gate.shut();
        return;
      }
      responses.deepen();
      timer.start();
      gate.start();
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
      const problem = await savePreferences(changes);
      if (problem) messages.showStatus(`${gettext("This setting lasts until you leave the page.")} ${problem}`);
    },
  });
  const undo = createUndo({
    button: document.querySelector("[data-undo]"),
    addressOf: (id) => addresses.ofAction(id, "undo"),
    hasBack: () => question.hasBack(),
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
  // Resolves with "" or why the change was not stored.
  const savePreferences = async (changes) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
    try {
      const response = await fetch(addresses.preferences, { method: "POST", headers, body: JSON.stringify(changes) });
      if (response.ok) return "";
      const { errors } = await response.json();
      return (
        Object.values(errors).flat().join(" ") ||
        interpolate(gettext("It could not be stored (error %(status)s)."), { status: response.status })
      );
    } catch {
      return gettext("It could not be stored: the server is not reached.");
    }
  };
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
    onRefused: responses.applyRefusal,
    // One tab of a person sends at a time. (Without HTTPS there are no locks: then each tab sends what it finds, and a vote that is
    // sent twice counts once.)
    exclusive: (run) => (navigator.locks ? navigator.locks.request(`diptych-sending ${data.member}`, run) : run()),
  });
  const actions = createActions({ deck, outbox, undo, sender, messages, answerOf });

  const finish = (verb, fields) => {
    drafts.clear(idOf(deck.current));
    actions.finish(verb, fields);
  };
  const vote = (choice) => {
    if (!gate.isOpen()) return;
    // Ctrl and Enter in the comment press no button: the answer that was undone is sent again.
    const isTyped = choice === undefined;
    if (isTyped) document.activeElement.blur();
    const fields = isTyped ? question.again() : question.choose(choice);
    if (fields) {
      finish("vote", { elapsed_ms: timer.elapsed(), conditions: viewer.conditions(), ...fields });
      viewer.answered();
    } else if (isTyped) messages.showStatus(gettext("Now choose: the comment goes with your answer."));
  };
  // Between two of them as long as between two answers: a bouncing key takes back one thing.
  let undoneAt = -Infinity;
  const undoLast = () => {
    if (performance.now() - undoneAt < minimum) return;
    undoneAt = performance.now();
    if (!question.back()) actions.undoLast();
  };
  const help = createHelp({ dialog: byId("help"), document });
  const goOn = () => {
    if (deck.isOpen() && !document.hidden && !lookBack.isOpen()) timer.goOn();
  };
  const lookBack = createLookBack({
    dialog: byId("look-back"),
    data,
    done: undo.done,
    isStacked: () => Boolean(deck.current) && isStacked(deck.current),
    fetchEarlier: async (before) => {
      const response = await fetch(`${addresses.earlier}?${new URLSearchParams({ before })}`).catch(() => null);
      return response?.ok ? response.json() : null;
    },
    onOpen: timer.pause,
    onClose: goOn,
  });
  const guideline = createGuideline({ panel: byId("guideline-panel"), document });
  const flag = createFlag({
    flag: document.querySelector("[data-flag]"),
    document,
    keepNote: (note) => deck.current && drafts.set(idOf(deck.current), { note }),
  });
  catchForms({
    deck: document.body,
    act: (verb, fields, pressed) => {
      if (verb === "undo") undoLast();
      else if (verb === "vote") vote(pressed);
      else if (deck.current && performance.now() - shownAt >= minimum) {
        finish(verb, fields);
        if (verb === "flag") flag.close();
      }
    },
  });
  const { shortcuts, preferences } = data;
  const switchedOn = createKeySwitch({ checkbox: byId("keys-on"), storage }).isOn;
  const keymap = createKeymap({ shortcuts, map: preferences.key_map, own: preferences.own_keys });
  const labels = createLabels({ keyboard: navigator.keyboard, onChange: () => hints.paint() });
  const hints = createHints({ root: document, shortcuts, keymap, labels });
  catchKeys({
    root: document,
    deck: document.body,
    page: document.documentElement,
    keymap,
    labels,
    switchedOn,
    help: { isOpen: () => help.isOpen() || lookBack.isOpen() },
    guideline,
    flag,
    view: viewer,
    others: { undo: undoLast },
  });
  createKeySettings({
    dialog: byId("help"),
    shortcuts,
    keymap,
    labels,
    values: preferences,
    save: savePreferences,
    onChange: hints.paint,
  });
  labels.read();

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
  window.addEventListener("online", () => {
    deck.mend();
    sender.resume();
  });
  // Another tab of the same person added something, or sent it.
  window.addEventListener("storage", ({ key, newValue, oldValue }) => {
    if (!outbox.isKey(key)) return;
    outbox.load();
    responses.follow();
    if (!newValue && JSON.parse(oldValue).verb === "undo") sender.send(REFRESH);
  });
  navigator.serviceWorker?.register(data.addresses.worker, { scope: "/c/" }).catch(() => {});
  window.addEventListener("offline", () => messages.showUnsent(gettext("You are offline.")));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      timer.pause();
      return;
    }
    goOn();
    outbox.load();
    responses.follow();
    sender.resume();
  });
  setInterval(sender.renewLease, 60_000);

  // The page as the server sent it, brought up to date with the actions of the outbox.
  cards.dataset.on = "";
  drafts.clearOld();
  outbox.load();
  actions.takeUp();
  responses.update(REFRESH, responses.takeQueueState());
  sender.send();
};

// A page that answers a form, which was sent without JavaScript, is left alone.
if (htmx && !document.querySelector("#cards .refused")) start();
