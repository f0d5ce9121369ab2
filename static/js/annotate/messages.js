// Messages: the line of the tools, and the box with what went wrong.

const showStatus = (text) => {
  statusMessage.textContent = text;
};

const countAnswers = (number) => (number === 1 ? "1 answer" : `${number} answers`);

const showUnsent = (why) => {
  const where = outbox.every((action) => action.isStored) ? "saved on this device" : "not sent yet, keep this page open";
  showStatus(outbox.length ? `${why} ${countAnswers(outbox.length)} ${where}.` : why);
};

const showError = (text, link = null) => {
  trouble.querySelector("[data-text]").textContent = text;
  const anchor = trouble.querySelector("a");
  anchor.hidden = !link;
  trouble.querySelector("[data-close]").hidden = Boolean(link);
  if (link) [anchor.textContent, anchor.href] = link;
  trouble.hidden = false;
};

// The notice on the page, so that the server does not send it again with every answer.
const noticeId = () => document.querySelector("#moderation-notice [data-notice]")?.dataset.notice ?? "";
