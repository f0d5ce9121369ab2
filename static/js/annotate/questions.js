// The questions: answered in order with the same buttons, and sent together after the last one
const choiceButtons = [...voteForm.querySelectorAll("button.choice")];
const steps = [...voteForm.querySelectorAll(".step")]; // none if the campaign has one question
const questions = steps.length
  ? steps.map(({ dataset }) => ({ slug: dataset.question, text: dataset.text, choices: dataset.choices.split(" ") }))
  : [{ slug: voteForm.elements.question.value, choices: choiceButtons.map(({ value }) => value).concat("a", "b") }];
const comment = voteForm.elements.comment;
let chosen = {}; // question to choice
let questionIndex = 0;

const choiceLabel = (choice) => {
  const button = choiceButtons.find(({ value }) => value === choice);
  if (!button?.dataset.side) return button?.firstElementChild.textContent.trim() ?? "";
  const [wide, narrow] = button.dataset.side === "left" ? ["Left", "Top"] : ["Right", "Bottom"];
  return stacked.matches ? narrow : wide;
};

const showQuestion = (index) => {
  questionIndex = index;
  const { slug, text, choices } = questions[questionIndex];
  const earlier = (current.dataset.earlier ?? "").split(" ").find((word) => word.startsWith(`${slug}:`));
  for (const button of choiceButtons) {
    button.classList.toggle("absent", !choices.includes(button.value));
    button.toggleAttribute("data-earlier", earlier === `${slug}:${button.value}`);
  }
  if (!steps.length) return;
  byId("question-text").textContent = text;
  steps.forEach((step, at) => {
    if (at === questionIndex) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
    step.querySelector(".step-answer").textContent = choiceLabel(chosen[questions[at].slug]);
  });
  if (questionIndex > 0) now.textContent = text;
};

const setForms = (card) => {
  for (const form of controls.querySelectorAll("form")) {
    const verb = verbOf(form);
    if (verb && verb !== "undo") form.setAttribute("action", `${root}${idOf(card)}/${verb}/`);
  }
  const slots = [...card.querySelectorAll(".box")].map((box) => box.dataset.slot);
  voteForm.querySelector(".left").value = slots[0];
  voteForm.querySelector(".right").value = slots[1];
  chosen = {};
  if (comment) comment.value = card.dataset.comment ?? "";
  showQuestion(0);
};

const choose = (choice) => {
  if (current?.dataset.state !== "open" || !questions[questionIndex].choices.includes(choice)) return;
  chosen[questions[questionIndex].slug] = choice;
  const open = questions.findIndex(({ slug }) => !(slug in chosen));
  if (open >= 0) {
    showQuestion(open);
    return;
  }
  const fields = { elapsed_ms: elapsed() };
  if (steps.length) for (const [slug, answer] of Object.entries(chosen)) fields[`choice_${slug}`] = answer;
  else Object.assign(fields, { question: questions[0].slug, choice });
  if (comment?.value.trim()) fields.comment = current.dataset.comment = comment.value;
  finish("vote", fields);
};
