import { aimForms, catchForms, fieldsOfForm, verbOf } from "../../../static/js/annotate/forms.js";
import { equal, page, test } from "./harness.js";

const HTML = `<div id="deck">
  <form action="/assignments/1/vote/"><button name="choice" value="a">Left</button></form>
  <form action="/assignments/1/skip/"><input type="hidden" name="csrfmiddlewaretoken" value="t"><input name="note" value="n"></form>
  <form action="/assignments/4/undo/"></form><form action="/logout/"></form></div>`;

test("a form says what it does", () => {
  page(HTML);
  equal(
    [...document.forms].map((form) => verbOf(form) ?? null),
    ["vote", "skip", "undo", null],
  );
});

test("forms follow the card that is shown, except for undo", () => {
  page(HTML);
  aimForms(document.getElementById("deck"), (verb) => `/assignments/2/${verb}/`);
  equal(
    [...document.forms].map((form) => form.getAttribute("action")),
    ["/assignments/2/vote/", "/assignments/2/skip/", "/assignments/4/undo/", "/logout/"],
  );
});

test("the token is no field", () => {
  page(HTML);
  equal(fieldsOfForm(document.forms[1]), { note: "n" });
});

test("a submitted form is caught with the button that was pressed", () => {
  page(HTML);
  const acts = [];
  catchForms({ deck: document.getElementById("deck"), act: (...given) => acts.push(given) });
  document.querySelector("button").click();
  document.forms[1].requestSubmit();
  equal(acts, [
    ["vote", {}, "a"],
    ["skip", { note: "n" }, null],
  ]);
});

test("the second click of a double click is ignored", () => {
  page(HTML);
  const acts = [];
  catchForms({ deck: document.getElementById("deck"), act: (verb) => acts.push(verb) });
  for (const detail of [1, 2, 3]) {
    document.querySelector("button").dispatchEvent(new MouseEvent("click", { detail, bubbles: true, cancelable: true }));
  }
  equal(acts, ["vote"]);
});
