// Zoom: both images move together. The full-size images are fetched only when they are needed.

const MAX_SCALE = 8;
const STEP = 60; // pixels of an arrow key

// `current` returns the card that is shown, or null.
export const createZoom = ({ cards, button, current, announce }) => {
  let scale = 1;
  let at = { x: 0.5, y: 0.5 }; // the point of the image in the middle of the box, from 0 to 1
  const pointers = new Map();
  let activeBox = null; // the box in which the first pointer went down

  const boxes = () => [...current().querySelectorAll(".box")];
  const isOn = () => scale > 1;

  // The rectangle of the image in its box when all of it is visible.
  const fitted = (box) => {
    const image = box.querySelector("img");
    const [w, h] = [image.getAttribute("width"), image.getAttribute("height")].map(Number);
    const fit = Math.min(box.clientWidth / w, box.clientHeight / h);
    const [width, height] = [w * fit, h * fit];
    return { width, height, left: (box.clientWidth - width) / 2, top: (box.clientHeight - height) / 2 };
  };

  const shift = (share, length, start, room) => {
    const slack = Math.min(0.5, room / (2 * scale * length)); // stop at the edge of the image
    return room / 2 - scale * (start + Math.max(slack, Math.min(1 - slack, share)) * length);
  };

  const draw = () => {
    for (const box of boxes()) {
      const { width, height, left, top } = fitted(box);
      const [x, y] = [shift(at.x, width, left, box.clientWidth), shift(at.y, height, top, box.clientHeight)];
      for (const image of box.querySelectorAll("img")) {
        image.style.transform = isOn() ? `translate(${x}px, ${y}px) scale(${scale})` : "";
      }
    }
    cards.classList.toggle("close", isOn());
    button.setAttribute("aria-pressed", String(isOn()));
  };

  const fetchFull = async (box) => {
    if (box.querySelector(".full")) return;
    const small = box.querySelector("img");
    const full = small.cloneNode();
    full.className = "full";
    for (const name of ["srcset", "sizes"]) full.removeAttribute(name);
    full.alt = ""; // it shows the same image, which has its alt text
    full.src = small.getAttribute("src").replace(/\d+\/$/, "full/");
    box.append(full);
    await full.decode().catch(() => full.remove()); // keep the small image
    full.classList.add("there");
  };

  const clamp = (value) => Math.min(1, Math.max(0, value));

  const enter = (wanted, place = at) => {
    if (current()?.dataset.state !== "open") return;
    if (!isOn()) announce("Zoomed in. Zoom with plus and minus, move with Shift and the arrow keys.");
    scale = Math.min(MAX_SCALE, Math.max(1, wanted));
    at = { x: clamp(place.x), y: clamp(place.y) };
    if (isOn()) boxes().forEach(fetchFull);
    draw();
  };

  const leave = () => {
    if (!isOn()) return;
    scale = 1;
    at = { x: 0.5, y: 0.5 };
    pointers.clear();
    if (current()) draw();
  };

  // The point of the image at a point of the screen.
  const placeOf = (box, clientX, clientY) => {
    const frame = box.getBoundingClientRect();
    const { width, height, left, top } = fitted(box);
    const [x, y] = [shift(at.x, width, left, box.clientWidth), shift(at.y, height, top, box.clientHeight)];
    const [dx, dy] = isOn() ? [x, y] : [0, 0];
    return { x: ((clientX - frame.left - dx) / scale - left) / width, y: ((clientY - frame.top - dy) / scale - top) / height };
  };

  // Zoom, and keep the point under the pointer where it is.
  const zoomAt = (box, clientX, clientY, wanted) => {
    const place = placeOf(box, clientX, clientY);
    const frame = box.getBoundingClientRect();
    const { width, height } = fitted(box);
    const to = Math.min(MAX_SCALE, Math.max(1, wanted));
    enter(to, {
      x: place.x - (clientX - frame.left - frame.width / 2) / (to * width),
      y: place.y - (clientY - frame.top - frame.height / 2) / (to * height),
    });
  };

  const move = (box, dx, dy) => {
    const { width, height } = fitted(box);
    enter(scale, { x: at.x - dx / (scale * width), y: at.y - dy / (scale * height) });
  };

  // The first zoom step: the image's own size, between two and four times its size on the page.
  const natural = (box) => Math.min(4, Math.max(2, box.querySelector("img").getAttribute("width") / fitted(box).width));

  let last = null; // the mouse's last position
  const toggle = () => {
    if (isOn() || !current()) {
      leave();
      return;
    }
    const box = last && boxes().find((one) => one === document.elementFromPoint(last.x, last.y)?.closest(".box"));
    enter(natural(boxes()[0]), box ? placeOf(box, last.x, last.y) : { x: 0.5, y: 0.5 });
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
      zoomAt(box, event.clientX, event.clientY, scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)));
    },
    { passive: false },
  );
  cards.addEventListener("dblclick", (event) => {
    const box = event.target.closest(".box");
    if (!box) return;
    if (isOn()) leave();
    else enter(natural(box), placeOf(box, event.clientX, event.clientY));
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
    if (!before || !current()) return;
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
    zoomAt(activeBox, is.x, is.y, (scale * is.distance) / (was.distance || 1));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    cards.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  cards.addEventListener("dragstart", (event) => event.preventDefault());
  window.addEventListener("resize", () => isOn() && draw());
  button.addEventListener("click", toggle);

  const KEYS = {
    "+": () => enter(Math.max(scale * 1.4, 1.4)),
    "=": () => enter(Math.max(scale * 1.4, 1.4)),
    "-": () => (scale / 1.4 > 1.05 ? enter(scale / 1.4) : leave()),
    Escape: leave,
    ArrowLeft: () => move(boxes()[0], STEP, 0),
    ArrowRight: () => move(boxes()[0], -STEP, 0),
    ArrowUp: () => move(boxes()[0], 0, STEP),
    ArrowDown: () => move(boxes()[0], 0, -STEP),
  };
  // Handle the key if it is a zoom key. Returns whether it was.
  const key = (event) => {
    const isArrow = event.key.startsWith("Arrow");
    if (!current() || !KEYS[event.key] || (isArrow && !event.shiftKey) || (!isOn() && !["+", "="].includes(event.key)))
      return false;
    KEYS[event.key]();
    return true;
  };
  return { leave, key };
};
