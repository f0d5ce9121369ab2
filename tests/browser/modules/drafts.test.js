import { createDrafts } from "../../../static/js/annotate/drafts.js";
import { emptyStorage, equal, test } from "./harness.js";

test("what was typed and answered is there on the next page", () => {
  const stored = emptyStorage();
  const make = (member = 7) => createDrafts({ member, storage: () => stored, now: () => 5 });
  make().set("1", { comment: "blurred" });
  make().set("1", { chosen: { overall: "a" } });

  equal(make().get("1"), { comment: "blurred", at: 5, chosen: { overall: "a" } });
  equal([make().get("2"), make(71).get("1")], [{}, {}]);
  make().clear("1");
  equal(make().get("1"), {});
});

test("old drafts go", () => {
  const stored = emptyStorage();
  const day = 24 * 3600 * 1000;
  createDrafts({ member: 7, storage: () => stored, now: () => day }).set("1", { comment: "old" });
  createDrafts({ member: 7, storage: () => stored, now: () => 5 * day }).set("2", { comment: "new" });
  const drafts = createDrafts({ member: 7, storage: () => stored, now: () => 9 * day });
  drafts.clearOld();
  equal([drafts.get("1"), drafts.get("2").comment], [{}, "new"]);
});

test("without a storage nothing is kept, and nothing fails", () => {
  const drafts = createDrafts({
    member: 7,
    storage: () => {
      throw new Error("storage is off");
    },
  });
  drafts.set("1", { comment: "x" });
  drafts.clear("1");
  drafts.clearOld();
  equal(drafts.get("1"), {});
});
