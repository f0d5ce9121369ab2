// The questions of a pair: answered in order with the same buttons, and sent together after the last one.

// What was chosen so far, and which question is asked now.
export const createAnswers = (questions) => {
  let chosen = {}; // question to choice
  let index = 0;

  const start = () => {
    chosen = {};
    index = 0;
  };
  // Goes on with answers that were given before, as far as they are some; the last question is asked in any case.
  const goOnWith = (before) => {
    start();
    for (const { slug, choices } of questions.slice(0, -1)) if (choices.includes(before[slug])) chosen[slug] = before[slug];
    index = questions.findIndex((question) => !(question.slug in chosen));
  };
  const ask = (wanted) => {
    index = wanted;
  };
  // Returns whether the choice is one of the question that is asked.
  const choose = (choice) => {
    const { slug, choices } = questions[index];
    if (!choices.includes(choice)) return false;
    chosen[slug] = choice;
    const open = questions.findIndex((question) => !(question.slug in chosen));
    if (open >= 0) index = open;
    return true;
  };
  // Returns whether there was a question before.
  const back = () => {
    if (index === 0) return false;
    index -= 1;
    delete chosen[questions[index].slug];
    return true;
  };

  return {
    get index() {
      return index;
    },
    get chosen() {
      return chosen;
    },
    get isComplete() {
      return questions.every(({ slug }) => slug in chosen);
    },
    start,
    goOnWith,
    ask,
    choose,
    back,
  };
};

// What is sent with a vote.
export const fieldsOf = (questions, chosen) => {
  if (questions.length === 1) return { question: questions[0].slug, choice: chosen[questions[0].slug] };
  return Object.fromEntries(Object.entries(chosen).map(([slug, choice]) => [`choice_${slug}`, choice]));
};

// The choices by question, of the fields that are sent.
export const choicesOf = (questions, fields) => {
  const choices = fields.choice ? { [fields.question]: fields.choice } : {};
  for (const { slug } of questions) if (fields[`choice_${slug}`]) choices[slug] = fields[`choice_${slug}`];
  return choices;
};
