import { createOutbox } from "../../../static/js/annotate/outbox.js";
import { createSender, kindOf } from "../../../static/js/annotate/sender.js";
import { emptyStorage, equal, test, until } from "./harness.js";

const xhr = (status, headers = { "HX-Retarget": "#cards" }) => ({ status, getResponseHeader: (name) => headers[name] ?? null });

const make = ({ statuses = [200], hasCard = true, refusals = {}, isSiteWell = true, wait = 0, hangingMs = 3000 } = {}) => {
  const stored = emptyStorage();
  const outbox = createOutbox({ member: 7, storage: () => stored });
  const log = [];
  const answers = [...statuses];
  const next = () => (answers.length > 1 ? answers.shift() : answers[0]);
  const messages = {
    showUnsent: (text) => log.push(text),
    showError: (text, link) => log.push([text, link]),
    showStatus: () => {},
    closeError: () => log.push("closed"),
  };
  const done = (actions) => actions.forEach(outbox.remove);
  const sender = createSender({
    outbox,
    transport: {
      answer: async (votes) => {
        log.push(`answers ${votes}`);
        if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
        const status = next();
        return { status, refusal: refusals[status] ?? "", data: status < 400 ? {} : null };
      },
      act: async ({ verb, id }) => {
        log.push([verb, id].join(" "));
        return xhr(next());
      },
      look: async () => {
        log.push("look");
        return { status: isSiteWell ? 200 : 503, refusal: "", data: {} };
      },
    },
    messages,
    addresses: { logIn: "/login/", page: "/c/x/" },
    hangingMs,
    held: () => ({}),
    answerOf: ({ id }) => id,
    page: { hasCard: () => hasCard, isOver: () => false },
    onAnswers: (actions, status) => {
      log.push(`done ${status}`);
      done(actions);
      sender.sendOrRedirect();
    },
    onRefused: (action, code) => {
      log.push(`refused ${action.id} ${code}`);
      done([action]);
    },
    onAct: (action, { status }) => {
      log.push(`done ${status}`);
      done([action]);
      sender.sendOrRedirect();
    },
  });
  return { outbox, sender, log };
};
const vote = (id) => ({ verb: "vote", id, fields: {} });

test("votes go together, and other actions in their place", async () => {
  const { outbox, sender, log } = make();
  for (const action of [vote(1), vote(2), { verb: "skip", id: 3, fields: {} }, vote(4)]) outbox.add(action);
  sender.send();
  await until(() => !outbox.actions.length);
  equal(log, ["answers 1,2", "done 200", "skip 3", "done 200", "answers 4", "done 200"]);
});

test("after a failure the same is sent again", async () => {
  const { outbox, sender, log } = make({ statuses: [503, 200] });
  outbox.add(vote(1));
  sender.send();
  await until(() => !outbox.actions.length);
  equal(log, ["answers 1", "Server error (503), retrying.", "answers 1", "done 200"]);
});

test("what an answer means depends on who gave it", () => {
  const kinds = [
    [200, "", "done"],
    [401, "logged_out", "log_in"],
    [403, "csrf_failed", "reload"],
    [403, "other_account", "other_account"],
    [403, "", "unclear"], // a firewall that takes a comment for an attack
    [404, "not_found", "refused"], // after a restore of a backup
    [404, "", "unclear"],
    [409, "already_answered", "refused"],
    [410, "", "unclear"],
    [413, "body_too_large", "refused"],
    [413, "", "unclear"],
    [429, "", "retry"],
    [500, "", "unclear"],
    [502, "", "retry"],
    [503, "unavailable", "retry"],
    [0, "", "retry"],
  ];
  for (const [status, refusal, kind] of kinds) equal(kindOf(status, refusal), kind, `${status} ${refusal}`);
});

test("of several together, the one that is refused is found, and the rest goes on", async () => {
  const { outbox, sender, log } = make({ statuses: [404, 404, 200], refusals: { 404: "not_found" } });
  for (const id of [1, 2]) outbox.add(vote(id));
  sender.send();
  await until(() => !outbox.actions.length);
  equal(log, ["answers 1,2", "answers 1", "refused 1 not_found", "answers 2", "done 200"]);
});

test("what is refused by nobody knows whom is tried again, and given up only if the site is well", async () => {
  const { outbox, sender, log } = make({ statuses: [404, 404, 404, 200] });
  for (const id of [1]) outbox.add(vote(id));
  sender.send();
  await until(() => !outbox.actions.length);
  equal(log.at(-1), "refused 1 404");
  equal(log.filter((line) => line === "answers 1").length, 3);
});

test("an answer that comes late is said to do so", async () => {
  const { outbox, log, sender } = make({ wait: 60, hangingMs: 20 });
  outbox.add(vote(1));
  sender.send();
  await until(() => !outbox.actions.length);
  equal(log, ["answers 1", "The server takes long to answer.", "done 200"]);
});

test("only one request is on its way", async () => {
  const { outbox, sender, log } = make();
  outbox.add(vote(1));
  sender.send();
  equal(sender.isSending(outbox.actions[0]), true);
  sender.send();
  await until(() => !outbox.actions.length);
  equal(log, ["answers 1", "done 200"]);
});

test("without a session it waits for a log-in, and keeps the answers", async () => {
  const { outbox, sender, log } = make({ statuses: [401] });
  outbox.add(vote(1));
  await sender.send();
  await sender.send();
  equal(log, ["answers 1", ["Your session has ended. 1 answer saved on this device.", ["Log in", "/login/?next=%2Fc%2Fx%2F"]]]);
});

test("coming back goes on, and asks for cards where none is left", async () => {
  const { sender, log } = make({ hasCard: false });
  sender.resume();
  await until(() => log.length === 2);
  equal(log, ["look", "done 200"]);
});

test("the lease is renewed before it ends", async () => {
  const { sender, log } = make();
  sender.setLease(3600);
  sender.renewLease();
  equal(log, []);
  sender.setLease(60, false); // of the first cards
  sender.renewLease();
  await until(() => log.length === 2);
  equal(log, ["look", "done 200"]);
});
