// The form with the question, the buttons of its choices, the steps of several questions, and the comment.

import { slotsOf } from "./cards.js";
import { wordsOf } from "./page_data.js";
import { createAnswers, fieldsOf } from "./questions.js";

export const createQuestionForm = ({ form, data, isStacked, announce }) => {
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
    answers.start();
    if (comment) comment.value = card.dataset.comment ?? "";
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
      draw();
      return null;
    }
    const fields = fieldsOf(questions, answers.chosen);
    if (comment?.value.trim()) fields.comment = card.dataset.comment = comment.value;
    return fields;
  };

  const ask = (index) => {
    answers.ask(index);
    draw();
  };

  // Returns whether there was a question before.
  const back = () => {
    const isBack = answers.back();
    if (isBack) draw();
    return isBack;
  };

  form.addEventListener("click", (event) => {
    const step = event.target.closest(".step");
    if (step && card) ask(steps.indexOf(step));
  });

  return { showCard, unlock, choose, back };
};
