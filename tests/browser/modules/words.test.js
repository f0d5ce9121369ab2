import { formatNumber, gettext, interpolate, ngettext } from "../../../static/js/annotate/words.js";
import { equal, page, test } from "./harness.js";

// The module reads the page once, when it is loaded; another address loads it anew.
let version = 0;
const load = (language, words) => {
  page(`<script id="script-words" type="application/json">${JSON.stringify({ language, words })}</script>`);
  version += 1;
  return import(`../../../static/js/annotate/words.js?${version}`);
};

test("without a catalogue the words are those of the scripts", () => {
  equal(gettext("Reload"), "Reload");
  equal(
    [ngettext("%(n)s answer", "%(n)s answers", 1), ngettext("%(n)s answer", "%(n)s answers", 0)],
    ["%(n)s answer", "%(n)s answers"],
  );
  equal(formatNumber(3), "3.0");
});

test("a value may have any signs in it", () => {
  equal(interpolate("Next: %(prompt)s, %(number)s", { prompt: "$& %(number)s", number: 2 }), "Next: $& %(number)s, 2");
});

test("Arabic has six plurals", async () => {
  const words = await load("ar", { "%(n)s answer": ["zero", "one", "two", "few", "many", "other"] });
  const forms = [0, 1, 2, 3, 11, 100].map((number) => words.ngettext("%(n)s answer", "%(n)s answers", number));
  equal(forms, ["zero", "one", "two", "few", "many", "other"]);
});

test("Japanese has one plural, and German two", async () => {
  const japanese = await load("ja", { "%(n)s answer": ["only"] });
  equal(
    [0, 1, 5].map((number) => japanese.ngettext("%(n)s answer", "", number)),
    ["only", "only", "only"],
  );
  const german = await load("de", { Reload: "Neu laden", "%(n)s answer": ["eine", "viele"] });
  equal(
    [0, 1, 5].map((number) => german.ngettext("%(n)s answer", "", number)),
    ["viele", "eine", "viele"],
  );
  equal([german.gettext("Reload"), german.gettext("Unknown")], ["Neu laden", "Unknown"]);
  equal(german.formatNumber(2.5), "2,5");
});
