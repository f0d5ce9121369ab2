import { createHints, elementsOf } from "../../../static/js/annotate/hints.js";
import { equal, page, test } from "./harness.js";

const LEFT = { name: "left", key: "1", character: "" };
const HELP = { name: "help", key: "?", character: "?" };
const COMMENT = { name: "comment", key: "c", character: "" };

const make = () => {
  const body = page(`<button aria-keyshortcuts="1 ArrowLeft"><kbd>1</kbd><kbd>←</kbd></button>
    <button aria-keyshortcuts="?"><kbd>?</kbd></button>
    <div data-shortcut><dd><span data-keys-of="left"></span></dd></div>
    <div data-shortcut id="comment-row"><dd><span data-keys-of="comment"></span></dd></div>`);
  const codes = { left: ["Digit1", "ArrowLeft", "Numpad1"], help: [], comment: ["KeyC"] };
  const names = { Digit1: "&", ArrowLeft: "←", KeyA: "q", KeyC: "c" };
  const hints = createHints({
    root: body,
    shortcuts: [LEFT, HELP, COMMENT],
    keymap: { codesOf: (name) => codes[name] },
    labels: { labelOf: (code) => names[code] },
  });
  const button = document.querySelector("button");
  const kbds = () => [...button.querySelectorAll("kbd")].filter((one) => !one.hidden).map((one) => one.textContent);
  return { body, hints, codes, button, kbds };
};

test("buttons show the keys of this keyboard, and screen readers hear them", () => {
  const { hints, button, kbds } = make();
  hints.paint();
  equal([kbds(), button.getAttribute("aria-keyshortcuts")], [["&", "←"], "& ArrowLeft"]);
  equal(document.querySelector("[data-keys-of=left]").textContent.trim(), "& ←");
  equal(document.querySelectorAll("button")[1].getAttribute("aria-keyshortcuts"), "?");
});

test("another map shows its keys, and the button is still found", () => {
  const { body, hints, codes, button, kbds } = make();
  hints.paint();
  codes.left = ["KeyA"];
  hints.paint();
  equal([kbds(), button.getAttribute("aria-keyshortcuts")], [["q"], "q"]);
  equal(elementsOf(body, LEFT).length, 1);
  codes.left = [];
  hints.paint();
  equal([kbds(), button.getAttribute("aria-keyshortcuts")], [[], null]);
  equal(elementsOf(body, LEFT).length, 1);
});

test("the help leaves out what this campaign does not have", () => {
  const { hints } = make();
  hints.paint();
  equal(
    [...document.querySelectorAll("[data-shortcut]")].map((row) => row.hidden),
    [false, true],
  );
});
