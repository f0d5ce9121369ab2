import { createTimer } from "../../../static/js/annotate/timer.js";
import { equal, test } from "./harness.js";

const at = { time: 100, isHidden: false };
const make = () => createTimer({ clock: () => at.time, isHidden: () => at.isHidden });

test("it counts from the start", () => {
  Object.assign(at, { time: 100, isHidden: false });
  const timer = make();
  timer.start();
  at.time = 1600.4;
  equal(timer.elapsed(), 1500);
});

test("it does not count while the tab is hidden", () => {
  Object.assign(at, { time: 0, isHidden: false });
  const timer = make();
  timer.start();
  at.time = 400;
  timer.pause();
  at.time = 9000;
  equal(timer.elapsed(), 400);
  timer.goOn();
  at.time = 9100;
  equal(timer.elapsed(), 500);
});

test("a pair that is shown in a hidden tab counts from when the tab is seen", () => {
  Object.assign(at, { time: 0, isHidden: true });
  const timer = make();
  timer.start();
  at.time = 5000;
  equal(timer.elapsed(), 0);
  timer.goOn();
  at.time = 5300;
  equal(timer.elapsed(), 300);
});
