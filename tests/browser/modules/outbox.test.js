import { createOutbox } from "../../../static/js/annotate/outbox.js";
import { emptyStorage, equal, test } from "./harness.js";

const broken = () => {
  throw new Error("storage is off");
};

test("what was added is there on the next page, in order", () => {
  const stored = emptyStorage();
  const outbox = createOutbox({ member: 7, storage: () => stored });
  for (const id of ["3", "1", "2"]) outbox.add({ verb: "vote", id, fields: {} });

  const next = createOutbox({ member: 7, storage: () => stored });
  next.load();

  equal(
    next.actions.map(({ id }) => id),
    ["3", "1", "2"],
  );
  equal(next.isPending("1"), true);
  equal(next.isPending("4"), false);
});

test("what was sent is gone on the next page", () => {
  const stored = emptyStorage();
  const outbox = createOutbox({ member: 7, storage: () => stored });
  outbox.add({ verb: "vote", id: "1", fields: {} });
  outbox.remove(outbox.actions[0]);

  equal(outbox.actions, []);
  equal(Object.keys(stored), []);
});

test("nobody sends the actions of another member", () => {
  const stored = emptyStorage();
  createOutbox({ member: 7, storage: () => stored }).add({ verb: "vote", id: "1", fields: {} });

  const other = createOutbox({ member: 71, storage: () => stored });
  other.load();

  equal(other.actions, []);
});

test("without a storage it says that the page has to stay open", () => {
  const outbox = createOutbox({ member: 7, storage: broken });
  outbox.load();
  equal(outbox.isAllStored(), true);

  outbox.add({ verb: "vote", id: "1", fields: {} });

  equal(outbox.isAllStored(), false);
  outbox.remove(outbox.actions[0]);
  equal(outbox.isAllStored(), true);
});

test("every change is told", () => {
  const stored = emptyStorage();
  const lengths = [];
  const outbox = createOutbox({ member: 7, storage: () => stored, onChange: () => lengths.push(outbox.actions.length) });
  outbox.load();
  outbox.add({ verb: "vote", id: "1", fields: {} });
  outbox.remove(outbox.actions[0]);

  equal(lengths, [0, 1, 0]);
});

test("two tabs share it: what one adds or sends is so in the other", () => {
  const stored = emptyStorage();
  const [one, other] = [1, 2].map(() => createOutbox({ member: 7, storage: () => stored }));
  one.add({ verb: "vote", id: "1", fields: {} });
  other.load();
  equal(
    other.actions.map(({ id }) => id),
    ["1"],
  );
  one.remove(one.actions[0]);
  equal(other.isWithdrawn(other.actions[0]), true);
  other.load();
  equal(other.actions, []);
});
