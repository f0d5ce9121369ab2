// Other ways to look at a pair, in the place of both images: one of them alone, both in turn ("flicker"), or what differs.
// They lie over the images as one more box, so that zoom enlarges and moves them like the others.

import { fit, imagesOf, sizeOf } from "./layout.js";

const FLICKER_MS = 400; // slow enough for everybody: far below three flashes a second

// `nameOf` says which image of a view is seen, `label` is where that stands. `onView` is called with the name of a view that is opened, `onDraw` after the images of a box changed.
export const createCompare = ({ current, buttons, label, nameOf, onView, onDraw, announce }) => {
  let view = null;
  let box = null;
  let timer = 0;
  let shown = 0; // which image is on top

  const close = () => {
    clearInterval(timer);
    box?.remove();
    box = null;
    view = null;
    label.textContent = "";
    for (const button of Object.values(buttons)) button?.setAttribute("aria-pressed", "false");
    onDraw();
  };

  const layers = () => [...box.querySelectorAll("img:not(.full)")];

  const showOnly = (at) => {
    shown = at;
    layers().forEach((image, index) => {
      for (const one of [image, image.nextElementSibling]) {
        if (one?.tagName === "IMG") one.classList.toggle("under", view !== "difference" && index !== at);
      }
    });
    label.textContent = nameOf(view, at);
    box.dataset.shows = label.textContent;
  };

  const open = (name) => {
    const card = current();
    if (card?.dataset.state !== "open") return;
    if (view) close();
    const pair = card.querySelector(".pair");
    const { defaultView: window } = pair.ownerDocument;
    const isWhole = name === "one_image"; // it gets the window, not only the place of the pair
    const room = isWhole
      ? { width: window.innerWidth, height: window.innerHeight }
      : { width: pair.clientWidth, height: pair.clientHeight };
    view = name;
    box = pair.ownerDocument.createElement("div");
    box.className = `box over ${name}`;
    for (const [at, image] of imagesOf(card).entries()) {
      const copy = image.cloneNode();
      copy.classList.add(at === 0 ? "first" : "second");
      copy.style.transform = "";
      const { width, height } = fit(room, sizeOf(image));
      Object.assign(copy.style, {
        width: `${width}px`,
        height: `${height}px`,
        left: `${(room.width - width) / 2}px`,
        top: `${(room.height - height) / 2}px`,
      });
      copy.sizes = `${Math.ceil(width)}px`;
      box.append(copy);
    }
    pair.append(box);
    buttons[name]?.setAttribute("aria-pressed", "true");
    showOnly(0);
    announce(label.textContent);
    if (name === "flicker") timer = setInterval(() => showOnly(1 - shown), FLICKER_MS);
    onView(name);
    onDraw();
  };

  const toggle = (name) => {
    if (view !== name) open(name);
    else if (name === "one_image" && shown === 0) showOnly(1);
    else close();
  };

  return {
    view: () => view,
    open,
    close: () => view && close(),
    toggle,
    isOpen: () => view !== null,
  };
};
