import { createOutbox } from "../../../static/js/annotate/outbox.js";
import { createSender } from "../../../static/js/annotate/sender.js";
import { emptyStorage, equal, test, until } from "./harness.js";

const xhr = (status, headers = {}) => ({ status, getResponseHeader: (name) => headers[name] ?? null });

const make = ({ statuses = [200], hasCard = true } = {}) => {
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
        const status = next();
        return { status, data: status < 400 ? {} : null };
      },
      act: async ({ verb, id }) => {
        log.push([verb, id].join(" "));
        return xhr(next());
      },
    },
    messages,
    addresses: { logIn: "/login/", page: "/c/x/" },
    held: () => ({}),
    answerOf: ({ id }) => id,
    page: { hasCard: () => hasCard, isOver: () => false },
    onAnswers: (actions, status) => {
      log.push(`done ${status}`);
      done(actions);
      sender.sendOrRedirect();
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
  equal(log, ["refresh ", "done 200"]);
});

test("the lease is renewed before it ends", async () => {
  const { sender, log } = make();
  sender.setLease(3600);
  sender.renewLease();
  equal(log, []);
  sender.setLease(60);
  sender.renewLease();
  await until(() => log.length === 2);
  equal(log, ["refresh ", "done 200"]);
});
