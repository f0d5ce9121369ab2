// The keys that are shown on buttons, in the help, and told to screen readers: those of this person, on this keyboard.

// Elements are found by the standard key that the server named in aria-keyshortcuts, which is kept in data-keys.
const adopt = (root) => {
  for (const element of root.querySelectorAll("[aria-keyshortcuts]:not([data-keys])")) {
    element.dataset.keys = element.getAttribute("aria-keyshortcuts");
  }
};

export const elementsOf = (root, { key }) => [
  ...root.querySelectorAll(`[data-keys~="${CSS.escape(key)}"], [aria-keyshortcuts~="${CSS.escape(key)}"]:not([data-keys])`),
];

const kbd = (text) => Object.assign(document.createElement("kbd"), { textContent: text });

export const createHints = ({ root, shortcuts, keymap, labels }) => {
  // As they are shown: not also the second digits, which not every keyboard has.
  const shownCodes = ({ name }) => keymap.codesOf(name).filter((code) => !code.startsWith("Numpad"));
  const signsOf = (shortcut) => {
    const signs = shownCodes(shortcut).map(labels.labelOf);
    return signs.length || !shortcut.character ? signs : [shortcut.character];
  };
  const namesOf = (shortcut) => {
    const names = shownCodes(shortcut).map((code) => (/^(?:Arrow|Backspace)/.test(code) ? code : labels.labelOf(code)));
    return names.length || !shortcut.character ? names : [shortcut.character];
  };

  const paint = () => {
    adopt(root);
    for (const shortcut of shortcuts) {
      const signs = signsOf(shortcut);
      const elements = elementsOf(root, shortcut);
      for (const element of elements) {
        const names = namesOf(shortcut);
        if (names.length) element.setAttribute("aria-keyshortcuts", names.join(" "));
        else element.removeAttribute("aria-keyshortcuts");
        [...element.querySelectorAll("kbd")].forEach((one, at) => {
          one.textContent = signs[at] ?? "";
          one.hidden = !signs[at];
        });
      }
      const row = root.querySelector(`[data-keys-of="${shortcut.name}"]`);
      if (!row) continue;
      row.closest("[data-shortcut]").hidden = !elements.length; // this campaign has no such button
      row.replaceChildren(...signs.flatMap((sign) => [kbd(sign), " "]));
    }
  };

  return { paint };
};
