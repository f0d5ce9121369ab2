// What the keys of this keyboard are called. Some browsers say it; from the others it is learnt as keys are pressed.

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫" };
const NAMES = { Backquote: "`", Minus: "-", Equal: "=", Semicolon: ";", Quote: "'", Comma: ",", Period: ".", Slash: "/" };

// As a keyboard for English has it.
const plain = (code) => NAMES[code] ?? code.replace(/^(?:Key|Digit|Numpad|Intl|Bracket)/, "").toLowerCase();

// `keyboard` is that of the browser, or undefined. `onChange` is called when a label is another than it was.
export const createLabels = ({ keyboard, onChange }) => {
  let known = new Map();

  const read = async () => {
    try {
      const layout = await keyboard?.getLayoutMap();
      if (!layout) return;
      known = new Map(layout.entries());
      onChange();
    } catch {
      // not to be had in this browser, or not in this frame
    }
  };

  const learn = ({ code, key, shiftKey, ctrlKey, altKey, metaKey }) => {
    const isPlain =
      code && !code.startsWith("Numpad") && [...key].length === 1 && key !== " " && !(shiftKey || ctrlKey || altKey || metaKey);
    if (!isPlain || labelOf(code) === key || labelOf(code) === key.toLowerCase()) return; // the latter with caps lock
    known.set(code, key);
    onChange();
  };

  const labelOf = (code) => SIGNS[code] ?? known.get(code) ?? plain(code);

  return { read, learn, labelOf };
};
