import { createTransport, isForThisPage } from "../../../static/js/annotate/transport.js";
import { equal, page, test } from "./harness.js";

const HELD = { have: ["1", "2"], unsent: 1, notice: "" };
const ADDRESSES = {
  page: "/c/x/",
  cards: "/c/x/deck/",
  answers: "/nowhere/",
  ofAction: (id, verb) => `/assignments/${id}/${verb}/`,
};

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

const respond = (body, { status = 200, type = "application/json", ...headers } = {}) => {
  const asked = [];
  window.fetch = async (address, options) => {
    asked.push([options.method, address]);
    return new Response(body, { status, headers: { "Content-Type": type, ...headers } });
  };
  return asked;
};

test("a look only asks, and says what the page holds", async () => {
  const asked = respond('{"cards": []}');
  equal(await make().transport.look(HELD), { status: 200, refusal: "", data: { cards: [] } });
  equal(asked, [["GET", "/c/x/deck/?have=1%2C2&unsent=1&notice=&member=7"]]);
});

test("an answer of the site is told from that of a proxy", async () => {
  const { transport } = make();
  respond('{"detail": "No."}', { status: 404, "X-Refusal": "not_found" });
  equal(await transport.answer([], HELD), { status: 404, refusal: "not_found", data: { detail: "No." } });
  respond("<html>", { status: 404, type: "text/html" });
  equal(await transport.answer([], HELD), { status: 404, refusal: "", data: null });
  respond("<html>Log in to this network", { type: "text/html" });
  equal((await transport.answer([], HELD)).status, 0);
  window.fetch = () => Promise.reject(new TypeError("no network"));
  equal(await transport.answer([], HELD), { status: 0, refusal: "", data: null });
});

test("an error that was not written for the page is told apart", () => {
  const of = (status, target) => ({ status, getResponseHeader: () => target });
  equal([isForThisPage(of(200, null)), isForThisPage(of(409, "#cards")), isForThisPage(of(404, null))], [true, true, false]);
});
