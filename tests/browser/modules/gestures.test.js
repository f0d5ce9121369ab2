import { catchGestures, gestureOf } from "../../../static/js/annotate/gestures.js";
import { cardHtml, equal, page, test } from "./harness.js";

test("a finger taps, swipes to a side or up, or does nothing", () => {
  const moves = [
    { x: 3, y: 4, time: 90 },
    { x: 3, y: 4, time: 900 },
    { x: -90, y: 20, time: 200 },
    { x: 90, y: -20, time: 200 },
    { x: 10, y: -80, time: 200 },
    { x: 10, y: 80, time: 200 },
    { x: 60, y: 60, time: 200 },
    { x: 30, y: 0, time: 200 },
  ];
  equal(moves.map(gestureOf), ["tap", null, "left", "right", "up", null, null, null]);
});

const make = ({ tap = true, swipe = true, isEnlarged = false } = {}) => {
  page(`<div id="cards">${cardHtml()}</div>`);
  const log = [];
  catchGestures({
    cards: document.getElementById("cards"),
    isEnlarged: () => isEnlarged,
    settings: { tap: () => tap, swipe: () => swipe },
    choose: (side, input) => log.push([side, input]),
    lookClosely: () => log.push("closely"),
  });
  const boxes = document.querySelectorAll(".box");
  const send = (type, box, x, y, more = {}) =>
    box.dispatchEvent(
      new PointerEvent(type, { pointerId: 1, pointerType: "touch", clientX: x, clientY: y, bubbles: true, ...more }),
    );
  const finger = (box, dx, dy, more) => {
    send("pointerdown", box, 50, 100, more);
    send("pointerup", box, 50 + dx, 100 + dy, more);
  };
  return { log, boxes, send, finger };
};

test("a tap chooses the image under it, a swipe the image of its side", () => {
  const { log, boxes, finger } = make();
  finger(boxes[1], 0, 0);
  finger(boxes[1], -100, 0);
  finger(boxes[0], 100, 0);
  finger(boxes[0], 0, -100);
  equal(log, [[1, "touch"], [0, "swipe"], [1, "swipe"], "closely"]);
});

test("what is switched off does nothing, and a mouse never does", () => {
  const { log, boxes, finger } = make({ tap: false, swipe: false });
  finger(boxes[0], 0, 0);
  finger(boxes[0], 100, 0);
  equal(log, []);
  const mouse = make();
  mouse.finger(mouse.boxes[0], 0, 0, { pointerType: "mouse" });
  equal(mouse.log, []);
});

test("two fingers, or one on an enlarged image, choose nothing", () => {
  const { log, boxes, send } = make();
  send("pointerdown", boxes[0], 50, 100);
  send("pointerdown", boxes[0], 90, 100, { pointerId: 2 });
  send("pointerup", boxes[0], 90, 100, { pointerId: 2 });
  send("pointerup", boxes[0], 50, 100);
  equal(log, []);
  const close = make({ isEnlarged: true });
  close.finger(close.boxes[0], 0, 0);
  equal(close.log, []);
});

test("a finger that the browser takes to scroll chooses nothing", () => {
  const { log, boxes, send } = make();
  send("pointerdown", boxes[0], 50, 100);
  send("pointercancel", boxes[0], 50, 100);
  equal(log, []);
});
