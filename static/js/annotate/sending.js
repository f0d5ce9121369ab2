// Sending: one action after the other, again after a failure, and a request for cards when there is nothing to send.

const REFRESH = { verb: "refresh" }; // only asks for the cards to judge
const FIRST_WAIT = 1000; // milliseconds, doubled with each failure
const LONGEST_WAIT = 30_000;
const RETRY_STATUSES = new Set([0, 408, 425, 429]);
let sending = null;
let failures = 0;
let timer = 0;
let isSendingPaused = false; // nothing is sent until the annotator logs in or reloads
let redirectTo = "";

// From the cookie, not from the page: a login in another tab changes it.
const token = () =>
  document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? voteForm.elements.csrfmiddlewaretoken.value;

const request = (action) => {
  const shown = [...cards.querySelectorAll(".card:not(.gone)")].map(idOf);
  const unsent = new Set(outbox.filter((other) => other !== action && other.verb !== "undo").map((other) => other.id));
  const have = [...new Set([...shown, ...unsent])].join();
  const { member } = deck.dataset;
  const values = { ...action.fields, have, unsent: unsent.size, notice: noticeId(), member };
  return new Promise((resolve) => {
    htmx
      .ajax(action === REFRESH ? "GET" : "POST", action === REFRESH ? page : `${root}${action.id}/${action.verb}/`, {
        source: cards,
        target: cards,
        values,
        headers: { "X-CSRFToken": token() },
        handler: (_, { xhr }) => resolve(xhr),
      })
      .catch(() => resolve(null));
  });
};

const send = async (look = false) => {
  if (sending || isSendingPaused || !(outbox.length || look === REFRESH)) return;
  clearTimeout(timer);
  const action = (sending = outbox[0] ?? REFRESH);
  const xhr = await request(action);
  sending = null;
  receive(action, xhr);
};

const receive = (action, xhr) => {
  const status = xhr?.status ?? 0;
  const redirect = xhr?.getResponseHeader("HX-Redirect");
  if (RETRY_STATUSES.has(status) || status >= 500) {
    retry(action, status);
    return;
  }
  failures = 0;
  if (status === 401) {
    pauseSending("Your session has ended.", ["Log in", `${deck.dataset.logIn}?next=${encodeURIComponent(page)}`]);
  } else if (redirect) {
    dequeue(action);
    redirectTo = redirect;
    sendOrRedirect();
  } else if (status === 404 && !isForThisPage(xhr)) {
    pauseSending("You are logged in with another account in this browser.", ["Reload", page]);
  } else if (status === 403 && !isForThisPage(xhr)) {
    pauseSending("Please reload and log in again.", ["Reload", page]);
  } else {
    applyResponse(action, xhr);
  }
};

// Whether the error was written for this page. An error page of the server or of a proxy was not.
const isForThisPage = (xhr) => xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") === "#cards";

const retry = (action, status) => {
  const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
  failures += 1;
  if (!navigator.onLine) showUnsent("You are offline.");
  else showUnsent(status >= 500 ? `Server error (${status}), retrying.` : "Can't reach the server, retrying.");
  timer = setTimeout(() => send(action), wait);
};

const pauseSending = (text, link) => {
  isSendingPaused = true;
  const kept = outbox.length ? ` ${countAnswers(outbox.length)} saved on this device.` : "";
  showError(text + kept, link);
  showStatus("");
};

const resumeSending = () => {
  if (isSendingPaused) trouble.hidden = true;
  isSendingPaused = false;
  failures = 0;
  sendOrRefresh();
};

const sendOrRedirect = () => {
  if (outbox.length) send();
  else if (redirectTo) location.assign(redirectTo);
};

// Coming back to the network, to this tab, or after a long break
const sendOrRefresh = () => {
  const isOld = leaseUntil - Date.now() < LONGEST_WAIT || !current;
  send(isOld && !cards.querySelector(".state") ? REFRESH : undefined);
};

window.addEventListener("online", resumeSending);
window.addEventListener("offline", () => showUnsent("You are offline."));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    elapsedBefore = elapsed();
    since = null;
    return;
  }
  since = current?.dataset.state === "open" ? performance.now() : null;
  resumeSending();
});
// Asking for the cards renews their lease, so that nobody loses the pair they are looking at.
setInterval(() => {
  if (!document.hidden && leaseUntil - Date.now() < 5 * 60_000) send(REFRESH);
}, 60_000);
