// Which key does what. Keys are places on the keyboard (`KeyboardEvent.code`), so that they lie alike on every keyboard.

const digitOf = (character) => {
  if (!/^\p{Nd}$/u.test(character)) return "";
  // The digits of a script stand one after the other, from zero on.
  const point = character.codePointAt(0);
  let zero = point;
  while (point - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(point - zero);
};

// The place of a key. Some on-screen keyboards say only what was typed: then it is where a keyboard for English has that.
export const codeOf = ({ code, key }) => {
  if (code && code !== "Unidentified") return code;
  if (/^[a-z]$/i.test(key)) return `Key${key.toUpperCase()}`;
  const digit = digitOf(key);
  return digit ? `Digit${digit}` : key;
};

// `shortcuts` are the server's list; `map` is the name of one of their maps; `own` has a key for each action that somebody
// gave another one. A key that somebody chose does nothing else.
export const createKeymap = ({ shortcuts, map, own }) => {
  let actions = new Map(); // by code
  let codes = new Map(); // by name of the action, the most usual first

  const use = (name, chosen) => {
    const taken = new Set(Object.values(chosen));
    codes = new Map(
      shortcuts.map((shortcut) => {
        const { maps } = shortcut;
        const usual = (maps[name] ?? maps.standard).filter((code) => !taken.has(code));
        return [shortcut.name, chosen[shortcut.name] ? [chosen[shortcut.name]] : usual];
      }),
    );
    actions = new Map(shortcuts.flatMap((shortcut) => codes.get(shortcut.name).map((code) => [code, shortcut])));
  };
  use(map, own);

  const actionOf = (event) =>
    actions.get(codeOf(event)) ??
    shortcuts.find(({ name, character }) => character && character === event.key && !codes.get(name).length);
  const codesOf = (name) => codes.get(name) ?? [];
  const standard = new Set(shortcuts.flatMap(({ maps }) => maps.standard));
  const isStandard = (code) => standard.has(code);

  return { use, actionOf, codesOf, isStandard };
};
