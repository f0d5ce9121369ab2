import { createLookBack } from "../../../static/js/annotate/look_back.js";
import { cardHtml, equal, page, picture, test, until } from "./harness.js";

const words = (label, short) => ({ label, short });
const CHOICES = [
  { name: "left", side: 0, wide: words("Left is better", "Left"), stacked: words("Top is better", "Top") },
  { name: "right", side: 1, wide: words("Right is better", "Right"), stacked: words("Bottom is better", "Bottom") },
  { name: "both_good", side: null, wide: words("Both good", "Both good"), stacked: words("Both good", "Both good") },
];
const older = (assignment, choice) => ({
  assignment,
  prompt: `pair ${assignment}`,
  language: "",
  choices: { overall: choice },
  sides: ["b", "a"].map((slot) => ({ slot, address: picture(4, 3), width: 4, height: 3 })),
});

const make = (pages, acts = []) => {
  page(`<button data-look-back>Look back</button><dialog><p data-place></p><p data-prompt></p><div data-images></div><dl data-answers></dl>
    <button data-older>Older</button><button data-newer>Newer</button><button data-close-look-back>Back</button></dialog>`);
  const holder = document.createElement("div");
  const log = [];
  const done = acts.map(({ verb, answer }, at) => {
    holder.innerHTML = cardHtml({ id: 100 + at, prompt: `act ${at}` });
    return { card: holder.firstChild, verb, answer };
  });
  const dialog = document.querySelector("dialog");
  createLookBack({
    dialog,
    data: { choices: CHOICES, questions: [{ slug: "overall", text: "Better?" }] },
    done,
    isStacked: () => false,
    fetchEarlier: async (before) => {
      log.push(`before ${before}`);
      return pages.shift() ?? null;
    },
    onOpen: () => log.push("open"),
    onClose: () => log.push("close"),
  });
  const text = (name) => dialog.querySelector(`[data-${name}]`).textContent;
  const press = (key) => dialog.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  document.querySelector("[data-look-back]").click();
  return { dialog, text, press, log };
};

test("what was done on this page comes first, then what the server knows", async () => {
  const acts = [
    { verb: "vote", answer: { overall: "a" } },
    { verb: "skip", answer: {} },
  ];
  const { text, press } = make([{ pairs: [older(100, "a"), older(7, "b")], before: "" }], acts);
  equal([text("prompt"), text("answers")], ["act 1", "Skipped"]);
  press("ArrowLeft");
  await until(() => text("prompt") === "act 0");
  equal(text("answers"), "Better?Left is better");
  press("ArrowLeft");
  await until(() => text("prompt") === "pair 7");
  equal([text("answers"), document.querySelector("[data-older]").disabled], ["Better?Left is better", true]);
  press("ArrowRight");
  equal(text("prompt"), "act 0");
});

test("the choice is marked on the image where it stood", async () => {
  const { dialog, text } = make([{ pairs: [older(7, "a")], before: "next" }]);
  await until(() => text("prompt") === "pair 7");
  equal(
    [...dialog.querySelectorAll("img")].map(({ alt, className }) => [alt, className]),
    [
      ["Left image", ""],
      ["Right image, your choice", "chosen"],
    ],
  );
});

test("nothing earlier is said, and so is a server that is not reached", async () => {
  const none = make([{ pairs: [], before: "" }]);
  await until(() => none.text("place") === "No earlier pairs.");
  const away = make([]);
  await until(() => away.text("place") === "Can't reach the server for older pairs.");
});

test("the time of the pair rests while others are looked at", async () => {
  const { dialog, log } = make([{ pairs: [], before: "" }]);
  await until(() => log.length === 2);
  document.querySelector("[data-close-look-back]").click();
  await until(() => !dialog.open && log.length === 3);
  equal(log, ["open", "before ", "close"]);
});
