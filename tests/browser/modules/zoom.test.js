import { createZoom, offset, relativeScale } from "../../../static/js/annotate/zoom.js";
import { cardHtml, equal, page, test } from "./harness.js";

const make = () => {
  page(`<div id="cards">${cardHtml()}</div><button>Zoom</button><output></output>`);
  Object.assign(document.querySelector(".pair").style, { display: "grid", gridTemplateColumns: "200px 200px" });
  for (const box of document.querySelectorAll(".box")) Object.assign(box.style, { height: "150px", width: "200px" });
  const card = document.querySelector(".card");
  card.dataset.state = "open";
  const [said, used, kept] = [[], [], { now: false }];
  const zoom = createZoom({
    cards: document.getElementById("cards"),
    button: document.querySelector("button"),
    scale: document.querySelector("output"),
    current: () => card,
    announce: () => said.push("zoomed"),
    onZoom: (factor) => used.push(factor),
    isKept: () => kept.now,
  });
  const press = (key, options = {}) => zoom.key(new KeyboardEvent("keydown", { key, ...options }));
  const isOn = () => document.querySelector("button").getAttribute("aria-pressed") === "true";
  return { zoom, card, said, used, kept, press, isOn };
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

test("an image stays within its place: it is in the middle, or its edges are at the edges", () => {
  equal([offset(0.5, 100, 300), offset(0, 600, 300), offset(1, 600, 300), offset(0.5, 600, 300)], [100, 0, -300, -150]);
});

test("actual pixels are one pixel of the image for one of the screen, whatever room there is", () => {
  equal(relativeScale({ unit: "fit", factor: 2 }, 400, 1000), 2);
  equal(relativeScale({ unit: "actual", factor: 1 }, 400, 1000), 2.5);
  const { zoom, card, used } = make();
  zoom.toggleActual();
  const scale = 40 / window.devicePixelRatio / 200; // images of 40 pixels in boxes of 200
  equal(card.querySelector("img").style.transform.includes(`scale(${scale})`), true);
  equal([document.querySelector("output").textContent, used[0]], ["100 %", scale]);
  zoom.toggleActual();
  equal(zoom.isOn(), false);
});

test("the next card is enlarged as the one before, if that is wished", () => {
  const { zoom, kept, press } = make();
  press("+");
  kept.now = true;
  zoom.leaveCard();
  zoom.showCard();
  equal(zoom.isOn(), true);
  kept.now = false;
  zoom.leaveCard();
  equal(zoom.isOn(), false);
});
