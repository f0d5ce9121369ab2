// Escape closes the words that explain a number, without moving the focus; pointing or coming to it again opens them.
const tipOf = (event) => event.target.closest?.(".tipped");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const tip of document.querySelectorAll(".tipped:is(:hover, :focus-within):not([data-closed])")) {
    event.preventDefault();
    tip.setAttribute("data-closed", "");
  }
});
for (const name of ["pointerout", "focusout", "click"]) {
  document.addEventListener(name, (event) => tipOf(event)?.removeAttribute("data-closed"));
}
