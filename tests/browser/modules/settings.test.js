import { createSettings } from "../../../static/js/annotate/settings.js";
import { equal, page, test } from "./harness.js";

const make = (values) => {
  page(`<form><input type="radio" name="ground" value="grey"><input type="radio" name="ground" value="black">
    <input type="checkbox" name="tap"></form>`);
  const [sent, seen] = [[], []];
  const form = document.querySelector("form");
  const settings = createSettings({
    form,
    values,
    send: (change) => sent.push(change),
    onChange: (all) => seen.push({ ...all }),
  });
  return { form, settings, sent, seen };
};

test("the form shows them, and a change is sent and used at once", () => {
  const { form, settings, sent, seen } = make({ ground: "black", tap: true });
  equal([form.elements.ground.value, form.elements.tap.checked], ["black", true]);

  form.elements.tap.click();
  form.elements.ground[0].click();

  equal(sent, [{ tap: false }, { ground: "grey" }]);
  equal([settings.get("tap"), settings.get("ground"), seen.at(-1)], [false, "grey", { ground: "grey", tap: false }]);
});

test("the page itself can change one", () => {
  const { form, settings, sent } = make({ ground: "black", tap: true });
  settings.set("tap", false);
  equal([form.elements.tap.checked, sent], [false, [{ tap: false }]]);
});
