import { createPace, paceOf } from "../../../static/js/annotate/pace.js";
import { equal, test } from "./harness.js";

const MINUTE = 60_000;

test("the pace is that of the last minutes, and there is none of a few answers", () => {
  const every10s = Array.from({ length: 7 }, (_, at) => at * 10_000);
  equal([paceOf(every10s, MINUTE), paceOf(every10s.slice(0, 4), MINUTE)], [6, null]);
  equal(paceOf(every10s, 30 * MINUTE), null);
});

const make = () => {
  const [shown, hints, at] = [[], [], { now: 0 }];
  const pace = createPace({
    clock: () => at.now,
    show: (number) => shown.push(number),
    suggestRest: (minutes) => hints.push(minutes),
  });
  const judge = (minutes) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      at.now += MINUTE;
      pace.note();
    }
  };
  return { at, shown, hints, judge };
};

test("a rest is suggested once for each long stretch", () => {
  const { hints, judge } = make();
  judge(46);
  judge(20);
  equal(hints, [45]);
  judge(30);
  equal(hints, [45, 90]);
});

test("whoever rested begins a new stretch", () => {
  const { at, hints, shown, judge } = make();
  judge(40);
  at.now += 6 * MINUTE;
  judge(40);
  equal(hints, []);
  equal(shown.at(-1), 1);
});
