import { createZoom } from "../../../static/js/annotate/zoom.js";
import { cardHtml, equal, page, test } from "./harness.js";

const make = () => {
  page(`<div id="cards">${cardHtml()}</div><button>Zoom</button>`);
  const card = document.querySelector(".card");
  card.dataset.state = "open";
  const said = [];
  const zoom = createZoom({
    cards: document.getElementById("cards"),
    button: document.querySelector("button"),
    current: () => card,
    announce: (text) => said.push(text),
  });
  const press = (key, options = {}) => zoom.key(new KeyboardEvent("keydown", { key, ...options }));
  const isOn = () => document.querySelector("button").getAttribute("aria-pressed") === "true";
  return { zoom, card, said, press, isOn };
};

test("plus zooms both images, minus leads back", () => {
  const { card, said, press, isOn } = make();
  equal([press("+"), isOn(), said.length], [true, true, 1]);
  equal(
    [...card.querySelectorAll(".box > img:first-child")].map((image) => image.style.transform.includes("scale(1.4)")),
    [true, true],
  );
  equal([press("-"), isOn()], [true, false]);
});

test("keys that do not zoom are left to others", () => {
  const { press } = make();
  equal(
    [press("1"), press("-"), press("Escape"), press("ArrowLeft"), press("ArrowLeft", { shiftKey: true })],
    [false, false, false, false, false],
  );
});

test("the next card is shown whole", () => {
  const { zoom, press, isOn } = make();
  press("+");
  zoom.leave();
  equal([isOn(), document.querySelector("img").style.transform], [false, ""]);
});
