import { createDepth } from "../../../static/js/annotate/depth.js";
import { equal, test } from "./harness.js";

test("a new page asks at once, and then when half of its cards are gone", () => {
  const depth = createDepth();
  equal(depth.isLow(3), true);
  depth.looked({ depth: 32, held: 32, brought: 29 });
  equal([depth.isLow(17), depth.isLow(16)], [false, true]);
});

test("ten cards are there whenever the network goes", () => {
  const depth = createDepth();
  depth.looked({ depth: 12, held: 12, brought: 9 });
  equal([depth.isLow(11), depth.isLow(10)], [false, true]);
});

test("where there are no more it asks now and then", () => {
  const depth = createDepth();
  depth.looked({ depth: 12, held: 8, brought: 0 });
  equal([depth.isLow(7), depth.isLow(3)], [false, true]);
});
