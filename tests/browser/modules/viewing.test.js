import { createViewing } from "../../../static/js/annotate/viewing.js";
import { cardHtml, equal, page, test } from "./harness.js";

test("it says how a pair was seen, and begins anew with each", () => {
  page(cardHtml());
  const card = document.querySelector(".card");
  for (const image of card.querySelectorAll("img")) Object.assign(image.style, { width: "40px", height: "30px" });
  const viewing = createViewing({ ground: () => "black" });
  viewing.start();
  viewing.noteZoom(3.54321);
  viewing.noteZoom(2);
  viewing.noteView("flicker");
  viewing.noteView("flicker");
  card.classList.add("stacked", "folded");

  const { density, ...seen } = viewing.conditionsOf(card, "swipe");
  equal(density, window.devicePixelRatio);
  equal(seen, {
    input: "swipe",
    prompt: "folded",
    layout: "stacked",
    left: [40, 30],
    right: [40, 30],
    zoom: 3.54,
    views: ["flicker"],
    ground: "black",
    language: document.documentElement.lang,
  });

  viewing.start();
  card.className = "card";
  card.dataset.unfolded = "";
  const { prompt, layout, zoom, views } = viewing.conditionsOf(card, "keys");
  equal([prompt, layout, zoom, views], ["unfolded", "side_by_side", 1, []]);
});
