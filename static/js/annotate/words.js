// Words of scripts in the language of the page: gettext with the catalogue that is in the page as JSON. Without one, English.

const catalogue = (() => {
  const found = document.getElementById("script-words");
  return found ? JSON.parse(found.textContent) : { language: "en", words: {} };
})();

const plurals = new Intl.PluralRules(catalogue.language);
const SIX = ["zero", "one", "two", "few", "many", "other"];

export const gettext = (text) => catalogue.words[text] ?? text;

// The catalogue has one form, one for 1 and one for the rest, or the six of Arabic.
export const ngettext = (singular, plural, number) => {
  const category = plurals.select(number);
  const forms = catalogue.words[singular];
  if (!forms) return number === 1 ? singular : plural;
  if (forms.length === SIX.length) return forms[SIX.indexOf(category)];
  return forms.length === 1 || category === "one" ? forms[0] : forms[1];
};

// "%(name)s" by its value. A function as the second argument of `replace`, because values may have $ in them.
export const interpolate = (text, values) => text.replaceAll(/%\((\w+)\)s/g, (_, name) => String(values[name]));

// To a tenth, with the sign for decimals of the language and the digits that the server writes.
export const formatNumber = (number) =>
  number.toLocaleString(catalogue.language, { minimumFractionDigits: 1, maximumFractionDigits: 1, numberingSystem: "latn" });

// The two images of a pair, by how they stand.
export const imageNames = (isStacked) =>
  isStacked ? [gettext("Top image"), gettext("Bottom image")] : [gettext("Left image"), gettext("Right image")];
