import { createAside } from "../../../static/js/annotate/aside.js";
import { createOutbox } from "../../../static/js/annotate/outbox.js";
import { emptyStorage, equal, page, test } from "./harness.js";

const make = () => {
  page(`<p id="aside" hidden><span data-text></span><button data-download></button><button data-send-again></button>
    <button data-delete></button></p>`);
  const stored = emptyStorage();
  const outbox = createOutbox({ member: 7, storage: () => stored });
  let sent = 0;
  const box = document.getElementById("aside");
  const aside = createAside({ box, outbox, sendAgain: () => (sent += 1) });
  outbox.add({ verb: "vote", id: "1", fields: { choice: "a", question: "overall" }, prompt: "two cats" });
  outbox.setAside(outbox.actions[0], "campaign_closed", "It is closed.");
  aside.update();
  return { box, outbox, stored, sent: () => sent };
};

test("it says how much was set aside", () => {
  const { box, outbox } = make();
  equal([box.hidden, box.querySelector("[data-text]").textContent], [false, "1 answer could not be recorded."]);
  equal(outbox.actions, []);
});

test("it is downloaded with what was chosen and why it was refused", async () => {
  const { box } = make();
  let file = null;
  const { createObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    file = blob;
    return "#";
  };
  box.querySelector("[data-download]").click();
  URL.createObjectURL = createObjectURL;
  const [{ assignment, choice, refused }] = JSON.parse(await file.text());
  equal([assignment, choice, refused.code], [1, "a", "campaign_closed"]);
});

test("it can be sent once more, or deleted", () => {
  const again = make();
  again.box.querySelector("[data-send-again]").click();
  equal([again.outbox.actions.length, again.outbox.aside(), again.box.hidden, again.sent()], [1, [], true, 1]);
  const gone = make();
  gone.box.querySelector("[data-delete]").click();
  equal([gone.outbox.actions.length, Object.keys(gone.stored), gone.box.hidden], [0, [], true]);
});
