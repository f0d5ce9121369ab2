// The forms of the page, which work without this script: here they go to the outbox.

export const verbOf = (form) => form.getAttribute("action")?.match(/\/(vote|skip|flag|undo)\/$/)?.[1];

// The addresses of the forms follow the card that is shown.
export const aimForms = (controls, addressOf) => {
  for (const form of controls.querySelectorAll("form")) {
    const verb = verbOf(form);
    if (verb && verb !== "undo") form.setAttribute("action", addressOf(verb));
  }
};

export const fieldsOfForm = (form) =>
  Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));

// `act` is called with the verb of a form of the deck, what it holds, and the value of the button that was pressed.
export const catchForms = ({ deck, act }) => {
  deck.ownerDocument.addEventListener("submit", (event) => {
    const form = event.target;
    const verb = deck.contains(form) && verbOf(form);
    if (!verb) return;
    event.preventDefault();
    act(verb, fieldsOfForm(form), event.submitter?.value);
  });

  // Ignore the second click of a double click: it would answer the next card.
  deck.addEventListener(
    "click",
    (event) => {
      if (event.detail < 2 || !event.target.closest("button, a")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
};
