// Sending: one action after the other, again after a failure, and a request for cards when there is nothing to send.

import { countUnsent } from "./messages.js";
import { REFRESH, isForThisPage, refusalOf } from "./transport.js";
import { gettext, interpolate } from "./words.js";

const FIRST_WAIT = 1000; // milliseconds, doubled with each failure
const LONGEST_WAIT = 30_000;
const HANGING_MS = 3000; // a request that takes longer is said
const RENEW_BEFORE = 15 * 60_000; // a lease that has less than this left is renewed, so that it outlives a tunnel
const RETRY_STATUSES = new Set([0, 408, 425, 429, 502, 503, 504]);
const ANSWERS_LIMIT = 20; // votes of one request: after a while without a network there are many
const UNCLEAR_LIMIT = 3; // failures that may be due to what is sent

// What an answer means for what was sent. `refusal` is the site's own code; without one somebody else answered: a proxy, a network
// that wants a log-in first, or a server that broke down.
export const kindOf = (status, refusal) => {
  if (status === 401) return "log_in";
  if (refusal === "other_account") return "other_account";
  if (refusal === "csrf_failed") return "reload";
  if (RETRY_STATUSES.has(status)) return "retry";
  if (status < 400) return "done";
  return refusal ? "refused" : "unclear";
};

// `held` returns what the page holds, `answerOf` the data of a vote; `page` says whether it shows a card, or why there is none.
// `onAnswers` is called with what became of votes, `onAct` with the response to another action, `onRefused` with an action that is
// not to be sent again. `exclusive` runs a function while no other tab of the same person sends.
export const createSender = ({
  outbox,
  transport,
  messages,
  addresses,
  held,
  answerOf,
  page,
  onAnswers,
  onAct,
  onRefused,
  exclusive = (run) => run(),
  hangingMs = HANGING_MS,
}) => {
  let isBusy = false;
  let sending = []; // the actions on their way
  let failures = 0;
  let unclear = 0; // failures in a row that may be due to what was sent
  let isOneByOne = false; // after a refusal of several together
  let timer = 0;
  let isPaused = false; // nothing is sent until the annotator logs in or reloads
  let redirectTo = "";
  let leaseUntil = Infinity; // milliseconds
  let renewBefore = RENEW_BEFORE;

  const isSending = (action) => sending.includes(action);

  const send = async (look = false, isRetry = false) => {
    if (isBusy || isPaused || !(outbox.actions.length || look === REFRESH)) return;
    if (!navigator.onLine && !isRetry) {
      // Tried now and then all the same: some devices say so wrongly.
      if (!timer) retry(look, 0);
      return;
    }
    clearTimeout(timer);
    timer = 0;
    isBusy = true;
    try {
      await exclusive(() => sendNext(look));
    } finally {
      isBusy = false;
    }
  };

  const sendNext = async (look) => {
    outbox.load(); // another tab may have sent some
    const limit = isOneByOne ? 1 : ANSWERS_LIMIT;
    const others = outbox.actions.findIndex(({ verb }) => verb !== "vote");
    const votes = outbox.actions.slice(0, others < 0 ? limit : Math.min(others, limit));
    if (!outbox.actions.length && look !== REFRESH) return;
    sending = votes.length ? votes : [outbox.actions[0] ?? REFRESH];
    const actions = sending;
    const hanging = setTimeout(() => say(gettext("The server takes long to answer.")), hangingMs);
    const { status, refusal, data, xhr } = await ask(actions, votes);
    clearTimeout(hanging);
    const isProbed = unclear >= UNCLEAR_LIMIT - 1 && kindOf(status, refusal) === "unclear" && (await isServerWell());
    sending = [];
    isBusy = false;
    take(actions, { status, refusal, data, xhr, isProbed });
  };

  const ask = async (actions, votes) => {
    if (votes.length) return transport.answer(votes.map(answerOf), held());
    if (actions[0] === REFRESH) return transport.look(held());
    const xhr = await transport.act(actions[0], held());
    // A refusal that was written for this page is told by the page.
    const status = xhr && isForThisPage(xhr) ? 200 : (xhr?.status ?? 0);
    return { status, refusal: refusalOf(xhr), data: null, xhr };
  };

  // Whether the site answers something else as it should. If so, it is what was sent that it does not take.
  const isServerWell = async () => kindOf((await transport.look(held())).status, "") === "done";

  const take = (actions, { status, refusal, data, xhr, isProbed }) => {
    const [action] = actions;
    const kind = kindOf(status, refusal);
    if (kind === "log_in") {
      pause(gettext("Your session has ended."), [
        gettext("Log in"),
        `${addresses.logIn}?next=${encodeURIComponent(addresses.page)}`,
      ]);
    } else if (kind === "other_account") {
      pause(gettext("You are logged in with another account in this browser."), [gettext("Reload"), addresses.page]);
    } else if (kind === "reload") {
      pause(gettext("Please reload and log in again."), [gettext("Reload"), addresses.page]);
    } else if (kind === "retry") {
      retry(action, status);
    } else if (kind === "done") {
      failures = unclear = 0;
      const redirect = xhr?.getResponseHeader("HX-Redirect");
      if (redirect) {
        outbox.remove(action);
        redirectWhenSent(redirect);
      } else if (xhr) onAct(action, xhr);
      else onAnswers(action === REFRESH ? [] : actions, status, data);
    } else if (action === REFRESH) {
      retry(action, status);
    } else if (actions.length > 1) {
      isOneByOne = true; // one of them may be the reason
      if (kind === "refused") send();
      else retry(action, status);
    } else if (kind === "refused" || isProbed) {
      onRefused(action, refusal || String(status), data?.detail ?? "");
      if (!outbox.actions.length) [isOneByOne, unclear, failures] = [false, 0, 0];
      sendOrRedirect();
    } else {
      unclear += 1;
      isOneByOne = true;
      retry(action, status);
    }
  };

  // Of a look for more cards nothing is said while there are some, and nothing waits.
  const say = (why) => {
    if (outbox.actions.length || !page.hasCard()) messages.showUnsent(why);
  };

  const retry = (action, status) => {
    const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
    failures += 1;
    if (!navigator.onLine) say(gettext("You are offline."));
    else {
      const failed = interpolate(gettext("Server error (%(status)s), retrying."), { status });
      say(status >= 400 ? failed : gettext("Can't reach the server, retrying."));
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      send(action, true);
    }, wait);
  };

  const pause = (text, link) => {
    isPaused = true;
    const { length } = outbox.actions;
    messages.showError(text + (length ? ` ${countUnsent(outbox.actions, true)}` : ""), link);
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

  // Of all cards that the page holds, or of the first ones only.
  const setLease = (seconds, isOfAll = true) => {
    const until = Date.now() + 1000 * seconds;
    leaseUntil = isOfAll ? until : Math.min(leaseUntil, until);
    if (isOfAll) renewBefore = Math.min(RENEW_BEFORE, 500 * seconds);
  };
  // Asking for the cards renews their lease, so that nobody loses the pairs that wait for them.
  const renewLease = () => {
    if (!document.hidden && leaseUntil - Date.now() < renewBefore) send(REFRESH);
  };

  return { isSending, send, sendOrRedirect, redirectWhenSent, resume, setLease, renewLease };
};
