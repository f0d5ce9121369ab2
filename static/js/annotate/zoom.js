// Zoom: both images move together. The full-size images are fetched only when they are needed.
//
// An image is drawn at `factor` times its size when all of it is seen ("fit"), or its own size ("actual": one pixel of the
// image for one of the screen). So images of different size are alike in the first way, and true in the second.

import { imagesOf, sizeOf } from "./layout.js";

const MAX_FACTOR = 16;
const STEP = 60; // pixels of an arrow key
const STEP_FACTOR = 1.4;
const MIDDLE = { x: 0.5, y: 0.5 };

const between = (low, high, value) => Math.min(high, Math.max(low, value));

// Where the edge of an image of `length` lies in `room`, so that its place `share` (0 to 1) is in the middle, as far as its
// edges allow. What is shorter than the room stays in the middle.
export const offset = (share, length, room) => {
  if (length <= room) return (room - length) / 2;
  const slack = room / (2 * length);
  return room / 2 - between(slack, 1 - slack, share) * length;
};

// How large an image is drawn, relative to all of it in its box. `pixels`: its own width on the screen.
export const relativeScale = ({ unit, factor }, fitted, pixels) => (unit === "fit" ? factor : (factor * pixels) / fitted);

export const createZoom = ({ cards, button, scale, current, announce, onZoom = () => {}, isKept = () => false }) => {
  let way = { unit: "fit", factor: 1 };
  let at = MIDDLE; // the place of the images in the middle of their boxes
  const pointers = new Map();
  let activeBox = null; // the box in which the first pointer went down

  const boxes = () => [...(current()?.querySelectorAll(".box") ?? [])];
  const isOn = () => way.unit === "actual" || way.factor > 1;
  const imageOf = (box) => box.querySelector("img");

  // The image in its box when all of it is seen, and its own size on the screen.
  const fitOf = (box, image) => {
    const { width: w, height: h } = sizeOf(image);
    const ratio = Math.min(box.clientWidth / w, box.clientHeight / h);
    return { width: w * ratio, height: h * ratio, own: w / (window.devicePixelRatio || 1) };
  };
  const scaleOf = (box, image, used = way) => {
    const { width, own } = fitOf(box, image);
    return relativeScale(used, width, own);
  };
  const frameOf = (box, image) => {
    const { width, height } = fitOf(box, image);
    const by = scaleOf(box, image);
    const [w, h] = [width * by, height * by];
    return { width: w, height: h, x: offset(at.x, w, box.clientWidth), y: offset(at.y, h, box.clientHeight), by };
  };

  const percentOf = (image) => {
    const box = image.closest(".box");
    const { width, own } = fitOf(box, image);
    return Math.round((100 * width * scaleOf(box, image)) / own);
  };

  const draw = () => {
    for (const box of boxes()) {
      for (const image of box.querySelectorAll("img")) {
        const { x, y, by } = frameOf(box, image);
        const whole = fitOf(box, image);
        const [left, top] = [(box.clientWidth - whole.width) / 2, (box.clientHeight - whole.height) / 2];
        image.style.transform = isOn() ? `translate(${x - left}px, ${y - top}px) scale(${by})` : "";
      }
    }
    cards.classList.toggle("close", isOn());
    button.setAttribute("aria-pressed", String(isOn()));
    const percents = isOn() && current() ? [...new Set(imagesOf(current()).map(percentOf))] : [];
    scale.textContent = percents.map((percent) => `${percent} %`).join(" / ");
  };

  const fetchFull = async (box) => {
    for (const small of box.querySelectorAll("img:not(.full)")) {
      if (small.nextElementSibling?.classList.contains("full")) continue;
      const full = small.cloneNode();
      full.classList.add("full");
      for (const name of ["srcset", "sizes"]) full.removeAttribute(name);
      full.alt = ""; // it shows the same image, which has its alt text
      full.src = small.getAttribute("src").replace(/\d+\/$/, "full/");
      small.after(full);
      full
        .decode()
        .then(() => full.classList.add("there"))
        .catch(() => full.remove()); // keep the small image
    }
  };

  const set = (unit, factor, place = at) => {
    if (current()?.dataset.state !== "open") return;
    if (!isOn()) announce();
    way = unit === "fit" ? { unit, factor: between(1, MAX_FACTOR, factor) } : { unit, factor: between(0.05, MAX_FACTOR, factor) };
    at = { x: between(0, 1, place.x), y: between(0, 1, place.y) };
    if (isOn()) {
      boxes().forEach(fetchFull);
      onZoom(Math.max(...boxes().map((box) => scaleOf(box, imageOf(box)))));
    }
    draw();
  };

  const leave = () => {
    if (!isOn()) return;
    way = { unit: "fit", factor: 1 };
    at = MIDDLE;
    pointers.clear();
    draw();
  };

  // Another card is shown: whole, or as the one before if the annotator wants that.
  const leaveCard = () => {
    if (!isKept()) leave();
    pointers.clear();
  };
  const showCard = () => {
    if (!isOn()) return;
    if (isKept()) set(way.unit, way.factor);
    else leave();
  };

  // The place of the image at a point of the screen.
  const placeOf = (box, clientX, clientY) => {
    const outer = box.getBoundingClientRect();
    const { x, y, width, height } = frameOf(box, imageOf(box));
    return { x: (clientX - outer.left - x) / width, y: (clientY - outer.top - y) / height };
  };

  // Zoom, and keep the point under the pointer where it is.
  const zoomAt = (box, clientX, clientY, factor, unit = way.unit) => {
    const place = placeOf(box, clientX, clientY);
    const outer = box.getBoundingClientRect();
    const { width, height } = fitOf(box, imageOf(box));
    const limit = unit === "fit" ? between(1, MAX_FACTOR, factor) : factor;
    const by = scaleOf(box, imageOf(box), { unit, factor: limit });
    set(unit, limit, {
      x: place.x - (clientX - outer.left - outer.width / 2) / (by * width),
      y: place.y - (clientY - outer.top - outer.height / 2) / (by * height),
    });
  };

  const move = (box, dx, dy) => {
    const { width, height } = frameOf(box, imageOf(box));
    set(way.unit, way.factor, { x: at.x - dx / width, y: at.y - dy / height });
  };

  // The first zoom step: the image's own size, between two and four times its size on the page.
  const natural = (box) => {
    const { width, own } = fitOf(box, imageOf(box));
    return between(2, 4, own / width);
  };

  let last = null; // the mouse's last position
  const boxUnderMouse = () => last && boxes().find((box) => box === document.elementFromPoint(last.x, last.y)?.closest(".box"));
  const toggle = () => {
    if (isOn() || !current()) {
      leave();
      return;
    }
    const box = boxUnderMouse();
    set("fit", natural(boxes()[0]), box ? placeOf(box, last.x, last.y) : MIDDLE);
  };
  const toggleActual = () => {
    if (way.unit === "actual" && way.factor === 1) leave();
    else if (current()) set("actual", 1);
  };
  const lookClosely = (box, x, y) => {
    if (!isOn()) set("fit", natural(box), placeOf(box, x, y));
  };

  cards.addEventListener("pointermove", (event) => {
    last = { x: event.clientX, y: event.clientY };
  });
  cards.addEventListener(
    "wheel",
    (event) => {
      const box = event.target.closest(".box");
      const scrolls = document.documentElement.scrollHeight > document.documentElement.clientHeight;
      if (!box || (scrolls && !event.ctrlKey && !isOn())) return;
      event.preventDefault();
      zoomAt(box, event.clientX, event.clientY, way.factor * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)));
    },
    { passive: false },
  );
  cards.addEventListener("dblclick", (event) => {
    const box = event.target.closest(".box");
    if (!box) return;
    if (isOn()) leave();
    else set("fit", natural(box), placeOf(box, event.clientX, event.clientY));
  });

  // One finger or the mouse drags; two fingers zoom.
  const spread = () => {
    const [one, two] = [...pointers.values()];
    return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, distance: Math.hypot(one.x - two.x, one.y - two.y) };
  };
  cards.addEventListener("pointerdown", (event) => {
    const box = event.target.closest(".box");
    if (!box || event.button > 0) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (isOn() || pointers.size === 2) cards.setPointerCapture(event.pointerId);
    activeBox = box;
  });
  cards.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before || !current() || !activeBox?.isConnected) return;
    const here = { x: event.clientX, y: event.clientY };
    if (pointers.size === 1) {
      if (isOn()) move(activeBox, here.x - before.x, here.y - before.y);
      pointers.set(event.pointerId, here);
      return;
    }
    const was = spread();
    pointers.set(event.pointerId, here);
    const is = spread();
    if (isOn()) move(activeBox, is.x - was.x, is.y - was.y);
    zoomAt(activeBox, is.x, is.y, (way.factor * is.distance) / (was.distance || 1));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    cards.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  cards.addEventListener("dragstart", (event) => event.preventDefault());
  button.addEventListener("click", toggle);

  const closer = () => set(way.unit, Math.max(way.factor * STEP_FACTOR, way.unit === "fit" ? STEP_FACTOR : 0));
  const further = () => {
    if (way.unit === "actual" || way.factor / STEP_FACTOR > 1.05) set(way.unit, way.factor / STEP_FACTOR);
    else leave();
  };
  const moveFirst = (dx, dy) => () => move(boxes()[0], dx, dy);
  const KEYS = {
    "+": closer,
    "=": closer,
    "-": further,
    Escape: leave,
    ArrowLeft: moveFirst(STEP, 0),
    ArrowRight: moveFirst(-STEP, 0),
    ArrowUp: moveFirst(0, STEP),
    ArrowDown: moveFirst(0, -STEP),
  };
  // Handle the key if it is a zoom key. Returns whether it was.
  const key = (event) => {
    const isArrow = event.key.startsWith("Arrow");
    if (!current() || !KEYS[event.key] || (isArrow && !event.shiftKey) || (!isOn() && !["+", "="].includes(event.key)))
      return false;
    KEYS[event.key]();
    return true;
  };
  return { isOn, leave, leaveCard, showCard, toggleActual, lookClosely, redraw: draw, fetchFull, key };
};
