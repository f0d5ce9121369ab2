// The form with the question, the buttons of its choices, the steps of several questions, and the comment.

import { idOf, slotsOf } from "./cards.js";
import { wordsOf } from "./page_data.js";
import { createAnswers, fieldsOf } from "./questions.js";

// `onAsk` is called when another question of the same pair is asked; `drafts` keep what was typed and answered.
export const createQuestionForm = ({ form, data, isStacked, announce, drafts, onAsk = () => {} }) => {
  const { questions, choices } = data;
  const answers = createAnswers(questions);
  const buttons = [...form.querySelectorAll("button.choice")];
  const steps = [...form.querySelectorAll(".step")]; // none if the campaign has one question
  const title = form.querySelector("#question-text");
  const { comment } = form.elements;
  let card = null;

  const choiceOf = (button) => choices.find(({ name }) => name === button.dataset.choice);
  const labelOf = (slot) => {
    const button = buttons.find(({ value }) => value === slot);
    return button ? wordsOf(choiceOf(button), isStacked(card)).short : "";
  };

  const draw = () => {
    const { slug, text, choices: allowed } = questions[answers.index];
    const earlier = (card.dataset.earlier ?? "").split(" ").find((word) => word.startsWith(`${slug}:`));
    for (const button of buttons) {
      button.classList.toggle("absent", !allowed.includes(button.value));
      button.toggleAttribute("data-earlier", earlier === `${slug}:${button.value}`);
    }
    if (!steps.length) return;
    title.textContent = text;
    steps.forEach((step, at) => {
      if (at === answers.index) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
      step.querySelector(".step-answer").textContent = labelOf(answers.chosen[questions[at].slug]);
    });
    if (answers.index > 0) announce(text);
  };

  const showCard = (shown) => {
    card = shown;
    const slots = slotsOf(card);
    for (const button of buttons) {
      const { side } = choiceOf(button);
      if (side !== null) button.value = slots[side];
    }
    const draft = drafts.get(idOf(card));
    answers.goOnWith(draft.chosen ?? {});
    if (comment) comment.value = draft.comment ?? card.dataset.comment ?? "";
    draw();
  };

  // Not `disabled`, because that would move the focus away.
  const unlock = (isOpen) => {
    for (const button of buttons) {
      if (isOpen) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
  };

  // Returns the fields of the vote after the last question, or null.
  const choose = (choice) => {
    if (!answers.choose(choice)) return null;
    if (!answers.isComplete) {
      keep();
      draw();
      onAsk();
      return null;
    }
    const fields = fieldsOf(questions, answers.chosen);
    if (comment?.value.trim()) fields.comment = card.dataset.comment = comment.value;
    return fields;
  };

  const ask = (index) => {
    answers.ask(index);
    draw();
    onAsk();
  };

  // Returns whether there was a question before.
  const back = () => {
    const isBack = answers.back();
    if (isBack) {
      keep();
      draw();
      onAsk();
    }
    return isBack;
  };

  const keep = () => drafts.set(idOf(card), { chosen: { ...answers.chosen } });
  comment?.addEventListener("input", () => card && drafts.set(idOf(card), { comment: comment.value }));

  // The answer that was undone, if it is whole: it can be sent again, now with a comment.
  const earlier = () => {
    const words = (card?.dataset.earlier ?? "").split(" ").map((word) => word.split(":"));
    const before = Object.fromEntries(words);
    const isWhole = questions.every(({ slug, choices: allowed }) => allowed.includes(before[slug]));
    return isWhole ? questions.map(({ slug }) => before[slug]) : null;
  };

  form.addEventListener("click", (event) => {
    const step = event.target.closest(".step");
    if (step && card) ask(steps.indexOf(step));
  });

  const hasBack = () => answers.index > 0;

  // Answers as before. Returns the fields of the vote, or null if there is no answer to send again.
  const again = () => {
    const before = earlier();
    if (!before) return null;
    answers.start();
    return before.map(choose).at(-1);
  };

  return { showCard, unlock, choose, again, back, hasBack };
};
