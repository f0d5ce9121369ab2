// One finger on the images: a tap chooses the image under it, a swipe to a side the image of that side, a swipe up looks closely.
// A mouse does none of it, and neither does a finger while the images are enlarged: there it moves them.

const TAP_DISTANCE = 12; // pixels that a finger may move and still tap
const TAP_TIME = 600; // milliseconds
const SWIPE_DISTANCE = 56;
const STEEPNESS = 1.75; // how much longer the way of a swipe is in its direction than across

// What a finger did that moved by x and y in so many milliseconds: "tap", "left", "right", "up", or null.
export const gestureOf = ({ x, y, time }) => {
  const [across, along] = [Math.abs(x), Math.abs(y)];
  if (Math.hypot(x, y) <= TAP_DISTANCE) return time <= TAP_TIME ? "tap" : null;
  if (across >= SWIPE_DISTANCE && across >= STEEPNESS * along) return x < 0 ? "left" : "right";
  if (y <= -SWIPE_DISTANCE && along >= STEEPNESS * across) return "up";
  return null;
};

// `choose` is called with the side (0 or 1) and how it was chosen, `lookClosely` with the box and the place.
export const catchGestures = ({ cards, isEnlarged, settings, choose, lookClosely }) => {
  const fingers = new Map();
  let begun = null; // null as well once a second finger is down

  const end = (event) => {
    fingers.delete(event.pointerId);
    const from = begun;
    if (!from || event.pointerId !== from.id || fingers.size) return;
    begun = null;
    if (event.type === "pointercancel" || isEnlarged()) return;
    const gesture = gestureOf({ x: event.clientX - from.x, y: event.clientY - from.y, time: event.timeStamp - from.time });
    if (gesture === "tap" && settings.tap()) choose(from.side, "touch");
    else if ((gesture === "left" || gesture === "right") && settings.swipe()) choose(gesture === "left" ? 0 : 1, "swipe");
    else if (gesture === "up") lookClosely(from.box, from.x, from.y);
  };

  cards.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") return;
    const box = event.target.closest(".box:not(.over)");
    fingers.set(event.pointerId, event);
    begun = null;
    if (!box || fingers.size > 1 || isEnlarged()) return;
    const side = [...box.parentElement.querySelectorAll(".box:not(.over)")].indexOf(box);
    begun = { id: event.pointerId, x: event.clientX, y: event.clientY, time: event.timeStamp, box, side };
  });
  cards.addEventListener("pointerup", end);
  cards.addEventListener("pointercancel", end);
  cards.addEventListener("contextmenu", (event) => {
    if (event.pointerType === "touch" && event.target.closest(".box")) event.preventDefault();
  });
};
