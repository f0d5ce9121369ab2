// Messages: a line in the bar, which goes by itself once it was read, and over the bar what went wrong. Never over the images.

const READ_MS = 6000; // long enough to read a line; what still holds stays

export const countAnswers = (number) => (number === 1 ? "1 answer" : `${number} answers`);

// Votes are answers; with skips, flags and undos among them they are actions.
export const countUnsent = (actions) => {
  if (actions.every(({ verb }) => verb === "vote")) return countAnswers(actions.length);
  return actions.length === 1 ? "1 action" : `${actions.length} actions`;
};

export const createMessages = ({ line, trouble, outbox, readMs = READ_MS }) => {
  let timer = 0;
  let before = null; // what had the focus when an error came

  const clearLater = () => {
    clearTimeout(timer);
    timer = setTimeout(() => line.replaceChildren(), readMs);
  };

  // Why something is not sent yet, and how much. It is said anew when something is added, and goes once all is sent.
  let unsent = "";

  const showStatus = (text, { stays = false } = {}) => {
    unsent = "";
    line.textContent = text;
    if (stays) clearTimeout(timer);
    else clearLater();
  };

  const showHtml = (html) => {
    unsent = "";
    line.innerHTML = html;
    clearLater();
  };

  const showUnsent = (why) => {
    const where = outbox.isAllStored() ? "saved on this device" : "not sent yet, keep this page open";
    showStatus(outbox.actions.length ? `${why} ${countUnsent(outbox.actions)} ${where}.` : why, { stays: true });
    unsent = why;
  };
  const updateUnsent = () => {
    if (!unsent) return;
    if (outbox.actions.length) showUnsent(unsent);
    else showStatus("");
  };

  const showError = (text, link = null) => {
    trouble.querySelector("[data-text]").textContent = text;
    if (trouble.hidden) before = document.activeElement;
    const anchor = trouble.querySelector("a");
    anchor.hidden = !link;
    trouble.querySelector("[data-close]").hidden = Boolean(link);
    if (link) [anchor.textContent, anchor.href] = link;
    trouble.hidden = false;
  };

  const closeError = () => {
    if (trouble.hidden) return;
    const hadFocus = trouble.contains(document.activeElement);
    trouble.hidden = true;
    if (hadFocus && before?.isConnected) before.focus();
  };

  // Before the other uses of Escape. What has to be followed before answers are sent again stays said, in the line.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || trouble.hidden) return;
      event.stopPropagation();
      if (!trouble.querySelector("a").hidden) showStatus(trouble.querySelector("[data-text]").textContent, { stays: true });
      closeError();
    },
    true,
  );

  return { showStatus, showHtml, showUnsent, updateUnsent, showError, closeError };
};
