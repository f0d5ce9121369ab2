import { idOf, loadAgain, loadImages, makeCard, promptOf, slotsOf } from "../../../static/js/annotate/cards.js";
import { BLANK, BROKEN, cardHtml, equal, page, picture, test } from "./harness.js";

test("a card is made from data, and text stays text", () => {
  const blank = page(BLANK).querySelector(".card");
  const sides = ["b", "a"].map((slot) => ({ slot, address: `/images/${slot}/`, width: 10, height: 20, sizes: "50vw" }));

  const card = makeCard(blank, { assignment: 12, prompt: "<b>cats</b>", language: "de", earlier: "overall:a", sides });

  equal([idOf(card), promptOf(card), slotsOf(card)], ["12", "<b>cats</b>", ["b", "a"]]);
  equal(card.querySelector("h1").lang, "de");
  equal(card.dataset.earlier, "overall:a");
  equal(
    [...card.querySelectorAll("img")].map((image) => [image.getAttribute("src"), image.width]),
    [
      ["/images/b/640/", 10],
      ["/images/a/640/", 10],
    ],
  );
});

test("a card is laid out before its images have addresses", () => {
  const blank = page(BLANK).querySelector(".card");
  const side = { slot: "a", address: "/images/a/", width: 10, height: 20, sizes: "50vw" };
  const seen = [];
  makeCard(blank, { assignment: 1, prompt: "", sides: [side, side] }, (card) => {
    seen.push(...[...card.querySelectorAll("img")].map((image) => [image.width, image.getAttribute("src")]));
  });
  equal(seen, [
    [10, "address/640/"],
    [10, "address/640/"],
  ]);
});

test("a card is open once both images are there, and broken if one is not to be had", async () => {
  const card = page(cardHtml({ images: [picture(10, 10), BROKEN] })).querySelector(".card");
  const loaded = loadImages(card);
  equal(card.dataset.state, "loading");
  await loaded;
  equal(card.dataset.state, "broken");

  card.querySelectorAll("img")[1].src = picture(10, 10);
  loadAgain(card);
  await loadImages(card);
  equal(card.dataset.state, "open");
});
