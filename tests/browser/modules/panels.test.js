import { createFlag, createGuideline, createHelp } from "../../../static/js/annotate/panels.js";
import { equal, page, test, until } from "./harness.js";

test("the help opens", () => {
  page(`<button data-open-help>?</button><dialog></dialog>`);
  const help = createHelp({ dialog: document.querySelector("dialog"), document });
  equal(help.isOpen(), false);
  document.querySelector("button").click();
  equal(help.isOpen(), true);
  document.querySelector("dialog").close();
});

test("the guideline opens, takes the focus, and gives it back", () => {
  page(`<a href="#there" data-open-panel>Guideline</a><aside hidden><h2 id="guideline-title" tabindex="-1">Text</h2></aside>`);
  const guideline = createGuideline({ panel: document.querySelector("aside"), document });
  document.querySelector("a").click();
  equal([guideline.isOpen(), document.activeElement.id], [true, "guideline-title"]);
  document.querySelector("a").click();
  equal([guideline.isOpen(), document.activeElement.textContent], [false, "Guideline"]);
});

test("the form to flag a pair closes like a menu, and forgets what was in it", async () => {
  page(`<details><summary>Flag</summary><form><input type="radio"><input type="text"></form></details><p>elsewhere</p>`);
  const details = document.querySelector("details");
  const notes = [];
  const flag = createFlag({ flag: details, document, keepNote: (text) => notes.push(text) });
  details.open = true;
  await until(() => document.activeElement.type === "radio");
  flag.showNote("a not");
  document.querySelector("input[type=text]").value = "a note";
  document.querySelector("input[type=text]").dispatchEvent(new Event("input"));
  flag.close();
  equal(
    [flag.isOpen(), document.querySelector("input[type=text]").value, document.activeElement.tagName],
    [false, "", "SUMMARY"],
  );
  details.open = true;
  document.querySelector("p").click();
  equal(flag.isOpen(), false);
});
