// Messages: the line of the tools, and the box with what went wrong.

export const countAnswers = (number) => (number === 1 ? "1 answer" : `${number} answers`);

export const createMessages = ({ line, trouble, outbox }) => {
  const showStatus = (text) => {
    line.textContent = text;
  };

  const showHtml = (html) => {
    line.innerHTML = html;
  };

  const showUnsent = (why) => {
    const where = outbox.isAllStored() ? "saved on this device" : "not sent yet, keep this page open";
    const { length } = outbox.actions;
    showStatus(length ? `${why} ${countAnswers(length)} ${where}.` : why);
  };

  const showError = (text, link = null) => {
    trouble.querySelector("[data-text]").textContent = text;
    const anchor = trouble.querySelector("a");
    anchor.hidden = !link;
    trouble.querySelector("[data-close]").hidden = Boolean(link);
    if (link) [anchor.textContent, anchor.href] = link;
    trouble.hidden = false;
  };

  const closeError = () => {
    trouble.hidden = true;
  };

  return { showStatus, showHtml, showUnsent, showError, closeError };
};
