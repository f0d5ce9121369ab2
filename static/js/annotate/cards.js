// The cards, and the time of a judgment.

// The time of a judgment: counted while both images are loaded and the tab is visible
let elapsedBefore = 0;
let since = null;
const startTimer = () => {
  elapsedBefore = 0;
  since = document.hidden ? null : performance.now();
};
const elapsed = () => Math.round(elapsedBefore + (since === null ? 0 : performance.now() - since));

// The cards: "loading" until both images are decoded, then "open", or "broken" if one fails; class "gone" once answered
let current = null;
const judged = []; // newest last, for undo
const JUDGED_LIMIT = 20;
let undoable = ""; // the assignment that undo takes back if nothing was judged since the page was loaded
let leaseUntil = Infinity; // milliseconds

const idOf = (card) => card.dataset.assignment;
const next = () => cards.querySelector(".card:not(.gone)");
const isPending = (id) => outbox.some((action) => action.id === id);
const promptOf = (card) => card.querySelector("h1").textContent;

// A card from data, as the server would have drawn it.
const makeCard = ({ assignment, prompt, language, earlier, sides }) => {
  const card = byId("blank-card").content.querySelector(".card").cloneNode(true);
  card.dataset.assignment = assignment;
  if (earlier) card.dataset.earlier = earlier;
  const title = card.querySelector("h1");
  title.textContent = prompt;
  if (language) title.lang = language;
  card.querySelectorAll(".box").forEach((box, at) => {
    const { slot, address, width, height, sizes } = sides[at];
    box.dataset.slot = slot;
    const image = box.querySelector("img");
    [image.width, image.height, image.sizes] = [width, height, sizes];
    for (const name of ["srcset", "src"]) image.setAttribute(name, image.getAttribute(name).replaceAll("address/", address));
  });
  return card;
};

const labelImages = (card) => {
  const [left, right] = card.querySelectorAll(".box > img:first-child");
  [left.alt, right.alt] = stacked.matches ? ["Top image", "Bottom image"] : ["Left image", "Right image"];
};

const prepare = async (card) => {
  card.dataset.state = "loading";
  labelImages(card);
  try {
    await Promise.all([...card.querySelectorAll("img")].map((image) => image.decode()));
    card.dataset.state = "open";
  } catch {
    card.dataset.state = "broken";
  }
  if (card === current) unlock();
};

const unlock = () => {
  const isOpen = current?.dataset.state === "open";
  broken.hidden = current?.dataset.state !== "broken";
  // Not `disabled`, because that would move the focus away.
  for (const button of choiceButtons) {
    if (isOpen) button.removeAttribute("aria-disabled");
    else button.setAttribute("aria-disabled", "true");
  }
  deck.dataset.state = current?.dataset.state ?? "";
  if (isOpen) startTimer();
};

const show = (card) => {
  zoom.leave();
  current?.classList.remove("current");
  current = card;
  const state = cards.querySelector(".state");
  waiting.hidden = Boolean(card || state);
  // Hidden but still laid out, so that nothing on the page moves.
  controls.classList.toggle("away", !card && Boolean(state));
  if (card) controls.hidden = false;
  if (card) {
    card.classList.add("current");
    setForms(card);
    now.textContent = `Next pair: ${promptOf(card)}. ${stacked.matches ? "Top and bottom" : "Left and right"} image.`;
    const prompt = card.querySelector(".prompt");
    if (prompt.scrollHeight > prompt.clientHeight) prompt.tabIndex = 0;
  } else if (state) {
    state.querySelector("[tabindex]")?.focus();
  }
  unlock();
};
