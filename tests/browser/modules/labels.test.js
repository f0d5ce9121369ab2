import { createLabels } from "../../../static/js/annotate/labels.js";
import { equal, test } from "./harness.js";

const make = (keyboard) => {
  const log = [];
  const labels = createLabels({ keyboard, onChange: () => log.push("changed") });
  return { labels, log };
};

test("a keyboard is for English until more is known", () => {
  const { labels } = make();
  equal(["Digit1", "KeyS", "ArrowLeft", "Backspace", "Numpad4"].map(labels.labelOf), ["1", "s", "←", "⌫", "4"]);
});

test("the browser says what this keyboard has", async () => {
  const { labels, log } = make({
    getLayoutMap: async () =>
      new Map([
        ["Digit1", "&"],
        ["KeyQ", "a"],
      ]),
  });
  await labels.read();
  equal([labels.labelOf("Digit1"), labels.labelOf("KeyQ"), labels.labelOf("KeyS"), log], ["&", "a", "s", ["changed"]]);
});

test("a browser that says nothing is no error", async () => {
  const { labels, log } = make({ getLayoutMap: () => Promise.reject(new Error("not here")) });
  await labels.read();
  equal([labels.labelOf("KeyS"), log], ["s", []]);
});

test("otherwise labels are learnt from the keys that are pressed", () => {
  const { labels, log } = make();
  labels.learn({ code: "Digit1", key: "&" });
  labels.learn({ code: "Digit1", key: "&" });
  labels.learn({ code: "KeyS", key: "S" }); // caps lock
  labels.learn({ code: "Digit2", key: "2", shiftKey: true });
  labels.learn({ code: "Enter", key: "Enter" });
  equal([labels.labelOf("Digit1"), labels.labelOf("KeyS"), labels.labelOf("Digit2"), log], ["&", "s", "2", ["changed"]]);
});
