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

// It gets the keys while it has the focus, and closes like a menu. `keepNote` is told what is typed, until it is sent
// or left.
export const createFlag = ({ flag, document, keepNote = () => {} }) => {
  flag.addEventListener("toggle", () => {
    if (flag.open) flag.querySelector("input[type=radio]").focus();
  });
  document.addEventListener("click", (event) => {
    if (flag.open && !flag.contains(event.target)) flag.open = false;
  });
  const note = flag.querySelector("input[type=text]");
  note.addEventListener("input", () => keepNote(note.value));
  const close = () => {
    flag.open = false;
    flag.querySelector("form").reset();
    keepNote("");
    flag.querySelector("summary").focus();
  };
  // What was typed about the pair that is shown now.
  const showNote = (text) => {
    note.value = text;
  };
  return { isOpen: () => flag.open, close, showNote };
};
