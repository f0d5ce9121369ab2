// The keyboard: a key presses the button of its action.

import { elementsOf } from "./hints.js";
import { codeOf } from "./keymap.js";

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

// The visible button of an action. On a narrow screen some are in a popover that is closed: their keys work all the same.
export const buttonFor = (deck, shortcut) =>
  elementsOf(deck, shortcut).find(
    (button) => button.checkVisibility({ visibilityProperty: true }) || button.closest("[popover]"),
  );

// An arrow that can scroll the page scrolls it, wherever the page is just now: at its end, one more press is no vote.
const scrollsPage = (code, { scrollHeight, clientHeight, scrollWidth, clientWidth }) =>
  /^Arrow(?:Up|Down)$/.test(code) ? scrollHeight > clientHeight : scrollWidth > clientWidth;

// `view` handles the keys of zoom and its like, which do more than press a button;
// `others` are actions by name that work without a button.
export const catchKeys = ({ root, deck, page, keymap, labels, switchedOn, help, guideline, flag, view, others = {} }) => {
  const typed = (event) => {
    const { form } = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && form) {
      event.preventDefault();
      form.requestSubmit(); // what was typed, with no button pressed
    }
    if (event.key === "Escape") event.target.blur();
  };

  root.addEventListener("keydown", (event) => {
    const { key, target } = event;
    // Enter or space held down would press the same button for one card after another.
    if (event.repeat && target.closest?.("button")) event.preventDefault();
    if (event.defaultPrevented || event.isComposing || help.isOpen()) return;
    if (key === "Escape" && flag.isOpen()) {
      flag.close();
      return;
    }
    if (isTyping(target)) {
      typed(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("[data-flag] form")) return;
    const code = codeOf(event);
    const isArrow = code.startsWith("Arrow");
    const shortcut = isArrow && event.shiftKey ? undefined : keymap.actionOf(event);
    if (switchedOn() && !event.repeat) labels.learn(event);
    // The view knows its keys by their standard places.
    const standard = shortcut ? (shortcut.maps.standard[0] ?? code) : keymap.isStandard(code) ? "" : code;
    if (switchedOn() && view.key({ key, code: standard, place: code, shiftKey: event.shiftKey, repeat: event.repeat })) {
      event.preventDefault();
      return;
    }
    if (event.repeat) return;
    if (key === "Escape" && guideline.isOpen()) guideline.close();
    if (!switchedOn() || !shortcut) return;
    // In a focused text that scrolls, the arrow keys scroll it; and so they do with the page.
    if (isArrow && (target.closest("[type=radio], [role=region], .prompt[tabindex]") || scrollsPage(code, page))) return;
    const button = buttonFor(deck, shortcut);
    if (!button && !others[shortcut.name]) return;
    event.preventDefault();
    if (!button) others[shortcut.name]();
    else if (isTyping(button)) button.focus();
    else button.click();
  });
};
