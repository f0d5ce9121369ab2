// The prompt of a card: folded where it is longer than its lines, and unfolded by "more" or its key.

const titleOf = (card) => card.querySelector(".prompt h1");

// Whether the prompt was seen whole: "whole" if it never was folded, or "folded" or "unfolded".
export const promptState = (card) => {
  if (card.dataset.unfolded !== undefined) return "unfolded";
  return card.classList.contains("folded") ? "folded" : "whole";
};

// `words` are those of the button. `onChange` is called with a card whose prompt takes another room now.
export const createPrompt = ({ words, isAlwaysUnfolded = () => false, onChange = () => {} }) => {
  const draw = (card, isUnfolded) => {
    card.classList.toggle("unfolded", isUnfolded);
    if (isUnfolded) card.classList.remove("folded");
    const button = card.querySelector(".more");
    button.querySelector(".more-words").textContent = isUnfolded ? words.less : words.more;
    button.setAttribute("aria-expanded", String(isUnfolded));
    const title = titleOf(card);
    if (isUnfolded) title.tabIndex = 0;
    else title.tabIndex = -1;
  };

  const unfold = (card) => {
    draw(card, true);
    card.dataset.unfolded = "";
    onChange(card);
  };

  // Folds what is too long for its lines, on a card that is laid out.
  const measure = (card) => {
    if (card.classList.contains("unfolded")) return;
    const title = titleOf(card);
    const isLong = title.scrollHeight > title.clientHeight + 2;
    card.classList.toggle("folded", isLong);
    if (isLong && isAlwaysUnfolded()) unfold(card);
  };

  const toggle = (card) => {
    if (card.classList.contains("unfolded")) {
      draw(card, false);
      measure(card);
      onChange(card);
    } else if (card.classList.contains("folded")) unfold(card);
  };

  return { measure, toggle };
};
