import { createKeySettings } from "../../../static/js/annotate/key_settings.js";
import { createKeymap } from "../../../static/js/annotate/keymap.js";
import { equal, page, test, until } from "./harness.js";

const SHORTCUTS = [
  { name: "left", label: "Left is better", maps: { standard: ["Digit1"], left_hand: ["KeyA"] } },
  { name: "skip", label: "Skip", maps: { standard: ["KeyS"], left_hand: ["KeyE"] } },
];

const make = ({ problem = "", values = { key_map: "standard", own_keys: {} } } = {}) => {
  page(`<dialog><select data-key-map><option value="standard">Standard</option><option value="left_hand">Left</option></select>
    <button data-reset-keys>Reset</button><p data-key-message></p>
    <button data-change-key="left">Change</button><button data-change-key="skip">Change</button></dialog>`);
  const saved = [];
  const keymap = createKeymap({ shortcuts: SHORTCUTS, map: "standard", own: {} });
  const dialog = document.querySelector("dialog");
  createKeySettings({
    dialog,
    shortcuts: SHORTCUTS,
    keymap,
    labels: { learn: () => {} },
    values,
    save: async (change) => {
      saved.push(change);
      return problem;
    },
    onChange: () => {},
  });
  dialog.showModal();
  const press = (code) => {
    const event = new KeyboardEvent("keydown", { code, key: "x", bubbles: true, cancelable: true });
    document.querySelector("[data-change-key]").dispatchEvent(event);
    return event.defaultPrevented;
  };
  const said = () => document.querySelector("[data-key-message]").textContent;
  return { keymap, saved, press, said, change: (name) => document.querySelector(`[data-change-key=${name}]`).click() };
};

test("an action gets the key that is pressed next", () => {
  const { keymap, saved, press, change } = make();
  equal(press("KeyK"), false);
  change("left");
  equal(press("KeyK"), true);
  equal([keymap.codesOf("left"), saved], [["KeyK"], [{ key_map: "standard", own_keys: { left: "KeyK" } }]]);
  equal(document.querySelector("[data-reset-keys]").hidden, false);
});

test("a key that did something else does it no more, and that is said", () => {
  const { keymap, saved, press, said, change } = make();
  change("left");
  press("KeyS");
  equal([keymap.codesOf("left"), keymap.codesOf("skip"), said()], [["KeyS"], [], "Kept. “Skip” has no key now."]);
  change("skip");
  press("KeyS");
  equal(saved.at(-1).own_keys, { skip: "KeyS" });
});

test("keys that the page needs are not given away, and Escape changes nothing", () => {
  const { saved, press, said, change } = make();
  change("left");
  press("Tab");
  equal([saved, said()], [[], "This key is needed to move on the page. Press another one."]);
  equal(press("Escape"), true);
  equal([press("KeyK"), saved], [false, []]);
});

test("another map takes the place of all", () => {
  const { keymap, saved } = make({ values: { key_map: "standard", own_keys: { left: "KeyK" } } });
  equal(keymap.codesOf("left"), ["KeyK"]);
  const select = document.querySelector("select");
  select.value = "left_hand";
  select.dispatchEvent(new Event("change"));
  equal([keymap.codesOf("left"), saved], [["KeyA"], [{ key_map: "left_hand", own_keys: {} }]]);
});

test("what could not be kept is said, and holds for now", async () => {
  const { keymap, press, said, change } = make({ problem: "Can't reach the server." });
  change("left");
  press("KeyK");
  await until(() => said() === "Can't reach the server.");
  equal(keymap.codesOf("left"), ["KeyK"]);
});
