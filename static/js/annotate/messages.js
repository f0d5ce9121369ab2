// Messages: a line in the bar, which goes by itself once it was read, and over the bar what went wrong. Never over the images.

import { interpolate, ngettext } from "./words.js";

const READ_MS = 6000; // long enough to read a line; what still holds stays

export const countRefused = (number) =>
  interpolate(ngettext("%(number)s answer could not be recorded.", "%(number)s answers could not be recorded.", number), {
    number,
  });

const savedAnswers = (number) =>
  ngettext("%(number)s answer saved on this device.", "%(number)s answers saved on this device.", number);
const unsavedAnswers = (number) =>
  ngettext(
    "%(number)s answer not sent yet, keep this page open.",
    "%(number)s answers not sent yet, keep this page open.",
    number,
  );
const savedActions = (number) =>
  ngettext("%(number)s action saved on this device.", "%(number)s actions saved on this device.", number);
const unsavedActions = (number) =>
  ngettext(
    "%(number)s action not sent yet, keep this page open.",
    "%(number)s actions not sent yet, keep this page open.",
    number,
  );

// Votes are answers; with skips, flags and undos among them they are actions.
export const countUnsent = (actions, isSaved) => {
  const { length } = actions;
  const areAnswers = actions.every(({ verb }) => verb === "vote");
  const [saved, unsaved] = areAnswers ? [savedAnswers, unsavedAnswers] : [savedActions, unsavedActions];
  return interpolate(isSaved ? saved(length) : unsaved(length), { number: length });
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
    const { actions } = outbox;
    showStatus(actions.length ? `${why} ${countUnsent(actions, outbox.isAllStored())}` : why, { stays: true });
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
