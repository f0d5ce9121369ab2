// The keyboard: a key presses the button that names it in aria-keyshortcuts.

const OFF = "diptych-keys-off";

// Whether the keys are on, as this browser remembers it. `storage` returns where, or throws.
export const createKeySwitch = ({ checkbox, storage }) => {
  try {
    checkbox.checked = storage().getItem(OFF) === null;
  } catch {
    // storage is off: shortcuts stay on
  }
  checkbox.addEventListener("change", () => {
    try {
      if (checkbox.checked) storage().removeItem(OFF);
      else storage().setItem(OFF, "1");
    } catch {
      // storage is off: the setting lasts until the page is closed
    }
  });
  return { isOn: () => checkbox.checked };
};

export const isTyping = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

// The visible button of a key.
export const buttonFor = (deck, key) => {
  const name = key.length === 1 ? key.toLowerCase() : key; // upper case if caps lock is on
  const buttons = [...deck.querySelectorAll(`[aria-keyshortcuts~="${CSS.escape(name)}"]`)];
  // On a narrow screen some are in a popover that is closed: their keys work all the same.
  return buttons.find((button) => button.checkVisibility({ visibilityProperty: true }) || button.closest("[popover]"));
};

export const catchKeys = ({ root, deck, switchedOn, help, guideline, flag, zoom, back }) => {
  root.addEventListener("keydown", (event) => {
    const { key, target } = event;
    // Enter or space held down would press the same button for one card after another.
    if (event.repeat && target.closest?.("#deck button, #tools button")) event.preventDefault();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.isOpen()) return;
    if (key === "Escape" && flag.isOpen()) flag.close();
    if (isTyping(target) || target.closest("[data-flag] form")) return;
    if (switchedOn() && zoom.key(event)) {
      event.preventDefault();
      return;
    }
    if (event.repeat) return;
    if (key === "Escape" && guideline.isOpen()) guideline.close();
    if (!switchedOn()) return;
    // In a focused text that scrolls, the arrow keys scroll it.
    if (key.startsWith("Arrow") && target.closest("[type=radio], [role=region], .prompt[tabindex]")) return;
    const button = key === "Backspace" ? null : buttonFor(deck, key);
    if (button || (key === "Backspace" && back())) event.preventDefault();
    button?.click();
  });
};
