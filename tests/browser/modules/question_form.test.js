import { createQuestionForm } from "../../../static/js/annotate/question_form.js";
import { cardHtml, equal, page, test } from "./harness.js";

const words = (label) => ({ label, short: label, sentence: label });
const CHOICES = [
  { name: "left", side: 0, wide: words("Left"), stacked: words("Top") },
  { name: "right", side: 1, wide: words("Right"), stacked: words("Bottom") },
  { name: "both_good", side: null, wide: words("Both good"), stacked: words("Both good") },
];
const ONE = [{ slug: "overall", text: "Better?", choices: ["a", "b", "both_good"] }];
const TWO = [...ONE, { slug: "beauty", text: "Nicer?", choices: ["a", "b"] }];

const make = (questions, { isStacked = false, draft = {} } = {}) => {
  const kept = [];
  const steps =
    questions.length > 1 ? questions.map(() => '<button class="step"><span class="step-answer"></span></button>') : [];
  page(`<form>${steps.join("")}<p id="question-text"></p><textarea name="comment"></textarea>
    ${CHOICES.map(({ name }) => `<button class="choice" data-choice="${name}" value="${name}">${name}</button>`).join("")}</form>
    ${cardHtml({ slots: ["b", "a"] })}`);
  const said = [];
  const form = document.querySelector("form");
  const question = createQuestionForm({
    form,
    data: { questions, choices: CHOICES },
    isStacked: () => isStacked,
    announce: (text) => said.push(text),
    drafts: { get: () => draft, set: (id, changes) => kept.push([id, changes]) },
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  const card = document.querySelector(".card");
  question.showCard(card);
  return { question, card, said, kept, button: (name) => document.querySelector(`[data-choice=${name}]`) };
};

test("a button posts the image that stands on its side", () => {
  const { button, question } = make(ONE);
  equal([button("left").value, button("right").value, button("both_good").value], ["b", "a", "both_good"]);
  equal(question.choose("b"), { question: "overall", choice: "b" });
});

test("a choice that the question does not have is no answer", () => {
  const { question } = make(ONE);
  equal(question.choose("both_bad"), null);
});

test("several questions are asked one after the other, with what was answered", () => {
  const { question, said, button } = make(TWO, { isStacked: true });
  equal(question.choose("b"), null);

  equal([document.getElementById("question-text").textContent, said], ["Nicer?", ["Nicer?"]]);
  equal(document.querySelector(".step-answer").textContent, "Top");
  equal(button("both_good").classList.contains("absent"), true);
  equal(question.choose("a"), { choice_overall: "b", choice_beauty: "a" });
});

test("a step leads to its question", () => {
  const { question } = make(TWO);
  question.choose("a");
  document.querySelector(".step").click();
  equal(document.getElementById("question-text").textContent, "Better?");
  equal(question.back(), false);
});

test("back asks the question before", () => {
  const { question } = make(TWO);
  question.choose("a");
  equal(question.back(), true);
  equal(document.querySelector(".step-answer").textContent, "");
});

test("the comment goes with the vote, and stays with its card", () => {
  const { question, card } = make(ONE);
  const comment = document.querySelector("textarea");
  comment.value = "blurred";
  equal(question.choose("a").comment, "blurred");
  question.showCard(card);
  equal(comment.value, "blurred");
});

test("the answer that was undone is marked", () => {
  const { question, card, button } = make(ONE);
  card.dataset.earlier = "overall:b";
  question.showCard(card);
  equal([button("left").hasAttribute("data-earlier"), button("right").hasAttribute("data-earlier")], [true, false]);
});

test("buttons say when there is nothing to vote on", () => {
  const { question, button } = make(ONE);
  question.unlock(false);
  equal(button("left").getAttribute("aria-disabled"), "true");
  question.unlock(true);
  equal(button("left").getAttribute("aria-disabled"), null);
});

test("a draft is taken up, and what is typed and answered is kept", () => {
  const { question, kept } = make(TWO, { draft: { chosen: { overall: "a" }, comment: "blur" } });
  const comment = document.querySelector("textarea");
  equal([document.getElementById("question-text").textContent, comment.value], ["Nicer?", "blur"]);
  comment.value = "blurred";
  comment.dispatchEvent(new Event("input"));
  question.back();
  question.choose("b");
  equal(
    kept.map(([, changes]) => changes),
    [{ comment: "blurred" }, { chosen: {} }, { chosen: { overall: "b" } }],
  );
});

test("the answer that was undone is sent again, with a comment", () => {
  const { question, card } = make(TWO);
  equal(question.again(), null);
  card.dataset.earlier = "overall:b beauty:a";
  question.showCard(card);
  document.querySelector("textarea").value = "blurred";
  equal(question.again(), { choice_overall: "b", choice_beauty: "a", comment: "blurred" });
});
