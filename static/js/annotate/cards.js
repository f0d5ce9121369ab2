// A card: a pair with its prompt. Its state is "loading" until both images are decoded, then "open", or "broken" if one
// fails; it has the class "gone" once it is answered.

export const idOf = (card) => card.dataset.assignment;
export const promptOf = (card) => card.querySelector("h1").textContent;
export const slotsOf = (card) => [...card.querySelectorAll(".box")].map((box) => box.dataset.slot);

// A card from data, as the server would have drawn it.
export const makeCard = (blank, { assignment, prompt, language, earlier, sides }) => {
  const card = blank.cloneNode(true);
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

export const labelImages = (card, isStacked) => {
  const [left, right] = card.querySelectorAll(".box > img:first-child");
  [left.alt, right.alt] = isStacked ? ["Top image", "Bottom image"] : ["Left image", "Right image"];
};

// Resolves once the images are decoded, or one cannot be.
export const loadImages = async (card) => {
  card.dataset.state = "loading";
  try {
    await Promise.all([...card.querySelectorAll("img")].map((image) => image.decode()));
    card.dataset.state = "open";
  } catch {
    card.dataset.state = "broken";
  }
};

export const loadAgain = (card) => {
  for (const image of card.querySelectorAll("img")) image.src = image.getAttribute("src");
};
