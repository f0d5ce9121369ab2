import { createPrompt, promptState } from "../../../static/js/annotate/prompt.js";
import { equal, page, test } from "./harness.js";

const make = (text, options = {}) => {
  page(
    `<article class="card"><div class="prompt"><h1>${text}</h1><button class="more"><span class="more-words"></span></button></div></article>`,
  );
  const title = document.querySelector("h1");
  Object.assign(title.style, { maxHeight: "3em", lineHeight: "1em", overflow: "hidden", width: "200px", whiteSpace: "pre-line" });
  const card = document.querySelector(".card");
  const prompt = createPrompt({ words: { more: "more", less: "less" }, ...options });
  prompt.measure(card);
  return { card, prompt, button: document.querySelector(".more") };
};

test("a short prompt is whole", () => {
  const { card, prompt } = make("two cats");
  prompt.toggle(card);
  equal([promptState(card), card.className], ["whole", "card"]);
});

test("a long one is folded until it is unfolded, and that is remembered when it is folded again", () => {
  const { card, prompt, button } = make("a cat and a dog ".repeat(50));
  equal([promptState(card), card.classList.contains("folded")], ["folded", true]);
  prompt.toggle(card);
  equal([promptState(card), button.textContent, button.getAttribute("aria-expanded")], ["unfolded", "less", "true"]);
  prompt.toggle(card);
  equal([promptState(card), card.classList.contains("folded"), button.textContent], ["unfolded", true, "more"]);
});

test("newlines count as lines", () => {
  equal(promptState(make("a\nb\nc\nd\ne\nf\ng").card), "folded");
});

test("whoever wants it sees long ones in full at once", () => {
  const { card } = make("a cat and a dog ".repeat(50), { isAlwaysUnfolded: () => true });
  equal([promptState(card), card.classList.contains("unfolded")], ["unfolded", true]);
});
