// What opens over the pair or beside it: the help, the guideline, and the form that flags a pair.

export const createHelp = ({ dialog, document }) => {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-help]")) dialog.showModal();
  });
  return { isOpen: () => dialog.open };
};

// `panel` is null if there is no guideline.
export const createGuideline = ({ panel, document }) => {
  const isOpen = () => Boolean(panel && !panel.hidden);
  const open = () => {
    panel.hidden = false;
    panel.querySelector("#guideline-title").focus();
  };
  const close = () => {
    panel.hidden = true;
    document.querySelector("[data-open-panel]")?.focus();
  };
  document.addEventListener("click", (event) => {
    if (panel && event.target.closest("[data-open-panel]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      if (isOpen()) close();
      else open();
    }
    if (event.target.closest("[data-close-panel]")) close();
  });
  return { isOpen, close };
};

// It gets the keys while it has the focus, and closes like a menu.
export const createFlag = ({ flag, document }) => {
  flag.addEventListener("toggle", () => {
    if (flag.open) flag.querySelector("input[type=radio]").focus();
  });
  document.addEventListener("click", (event) => {
    if (flag.open && !flag.contains(event.target)) flag.open = false;
  });
  const close = () => {
    flag.open = false;
    flag.querySelector("form").reset();
    flag.querySelector("summary").focus();
  };
  return { isOpen: () => flag.open, close };
};
