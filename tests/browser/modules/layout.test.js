import { arrange, createLayout, fit, isStacked } from "../../../static/js/annotate/layout.js";
import { cardHtml, equal, page, test, until } from "./harness.js";

const square = { width: 1024, height: 1024 };
const panorama = { width: 4000, height: 1000 };
const portrait = { width: 900, height: 1600 };
const ways = (room, image) => arrange(room, [image, image], 8).isStacked;

test("an image is as large as its place allows", () => {
  equal(fit({ width: 200, height: 100 }, { width: 1000, height: 1000 }), { width: 100, height: 100 });
  equal(fit({ width: 200, height: 500 }, { width: 100, height: 100 }), { width: 200, height: 200 });
});

test("images stand side by side or stacked, whichever shows more of them", () => {
  const [desktop, phone, tablet] = [
    { width: 1350, height: 520 },
    { width: 350, height: 600 },
    { width: 780, height: 1100 },
  ];
  equal(
    [desktop, phone, tablet].map((room) => ways(room, square)),
    [false, true, true],
  );
  equal(
    [desktop, phone, tablet].map((room) => ways(room, panorama)),
    [true, true, true],
  );
  equal(
    [desktop, phone, tablet].map((room) => ways(room, portrait)),
    [false, false, false],
  );
});

test("both boxes are alike, and as small as the larger image", () => {
  const { box, shown } = arrange({ width: 1208, height: 600 }, [square, panorama], 8);
  equal(box, { width: 600, height: 600 });
  equal(shown, [
    { width: 600, height: 600 },
    { width: 600, height: 150 },
  ]);
});

const make = (width, height) => {
  page(cardHtml());
  const card = document.querySelector(".card");
  const pair = card.querySelector(".pair");
  const size = (w, h) =>
    Object.assign(pair.style, { display: "grid", width: `${w}px`, height: `${h}px`, contain: "size", gap: "0px" });
  size(width, height);
  const changed = [];
  const names = { wide: ["Left image", "Right image"], stacked: ["Top image", "Bottom image"] };
  const layout = createLayout({ body: document.body, names, onChange: (one) => changed.push(isStacked(one)) });
  return { layout, card, pair, size, changed };
};

test("a card is laid out, its images are named and fetched as they stand, and anew when its room changes", async () => {
  const { layout, card, size, changed } = make(800, 300);
  layout.watch(card);
  const [left] = card.querySelectorAll("img");
  equal([left.alt, left.sizes, left.style.width, isStacked(card)], ["Left image", "400px", "400px", false]);

  size(400, 1200);
  await until(() => isStacked(card));
  equal([left.alt, left.sizes, changed.at(-1)], ["Top image", "400px", true]);
});

test("the words of the page follow the card that is shown", () => {
  const { layout, card } = make(300, 900);
  layout.watch(card);
  layout.show(card);
  equal([...document.body.classList], ["stacked"]);
  document.body.className = "";
});
