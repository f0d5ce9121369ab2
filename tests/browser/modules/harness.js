// Runs the tests of a module, each on an empty page, and says by name what failed.

const tests = [];

export const test = (name, run) => tests.push({ name, run });

export const equal = (found, expected, about = "") => {
  const [left, right] = [found, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${about} ${left} is not ${right}`.trim());
};

// Resolves once the condition holds.
export const until = async (condition) => {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Not in time: ${condition}`);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
};

// The body, with this in it.
export const page = (html) => {
  document.body.innerHTML = html;
  return document.body;
};

// A storage of its own, as localStorage.
export const emptyStorage = () => {
  const stored = Object.create({
    getItem: (key) => stored[key] ?? null,
    setItem: (key, value) => {
      stored[key] = value;
    },
    removeItem: (key) => {
      delete stored[key];
    },
  });
  return stored;
};

// An image that loads, of this size, and the address of one that does not.
export const picture = (width, height) =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`)}`;
export const BROKEN = "data:image/png,broken";

export const cardHtml = ({ id = 1, prompt = "two cats", images = [picture(40, 30), picture(40, 30)], slots = ["a", "b"] } = {}) =>
  `<article class="card" data-assignment="${id}"><div class="prompt"><h1>${prompt}</h1></div><div class="pair">${slots
    .map((slot, at) => `<div class="box" data-slot="${slot}"><img width="40" height="30" src='${images[at]}' alt=""></div>`)
    .join("")}</div></article>`;

// The card that others are made from.
export const BLANK = cardHtml({ id: "", prompt: "", images: ["address/640/", "address/640/"] }).replaceAll(
  "<img ",
  '<img srcset="address/640/ 640w" ',
);

export const run = async (file) => {
  await import(file);
  const results = {};
  for (const { name, run: body } of tests) {
    page("");
    try {
      await body();
      results[name] = "";
    } catch (error) {
      results[name] = String(error?.stack ?? error);
    }
  }
  return results;
};
