import { readPageData, wordsOf } from "../../../static/js/annotate/page_data.js";
import { equal, page, test } from "./harness.js";

test("it is read from the page", () => {
  page('<script type="application/json" id="page-data">{"member": 7, "text": "\\u003Cb\\u003E"}</script>');
  equal(readPageData(document), { member: 7, text: "<b>" });
});

test("words follow how the images stand", () => {
  const choice = { wide: { label: "Left is better" }, stacked: { label: "Top is better" } };
  equal(wordsOf(choice, false).label, "Left is better");
  equal(wordsOf(choice, true).label, "Top is better");
});
