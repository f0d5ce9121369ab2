import { buttonFor, catchKeys, createKeySwitch, isTyping } from "../../../static/js/annotate/keys.js";
import { emptyStorage, equal, page, test } from "./harness.js";

const make = ({ isOn = true, isHelpOpen = false } = {}) => {
  page(`<div id="root"><div id="deck"><button aria-keyshortcuts="1 ArrowLeft">Left</button><button aria-keyshortcuts="s" hidden>Skip</button>
    <input type="text"><input type="radio"></div></div>`);
  const log = [];
  const deck = document.getElementById("deck");
  document.querySelector("button").addEventListener("click", () => log.push("left"));
  const root = document.getElementById("root");
  catchKeys({
    root,
    deck,
    switchedOn: () => isOn,
    help: { isOpen: () => isHelpOpen },
    guideline: { isOpen: () => true, close: () => log.push("guideline closed") },
    flag: { isOpen: () => false },
    zoom: { key: ({ key }) => key === "+" && log.push("zoom") > 0 },
    back: () => log.push("back") > 0,
  });
  const press = (key, target = root, options = {}) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));
  return { deck, log, press };
};

test("a key presses its visible button", () => {
  const { deck, log, press } = make();
  for (const key of ["1", "ArrowLeft", "s", "x"]) press(key);
  equal(log, ["left", "left"]);
  equal(buttonFor(deck, "s") ?? null, null);
});

test("keys that are held, typed, or go with another key press nothing", () => {
  const { log, press } = make();
  press("1", document.querySelector("input[type=text]"));
  for (const options of [{ repeat: true }, { ctrlKey: true }, { altKey: true }, { metaKey: true }])
    press("1", undefined, options);
  press("ArrowLeft", document.querySelector("input[type=radio]"));
  equal(log, []);
});

test("Backspace asks the question before, Escape closes the guideline, and plus zooms", () => {
  const { log, press } = make();
  for (const key of ["Backspace", "Escape", "+"]) press(key);
  equal(log, ["back", "guideline closed", "zoom"]);
});

test("nothing is pressed while the help is open or the keys are off", () => {
  for (const options of [{ isOn: false }, { isHelpOpen: true }]) {
    const { log, press } = make(options);
    press("1");
    press("+");
    equal(log, []);
  }
});

test("whether keys are on is remembered", () => {
  const stored = emptyStorage();
  const body = page(`<input type="checkbox" checked>`);
  const first = createKeySwitch({ checkbox: body.firstChild, storage: () => stored });
  equal(first.isOn(), true);
  body.firstChild.click();
  equal([first.isOn(), createKeySwitch({ checkbox: body.firstChild, storage: () => stored }).isOn()], [false, false]);
  body.firstChild.click();
  equal(Object.keys(stored), []);
});

test("a radio is no field to type in", () => {
  page(`<input type="radio"><input type="text"><textarea></textarea><button></button>`);
  equal([...document.body.children].map(isTyping), [false, true, true, false]);
});
