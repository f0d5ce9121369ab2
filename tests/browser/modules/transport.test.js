import { REFRESH, createTransport, isForThisPage } from "../../../static/js/annotate/transport.js";
import { equal, page, test } from "./harness.js";

const HELD = { have: ["1", "2"], unsent: 1, notice: "" };
const ADDRESSES = { page: "/c/x/", answers: "/nowhere/", ofAction: (id, verb) => `/assignments/${id}/${verb}/` };

const make = () => {
  const asked = [];
  const xhr = { status: 200, getResponseHeader: () => null };
  const htmx = {
    ajax: (method, address, { values, headers, handler }) => {
      asked.push([method, address, values, headers]);
      handler(null, { xhr });
      return Promise.resolve();
    },
  };
  const transport = createTransport({ htmx, cards: page(""), token: () => "t", addresses: ADDRESSES, member: 7 });
  return { transport, asked, xhr };
};

test("an action goes to its address, with what the page holds", async () => {
  const { transport, asked, xhr } = make();
  equal((await transport.act({ verb: "flag", id: "4", fields: { reason: "unsafe" } }, HELD)) === xhr, true);
  equal(asked, [
    ["POST", "/assignments/4/flag/", { reason: "unsafe", have: "1,2", unsent: 1, notice: "", member: 7 }, { "X-CSRFToken": "t" }],
  ]);
});

test("a refresh only asks", async () => {
  const { transport, asked } = make();
  await transport.act(REFRESH, HELD);
  equal(asked[0].slice(0, 2), ["GET", "/c/x/"]);
});

test("answers that come to nothing have the status 0, and an error its own", async () => {
  const { transport } = make();
  equal(await transport.answer([], HELD), { status: 404, data: null });
  const away = createTransport({ token: () => "", addresses: { answers: "http://[::1]:1/" }, member: 7 });
  equal(await away.answer([], HELD), { status: 0, data: null });
});

test("an error that was not written for the page is told apart", () => {
  const of = (status, target) => ({ status, getResponseHeader: () => target });
  equal([isForThisPage(of(200, null)), isForThisPage(of(409, "#cards")), isForThisPage(of(404, null))], [true, true, false]);
});
