// Sending: one action after the other, again after a failure, and a request for cards when there is nothing to send.

import { countAnswers } from "./messages.js";
import { REFRESH, isForThisPage } from "./transport.js";

const FIRST_WAIT = 1000; // milliseconds, doubled with each failure
const LONGEST_WAIT = 30_000;
const RETRY_STATUSES = new Set([0, 408, 425, 429]);
const ANSWERS_LIMIT = 20; // votes of one request: after a while without a network there are many

// `held` returns what the page holds, `answerOf` the data of a vote; `page` says whether it shows a card, or why there is none.
// `onAnswers` is called with what became of votes, `onAct` with the response to another action.
export const createSender = ({ outbox, transport, messages, addresses, held, answerOf, page, onAnswers, onAct }) => {
  let sending = []; // the actions on their way
  let failures = 0;
  let timer = 0;
  let isPaused = false; // nothing is sent until the annotator logs in or reloads
  let redirectTo = "";
  let leaseUntil = Infinity; // milliseconds

  const isSending = (action) => sending.includes(action);

  const send = async (look = false) => {
    if (sending.length || isPaused || !(outbox.actions.length || look === REFRESH)) return;
    clearTimeout(timer);
    const others = outbox.actions.findIndex(({ verb }) => verb !== "vote");
    const votes = outbox.actions.slice(0, others < 0 ? ANSWERS_LIMIT : Math.min(others, ANSWERS_LIMIT));
    sending = votes.length ? votes : [outbox.actions[0] ?? REFRESH];
    const actions = sending;
    if (votes.length) {
      const { status, data } = await transport.answer(votes.map(answerOf), held());
      sending = [];
      if (isAnswered(actions, status)) onAnswers(actions, status, data);
    } else {
      const xhr = await transport.act(actions[0], held());
      sending = [];
      receive(actions[0], xhr);
    }
  };

  // Whether the server has done with the actions. If not, they are sent again, at once or once the annotator has done
  // something.
  const isAnswered = (actions, status, isForPage = status < 400) => {
    if (RETRY_STATUSES.has(status) || status >= 500) {
      retry(actions, status);
      return false;
    }
    failures = 0;
    if (status === 401) {
      pause("Your session has ended.", ["Log in", `${addresses.logIn}?next=${encodeURIComponent(addresses.page)}`]);
    } else if (status === 404 && !isForPage) {
      pause("You are logged in with another account in this browser.", ["Reload", addresses.page]);
    } else if (status === 403 && !isForPage) {
      pause("Please reload and log in again.", ["Reload", addresses.page]);
    } else return true;
    return false;
  };

  const receive = (action, xhr) => {
    if (!isAnswered([action], xhr?.status ?? 0, xhr && isForThisPage(xhr))) return;
    const redirect = xhr.getResponseHeader("HX-Redirect");
    if (redirect) {
      outbox.remove(action);
      redirectWhenSent(redirect);
    } else onAct(action, xhr);
  };

  const retry = ([action], status) => {
    const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
    failures += 1;
    if (!navigator.onLine) messages.showUnsent("You are offline.");
    else messages.showUnsent(status >= 500 ? `Server error (${status}), retrying.` : "Can't reach the server, retrying.");
    timer = setTimeout(() => send(action), wait);
  };

  const pause = (text, link) => {
    isPaused = true;
    const { length } = outbox.actions;
    messages.showError(text + (length ? ` ${countAnswers(length)} saved on this device.` : ""), link);
    messages.showStatus("");
  };

  const sendOrRedirect = () => {
    if (outbox.actions.length) send();
    else if (redirectTo) location.assign(redirectTo);
  };
  const redirectWhenSent = (address) => {
    redirectTo = address;
    sendOrRedirect();
  };

  // Coming back to the network, to this tab, or after a long break
  const resume = () => {
    if (isPaused) messages.closeError();
    isPaused = false;
    failures = 0;
    const isOld = leaseUntil - Date.now() < LONGEST_WAIT || !page.hasCard();
    send(isOld && !page.isOver() ? REFRESH : undefined);
  };

  const setLease = (seconds) => {
    leaseUntil = Date.now() + 1000 * seconds;
  };
  // Asking for the cards renews their lease, so that nobody loses the pair they are looking at.
  const renewLease = () => {
    if (!document.hidden && leaseUntil - Date.now() < 5 * 60_000) send(REFRESH);
  };

  return { isSending, send, sendOrRedirect, redirectWhenSent, resume, setLease, renewLease };
};
