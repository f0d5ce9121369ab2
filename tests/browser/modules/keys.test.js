import { createKeymap } from "../../../static/js/annotate/keymap.js";
import { buttonFor, catchKeys, createKeySwitch, isTyping } from "../../../static/js/annotate/keys.js";
import { emptyStorage, equal, page, test } from "./harness.js";

const maps = (standard, left = standard) => ({ standard, left_hand: left });
const SHORTCUTS = [
  { name: "left", key: "1", maps: maps(["Digit1", "ArrowLeft"], ["KeyA"]) },
  { name: "both_good", key: "3", maps: maps(["Digit3", "ArrowUp"]) },
  { name: "skip", key: "s", maps: maps(["KeyS"], ["KeyE"]) },
  { name: "undo", key: "u", maps: maps(["KeyU", "Backspace"]) },
  { name: "zoom", key: "z", maps: maps(["KeyZ"], ["KeyQ"]) },
];
const FITS = { scrollHeight: 600, clientHeight: 600, scrollWidth: 800, clientWidth: 800 };

const make = ({ isOn = true, isHelpOpen = false, map = "standard", screen = FITS } = {}) => {
  page(`<div id="root"><div id="deck"><button aria-keyshortcuts="1 ArrowLeft">left</button>
    <button aria-keyshortcuts="3 ArrowUp">good</button><button aria-keyshortcuts="s" hidden>skip</button>
    <button aria-keyshortcuts="u Backspace">undo</button>
    <form><input type="text"><input type="radio"><button type="submit">save</button></form></div></div>`);
  const log = [];
  const [root, deck] = ["root", "deck"].map((id) => document.getElementById(id));
  deck.addEventListener("click", ({ target }) => log.push(target.textContent));
  deck.addEventListener("submit", (event) => event.preventDefault());
  const keymap = createKeymap({ shortcuts: SHORTCUTS, map, own: {} });
  catchKeys({
    root,
    deck,
    page: screen,
    keymap,
    labels: { learn: () => {} },
    switchedOn: () => isOn,
    help: { isOpen: () => isHelpOpen },
    guideline: { isOpen: () => true, close: () => log.push("guideline closed") },
    flag: { isOpen: () => false },
    view: { key: ({ key, code }) => (key === "+" || code === "KeyZ") && log.push("zoom") > 0 },
  });
  const press = (code, { target = root, key = code, ...options } = {}) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true, ...options }));
  return { deck, keymap, log, press, field: deck.querySelector("input"), radio: deck.querySelectorAll("input")[1] };
};

test("a key presses the visible button of its action", () => {
  const { deck, log, press } = make();
  for (const code of ["Digit1", "ArrowLeft", "KeyS", "KeyX"]) press(code);
  equal(log, ["left", "left"]);
  equal(buttonFor(deck, SHORTCUTS[2]) ?? null, null);
});

test("keys that are held, typed, or go with another key press nothing", () => {
  const { log, press, field, radio } = make();
  press("Digit1", { target: field });
  for (const options of [{ repeat: true }, { ctrlKey: true }, { altKey: true }, { metaKey: true }]) press("Digit1", options);
  press("ArrowLeft", { target: radio });
  equal(log, []);
});

test("arrows vote only where they cannot scroll the page", () => {
  const high = make({ screen: { ...FITS, scrollHeight: 900 } });
  for (const code of ["ArrowUp", "ArrowLeft", "Digit3"]) high.press(code);
  equal(high.log, ["left", "good"]);
  const wide = make({ screen: { ...FITS, scrollWidth: 900 } });
  for (const code of ["ArrowUp", "ArrowLeft"]) wide.press(code);
  equal(wide.log, ["good"]);
});

test("Backspace is undo", () => {
  const { log, press } = make();
  press("Backspace");
  press("KeyU");
  equal(log, ["undo", "undo"]);
});

test("Escape closes the guideline, and plus zooms", () => {
  const { log, press } = make();
  press("Escape");
  press("Equal", { key: "+" });
  equal(log, ["guideline closed", "zoom"]);
});

test("the keys of the view are known by their standard places, in each map", () => {
  const { log, press } = make({ map: "left_hand" });
  for (const code of ["KeyQ", "KeyZ", "KeyA"]) press(code);
  equal(log, ["zoom", "left"]);
});

test("Ctrl and Enter send what was typed, Escape leaves the field", () => {
  const { log, press, field } = make();
  field.focus();
  press("Enter", { target: field, ctrlKey: true, key: "Enter" });
  press("Escape", { target: field, key: "Escape" });
  equal([log, document.activeElement === field], [[], false]);
});

test("nothing is pressed while the help is open or the keys are off", () => {
  for (const options of [{ isOn: false }, { isHelpOpen: true }]) {
    const { log, press } = make(options);
    press("Digit1");
    press("Equal", { key: "+" });
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
