// A card: a pair with its prompt. Its state is "loading" until both images are decoded, then "open", or "broken" if one
// fails; it has the class "gone" once it is answered.

export const idOf = (card) => card.dataset.assignment;
export const promptOf = (card) => card.querySelector("h1").textContent;
export const slotsOf = (card) => [...card.querySelectorAll(".box")].map((box) => box.dataset.slot);

// A card from data, as the server would have drawn it.
// `dress` lays it out before its images have addresses, so that they are fetched in the size in which they are shown.
export const makeCard = (blank, { assignment, prompt, language, earlier, sides }, dress = () => {}) => {
  const card = blank.cloneNode(true);
  card.dataset.assignment = assignment;
  if (earlier) card.dataset.earlier = earlier;
  const title = card.querySelector("h1");
  title.textContent = prompt;
  if (language) title.lang = language;
  const boxes = [...card.querySelectorAll(".box")];
  boxes.forEach((box, at) => {
    const { slot, width, height, sizes } = sides[at];
    box.dataset.slot = slot;
    const image = box.querySelector("img");
    [image.width, image.height, image.sizes] = [width, height, sizes];
  });
  dress(card);
  boxes.forEach((box, at) => {
    const image = box.querySelector("img");
    const { address } = sides[at];
    for (const name of ["srcset", "src"]) image.setAttribute(name, image.getAttribute(name).replaceAll("address/", address));
  });
  return card;
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
