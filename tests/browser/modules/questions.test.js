import { choicesOf, createAnswers, fieldsOf } from "../../../static/js/annotate/questions.js";
import { equal, test } from "./harness.js";

const ONE = [{ slug: "overall", choices: ["a", "b", "both_good"] }];
const TWO = [...ONE, { slug: "beauty", choices: ["a", "b"] }];

test("one question is answered by one choice", () => {
  const answers = createAnswers(ONE);

  equal(answers.choose("both_bad"), false);
  equal(answers.isComplete, false);
  equal(answers.choose("both_good"), true);
  equal(answers.isComplete, true);
  equal(fieldsOf(ONE, answers.chosen), { question: "overall", choice: "both_good" });
});

test("several are asked in order, and sent together", () => {
  const answers = createAnswers(TWO);
  answers.choose("a");
  equal([answers.index, answers.isComplete], [1, false]);
  equal(answers.choose("both_good"), false);
  answers.choose("b");

  equal(answers.isComplete, true);
  equal(fieldsOf(TWO, answers.chosen), { choice_overall: "a", choice_beauty: "b" });
});

test("back takes back the answer before", () => {
  const answers = createAnswers(TWO);
  equal(answers.back(), false);
  answers.choose("a");
  equal(answers.back(), true);
  equal([answers.index, answers.chosen], [0, {}]);
});

test("an earlier question can be answered again", () => {
  const answers = createAnswers(TWO);
  answers.choose("a");
  answers.ask(0);
  answers.choose("b");
  equal([answers.index, answers.chosen], [1, { overall: "b" }]);
});

test("the next card begins with the first question", () => {
  const answers = createAnswers(TWO);
  answers.choose("a");
  answers.start();
  equal([answers.index, answers.chosen], [0, {}]);
});

test("it goes on where it was", () => {
  const answers = createAnswers(TWO);
  answers.goOnWith({ overall: "b", beauty: "a" });
  equal([answers.index, answers.chosen, answers.isComplete], [1, { overall: "b" }, false]);
  answers.goOnWith({ overall: "no choice", size: "a" });
  equal([answers.index, answers.chosen], [0, {}]);
});

test("choices are read back from the fields that are sent", () => {
  equal(choicesOf(ONE, { question: "overall", choice: "a", elapsed_ms: 900 }), { overall: "a" });
  equal(choicesOf(TWO, { choice_overall: "a", choice_beauty: "b" }), { overall: "a", beauty: "b" });
});
