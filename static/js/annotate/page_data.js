// What the server says of the page, as JSON in it: addresses, questions, and the choices with their words and keys.
export const readPageData = (document) => JSON.parse(document.getElementById("page-data").textContent);

// The words of a choice where the images stand side by side, and where one stands above the other.
export const wordsOf = (choice, isStacked) => (isStacked ? choice.stacked : choice.wide);
