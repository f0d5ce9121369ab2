// Sending: one action after the other, again after a failure, and a request for cards when there is nothing to send.

const REFRESH = { verb: "refresh" }; // only asks for the cards to judge
const FIRST_WAIT = 1000; // milliseconds, doubled with each failure
const LONGEST_WAIT = 30_000;
const RETRY_STATUSES = new Set([0, 408, 425, 429]);
const ANSWERS_LIMIT = 20; // votes of one request: after a while without a network there are many
let sending = []; // the actions on their way
let failures = 0;
let timer = 0;
let isSendingPaused = false; // nothing is sent until the annotator logs in or reloads
let redirectTo = "";

// From the cookie, not from the page: a login in another tab changes it.
const token = () =>
  document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? voteForm.elements.csrfmiddlewaretoken.value;

// What the page holds apart from the actions that are being sent, so that the server sends nothing twice.
const held = () => {
  const shown = [...cards.querySelectorAll(".card:not(.gone)")].map(idOf);
  const unsent = new Set(outbox.filter((other) => !sending.includes(other) && other.verb !== "undo").map((other) => other.id));
  return { have: [...new Set([...shown, ...unsent])], unsent: unsent.size };
};

const request = (action) => {
  const { have, unsent } = held();
  const { member } = deck.dataset;
  const values = { ...action.fields, have: have.join(), unsent, notice: noticeId(), member };
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

const answerOf = ({ id, fields }) => {
  const choices = fields.choice ? { [fields.question]: fields.choice } : {};
  for (const { slug } of questions) if (fields[`choice_${slug}`]) choices[slug] = fields[`choice_${slug}`];
  return { assignment: Number(id), choices, elapsed_ms: fields.elapsed_ms ?? null, comment: fields.comment ?? "" };
};

const requestAnswers = async (votes) => {
  const { have, unsent } = held();
  const notice = Number(noticeId()) || null;
  const body = { answers: votes.map(answerOf), have: have.map(Number), unsent, notice, member: Number(deck.dataset.member) };
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
  try {
    const response = await fetch(deck.dataset.answers, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, data: response.ok ? await response.json() : null };
  } catch {
    return { status: 0, data: null }; // no network, or it broke off in the middle
  }
};

const send = async (look = false) => {
  if (sending.length || isSendingPaused || !(outbox.length || look === REFRESH)) return;
  clearTimeout(timer);
  const others = outbox.findIndex(({ verb }) => verb !== "vote");
  const votes = outbox.slice(0, others < 0 ? ANSWERS_LIMIT : Math.min(others, ANSWERS_LIMIT));
  sending = votes.length ? votes : [outbox[0] ?? REFRESH];
  const actions = sending;
  if (votes.length) {
    const { status, data } = await requestAnswers(votes);
    sending = [];
    if (isAnswered(actions, status)) applyAnswers(actions, status, data);
  } else {
    const xhr = await request(actions[0]);
    sending = [];
    receive(actions[0], xhr);
  }
};

// Whether the server has done with the actions. If not, they are sent again, at once or once the annotator has done something.
const isAnswered = (actions, status, isForPage = status < 400) => {
  if (RETRY_STATUSES.has(status) || status >= 500) {
    retry(actions, status);
    return false;
  }
  failures = 0;
  if (status === 401) {
    pauseSending("Your session has ended.", ["Log in", `${deck.dataset.logIn}?next=${encodeURIComponent(page)}`]);
  } else if (status === 404 && !isForPage) {
    pauseSending("You are logged in with another account in this browser.", ["Reload", page]);
  } else if (status === 403 && !isForPage) {
    pauseSending("Please reload and log in again.", ["Reload", page]);
  } else return true;
  return false;
};

const receive = (action, xhr) => {
  if (!isAnswered([action], xhr?.status ?? 0, xhr && isForThisPage(xhr))) return;
  const redirect = xhr.getResponseHeader("HX-Redirect");
  if (redirect) {
    dequeue(action);
    redirectTo = redirect;
    sendOrRedirect();
  } else applyResponse(action, xhr);
};

// Whether the error was written for this page. An error page of the server or of a proxy was not.
const isForThisPage = (xhr) => xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") === "#cards";

const retry = ([action], status) => {
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
