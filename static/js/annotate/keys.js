// The guideline panel, the help, and the keyboard shortcuts.

const help = byId("help");
const panel = byId("guideline-panel");
const togglePanel = (isShown = panel.hidden) => {
  panel.hidden = !isShown;
  if (isShown) byId("guideline-title").focus();
  else deck.querySelector("[data-open-panel]")?.focus();
};
document.addEventListener("click", (event) => {
  if (panel && event.target.closest("[data-open-panel]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    togglePanel();
  }
  if (event.target.closest("[data-close-panel]")) togglePanel(false);
  if (event.target.closest("[data-open-help]")) help.showModal();
});

// Keyboard shortcuts
const keysOn = byId("keys-on");
const KEYS_OFF = "diptych-keys-off";
try {
  keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
} catch {
  // storage is off: shortcuts stay on
}
keysOn.addEventListener("change", () => {
  try {
    if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  } catch {
    // storage is off: the setting lasts until the page is closed
  }
});

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  // Enter or space held down would press the same button for one card after another.
  if (event.repeat && target.closest?.("#deck button")) event.preventDefault();
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  if (key === "Escape" && flag.open) closeFlag();
  if (isTyping(target) || target.closest("[data-flag] form")) return;
  if (keysOn.checked && zoom.key(event)) {
    event.preventDefault();
    return;
  }
  if (event.repeat) return;
  if (key === "Escape" && panel && !panel.hidden) togglePanel(false);
  if (!keysOn.checked) return;
  // In a focused text that scrolls, the arrow keys scroll it.
  if (key.startsWith("Arrow") && target.closest("[type=radio], [role=region], .prompt[tabindex]")) return;
  if (key === "Backspace" && questionIndex > 0) {
    event.preventDefault();
    delete chosen[questions[questionIndex - 1].slug];
    showQuestion(questionIndex - 1);
    return;
  }
  const name = key.length === 1 ? key.toLowerCase() : key; // upper case if caps lock is on
  const buttons = [...deck.querySelectorAll(`[aria-keyshortcuts~="${CSS.escape(name)}"]`)];
  const button = buttons.find((one) => one.checkVisibility({ visibilityProperty: true }));
  if (!button) return;
  event.preventDefault();
  button.click();
});

stacked.addEventListener("change", () => {
  for (const card of cards.querySelectorAll(".card")) labelImages(card);
});
