import { createGate } from "../../../static/js/annotate/gate.js";
import { equal, test } from "./harness.js";

const make = (minimum = 250) => {
  const at = { time: 0, isOpen: null, due: [] };
  const gate = createGate({
    minimum,
    elapsed: () => at.time,
    onChange: (isOpen) => {
      at.isOpen = isOpen;
    },
    later: (check, milliseconds) => at.due.push([check, milliseconds]),
  });
  const pass = (milliseconds) => {
    at.time += milliseconds;
    for (const [check] of at.due.splice(0)) check();
  };
  return { at, gate, pass };
};

test("answers are taken once the pair has been seen long enough", () => {
  const { at, gate, pass } = make();
  equal(gate.isOpen(), false);
  gate.start();
  equal([gate.isOpen(), at.isOpen], [false, false]);
  pass(249);
  equal([gate.isOpen(), at.isOpen], [false, false]);
  pass(1);
  equal([gate.isOpen(), at.isOpen], [true, true]);
});

test("the next question has to be seen as well", () => {
  const { at, gate, pass } = make();
  gate.start();
  pass(3000);
  gate.start();
  equal([gate.isOpen(), at.isOpen], [false, false]);
  pass(250);
  equal(gate.isOpen(), true);
});

test("time that is not counted, as with a hidden tab, opens nothing", () => {
  const { gate, pass } = make();
  gate.start();
  pass(0);
  pass(0);
  equal(gate.isOpen(), false);
});

test("while nothing is shown no answer is taken", () => {
  const { at, gate, pass } = make();
  gate.start();
  pass(300);
  gate.shut();
  pass(300);
  equal([gate.isOpen(), at.isOpen], [false, false]);
});

test("a campaign without a shortest time takes every answer", () => {
  const { at, gate } = make(0);
  gate.start();
  equal([gate.isOpen(), at.isOpen], [true, true]);
});
