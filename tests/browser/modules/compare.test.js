import { createCompare } from "../../../static/js/annotate/compare.js";
import { cardHtml, equal, page, test, until } from "./harness.js";

const make = (state = "open") => {
  page(`${cardHtml()}<button data-view="flicker"></button><output></output>`);
  const card = document.querySelector(".card");
  card.dataset.state = state;
  Object.assign(card.querySelector(".pair").style, { width: "400px", height: "300px" });
  const seen = [];
  const compare = createCompare({
    current: () => card,
    buttons: { flicker: document.querySelector("button") },
    label: document.querySelector("output"),
    nameOf: (view, at) => `${view} ${at}`,
    onView: (view) => seen.push(view),
    onDraw: () => {},
    announce: () => {},
  });
  const onTop = () => [...document.querySelectorAll(".over img")].map((image) => !image.classList.contains("under"));
  const label = () => document.querySelector("output").textContent;
  return { compare, seen, onTop, label };
};

test("flicker shows the images in turn, in one place", async () => {
  const { compare, seen, onTop } = make();
  compare.open("flicker");
  equal([compare.view(), seen, onTop()], ["flicker", ["flicker"], [true, false]]);
  equal(document.querySelector("button").getAttribute("aria-pressed"), "true");
  const places = [...document.querySelectorAll(".over img")].map(({ style }) => [
    style.left,
    style.top,
    style.width,
    style.height,
  ]);
  equal(places[0], places[1]);
  await until(() => onTop()[1] && !onTop()[0]);
  await until(() => onTop()[0] && !onTop()[1]);

  compare.close();
  equal([compare.isOpen(), document.querySelectorAll(".over").length], [false, 0]);
  equal(document.querySelector("button").getAttribute("aria-pressed"), "false");
});

test("one image, then the other, then the pair again", () => {
  const { compare, onTop, label } = make();
  compare.toggle("one_image");
  equal([onTop(), label()], [[true, false], "one_image 0"]);
  compare.toggle("one_image");
  equal([onTop(), label()], [[false, true], "one_image 1"]);
  compare.toggle("one_image");
  equal([compare.isOpen(), label()], [false, ""]);
});

test("the difference has both images on each other", () => {
  const { compare, onTop } = make();
  compare.open("flicker");
  compare.open("difference");
  equal([onTop(), document.querySelectorAll(".over").length], [[true, true], 1]);
});

test("there is nothing to compare before both images are there", () => {
  const { compare, seen } = make("loading");
  compare.open("flicker");
  equal([compare.isOpen(), seen], [false, []]);
});
