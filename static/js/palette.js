// The command palette: Ctrl/⌘ K opens the search over the page; arrow keys go through what it found.
const palette = document.getElementById("palette");
const opener = document.querySelector("[data-palette-open]");
const hits = document.getElementById("palette-hits");
const input = (palette ?? document).querySelector("[name=q]");

const open = () => {
  if (!palette) {
    input?.focus();
    return;
  }
  if (palette.open) return;
  palette.showModal();
  input.value = "";
  hits.replaceChildren();
  input.focus();
  htmx.trigger(input, "show"); // the pages of this campaign, before anything is typed
};

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

opener?.addEventListener("click", (event) => {
  if (!palette || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

// What was found for the letters of a moment ago is not gone to: Enter waits for what is being looked for.
let isFresh = true;
let goesOn = false;
const goFirst = () => palette.querySelector("[data-hit]")?.click();
input?.addEventListener("input", () => {
  isFresh = false;
  goesOn = false;
});
hits?.addEventListener("htmx:afterSwap", ({ detail }) => {
  isFresh = detail.requestConfig.parameters.q === input.value;
  if (!isFresh) return; // the answer to an earlier question
  if (goesOn) goFirst();
  goesOn = false;
});

const move = (step) => {
  const stops = [input, ...(palette ?? document).querySelectorAll("[data-hit]")];
  const at = stops.indexOf(document.activeElement);
  if (at >= 0) stops[(at + step + stops.length) % stops.length].focus();
};

(palette ?? document.querySelector("main")).addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  const isHere = document.activeElement === input || document.activeElement?.matches("[data-hit]");
  if (!isHere) return;
  if (event.key in steps) {
    event.preventDefault();
    move(steps[event.key]);
  } else if (event.key === "Enter" && document.activeElement === input && palette) {
    event.preventDefault();
    if (isFresh) goFirst();
    else goesOn = true;
  }
});

palette?.addEventListener("click", (event) => {
  if (event.target === palette) palette.close();
});
