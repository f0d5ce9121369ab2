import { codeOf, createKeymap } from "../../../static/js/annotate/keymap.js";
import { equal, test } from "./harness.js";

const SHORTCUTS = [
  { name: "left", maps: { standard: ["Digit1", "ArrowLeft"], left_hand: ["KeyA", "Digit1"] }, character: "" },
  { name: "skip", maps: { standard: ["KeyS"], left_hand: ["KeyE"] }, character: "" },
  { name: "help", maps: { standard: [], left_hand: [] }, character: "?" },
];
const make = (map = "standard", own = {}) => createKeymap({ shortcuts: SHORTCUTS, map, own });
const nameOf = (keymap, event) => keymap.actionOf(event)?.name ?? null;

test("a key counts by its place, whatever it types", () => {
  const keymap = make();
  const french = { code: "Digit1", key: "&" };
  const arabic = { code: "Digit1", key: "١" };
  const cyrillic = { code: "KeyS", key: "ы" };
  equal(
    [french, arabic, cyrillic].map((event) => nameOf(keymap, event)),
    ["left", "left", "skip"],
  );
});

test("without a place, digits of every script and Latin letters count by what they type", () => {
  equal([{ key: "1" }, { key: "١" }, { key: "۱" }, { key: "१" }, { key: "1", code: "Unidentified" }].map(codeOf), [
    "Digit1",
    "Digit1",
    "Digit1",
    "Digit1",
    "Digit1",
  ]);
  equal([codeOf({ key: "s" }), codeOf({ key: "S" }), codeOf({ key: "ArrowLeft" })], ["KeyS", "KeyS", "ArrowLeft"]);
});

test("the map for the left hand", () => {
  const keymap = make("left_hand");
  equal(
    ["KeyA", "KeyE", "KeyS"].map((code) => nameOf(keymap, { code })),
    ["left", "skip", null],
  );
});

test("a key of somebody's own does that alone", () => {
  const keymap = make("standard", { left: "KeyS" });
  equal(
    ["KeyS", "Digit1", "ArrowLeft"].map((code) => nameOf(keymap, { code })),
    ["left", null, null],
  );
  equal([keymap.codesOf("left"), keymap.codesOf("skip")], [["KeyS"], []]);
  keymap.use("standard", {});
  equal(nameOf(keymap, { code: "KeyS" }), "skip");
});

test("the help is where its character is typed, unless somebody gave it a key", () => {
  equal(nameOf(make(), { code: "KeyM", key: "?" }), "help");
  equal(nameOf(make("standard", { help: "KeyH" }), { code: "KeyM", key: "?" }), null);
});

test("the standard places are known", () => {
  const keymap = make("left_hand");
  equal([keymap.isStandard("KeyS"), keymap.isStandard("KeyA")], [true, false]);
});
