// The buttons and links of the page, and the flag form.

const verbOf = (form) => form.getAttribute("action")?.match(/\/(vote|skip|flag|undo)\/$/)?.[1];

document.addEventListener("submit", (event) => {
  const form = event.target;
  const verb = deck.contains(form) && verbOf(form);
  if (!verb) return;
  event.preventDefault();
  if (verb === "undo") undo();
  else if (verb === "vote") choose(event.submitter?.value);
  else if (current) {
    finish(verb, Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken")));
    if (verb === "flag") closeFlag();
  }
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

deck.addEventListener("click", (event) => {
  const step = event.target.closest(".step");
  if (step && current) showQuestion(steps.indexOf(step));
  if (event.target.closest("[data-close]")) trouble.hidden = true;
  if (event.target.closest("[data-load-again]") && current) {
    for (const image of current.querySelectorAll("img")) image.src = image.getAttribute("src"); // loads it again
    prepare(current);
  }
});

// The flag form: it gets the keys while it has the focus, and closes like a menu
const flag = deck.querySelector("[data-flag]");
flag.addEventListener("toggle", () => {
  if (flag.open) flag.querySelector("input[type=radio]").focus();
});
document.addEventListener("click", (event) => {
  if (flag.open && !flag.contains(event.target)) flag.open = false;
});
const closeFlag = () => {
  flag.open = false;
  flag.querySelector("form").reset();
  flag.querySelector("summary").focus();
};
