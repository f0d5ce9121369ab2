// In the help: which map of keys somebody uses, and keys of their own. Kept with the account.

import { codeOf } from "./keymap.js";
import { gettext, interpolate } from "./words.js";

// Keys that leave or walk through the page; what else is allowed, the server says.
const FIXED = new Set(["Escape", "Tab", "Enter", "Space", "ShiftLeft", "ShiftRight", "CapsLock"]);

// `values` has `key_map` and `own_keys`; `save` stores a change of them and resolves with "" or why it was not stored.
export const createKeySettings = ({ dialog, shortcuts, keymap, labels, values, save, onChange }) => {
  const select = dialog.querySelector("[data-key-map]");
  const line = dialog.querySelector("[data-key-message]");
  const reset = dialog.querySelector("[data-reset-keys]");
  let { key_map: map, own_keys: own } = values;
  let waiting = null; // the button of the action that gets another key

  const say = (text) => {
    line.textContent = text;
  };

  const use = () => {
    keymap.use(map, own);
    select.value = map;
    reset.hidden = !Object.keys(own).length;
    onChange();
  };

  const change = async (newMap, newOwn, text) => {
    [map, own] = [newMap, newOwn];
    use();
    say(text);
    const problem = await save({ key_map: map, own_keys: own });
    if (problem) say(problem);
  };

  const stop = () => {
    waiting?.removeAttribute("aria-pressed");
    waiting = null;
  };

  select.addEventListener("change", () => change(select.value, {}, ""));
  reset.addEventListener("click", () => change(map, {}, gettext("Your own keys are gone.")));
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("[data-change-key]");
    if (!button) return;
    stop();
    waiting = button;
    button.setAttribute("aria-pressed", "true");
    say(gettext("Press a key, or Escape."));
  });
  dialog.addEventListener("close", stop);

  // Before the dialog closes on Escape, and before Space or Enter press the button again.
  dialog.addEventListener(
    "keydown",
    (event) => {
      if (!waiting || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const code = codeOf(event);
      if (event.repeat || code.startsWith("Shift")) return;
      if (code === "Escape") {
        stop();
        say("");
        return;
      }
      if (FIXED.has(code)) {
        say(gettext("This key is needed to move on the page. Press another one."));
        return;
      }
      const name = waiting.dataset.changeKey;
      labels.learn(event);
      const before = shortcuts.find((shortcut) => shortcut.name !== name && keymap.codesOf(shortcut.name).includes(code));
      const others = Object.entries(own).filter(([other, key]) => other !== name && key !== code);
      stop();
      const lost = before && keymap.codesOf(before.name).length === 1;
      change(
        map,
        { ...Object.fromEntries(others), [name]: code },
        lost ? interpolate(gettext("Kept. “%(action)s” has no key now."), { action: before.label }) : gettext("Kept."),
      );
    },
    true,
  );

  use();
};
