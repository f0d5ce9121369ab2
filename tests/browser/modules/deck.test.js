import { createDeck } from "../../../static/js/annotate/deck.js";
import { BROKEN, cardHtml, equal, page, picture, test, until } from "./harness.js";

const make = (html, { isStacked = false } = {}) => {
  page(`<div id="deck"><div id="cards">${html}</div><div id="controls" hidden></div></div>
    <p id="waiting" hidden></p><p id="broken" hidden></p><p id="now"></p>`);
  const elements = Object.fromEntries(
    ["deck", "cards", "controls", "waiting", "broken", "now"].map((id) => [id, document.getElementById(id)]),
  );
  const log = [];
  const deck = createDeck({
    elements,
    isStacked: () => isStacked,
    onPrepare: (card) => log.push(`prepare ${card.dataset.assignment}`),
    onLeave: () => log.push("leave"),
    onShow: (card) => log.push(`show ${card.dataset.assignment}`),
    onState: (isOpen) => log.push(isOpen ? "open" : "closed"),
  });
  return { deck, elements, log };
};

test("a card can be judged once its images are there", async () => {
  const { deck, elements, log } = make(cardHtml({ id: 5 }));
  deck.prepare(deck.next());
  deck.show(deck.next());
  equal([deck.isOpen(), elements.deck.dataset.state, elements.controls.hidden], [false, "loading", false]);
  await until(deck.isOpen);

  equal(log, ["prepare 5", "leave", "show 5", "closed", "open"]);
  equal(elements.now.textContent, "Next pair: two cats. Left and right image.");
});

test("a card whose image does not load says so", async () => {
  const { deck, elements } = make(cardHtml({ images: [picture(9, 9), BROKEN] }));
  deck.show(deck.next());
  await deck.prepare(deck.next());
  equal([deck.isOpen(), elements.broken.hidden], [false, false]);
});

test("cards that are gone are not shown again", () => {
  const { deck } = make(cardHtml({ id: 1 }) + cardHtml({ id: 2 }));
  deck.next().classList.add("gone");
  deck.show(deck.next());
  equal(deck.current.dataset.assignment, "2");
  equal(document.querySelectorAll(".current").length, 1);
});

test("without a card it waits, unless there is a reason for none", () => {
  const { deck, elements } = make("");
  deck.show(null);
  equal(elements.waiting.hidden, false);

  elements.cards.innerHTML = '<article class="state"><h1 tabindex="-1">All done</h1></article>';
  deck.show(null);
  equal([elements.waiting.hidden, elements.controls.className, document.activeElement.textContent], [true, "away", "All done"]);
});

test("a card that was judged comes back before the others, with its answer", async () => {
  const { deck } = make(cardHtml({ id: 1 }) + cardHtml({ id: 2 }));
  const first = deck.next();
  first.classList.add("gone");
  deck.show(deck.next());

  deck.restore(first, { overall: "a", beauty: "b" });

  equal(deck.current === first && deck.next() === first, true);
  equal(first.dataset.earlier, "overall:a beauty:b");
  await until(deck.isOpen);
});
