// On every page: errors of htmx requests are shown, and menus close.
import { gettext, interpolate } from "./annotate/words.js";

const notice = document.getElementById("notice");

const showError = (text) => {
  const line = document.createElement("p");
  line.className = "notice error";
  line.textContent = text;
  notice.replaceChildren(line);
};

// Only errors of the user's own actions are shown: a page repeats its background requests by itself. Parts of a page with
// data-own-errors show their errors themselves.
const isUserAction = (event) => event.detail.requestConfig?.verb !== "get" && !event.target.closest("[data-own-errors]");

// An error response is shown at its HX-Retarget. Without one it was not written for this page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
  else if (xhr.status < 400 && isUserAction(event)) notice.replaceChildren();
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.getResponseHeader("HX-Retarget") || !isUserAction(event)) return;
  if (xhr.status === 403) showError(gettext("This page has expired. Reload it and try again."));
  else showError(interpolate(gettext("Something went wrong (error %(status)s). Try again in a moment."), { status: xhr.status }));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (isUserAction(event)) showError(gettext("Can't reach the server. Check your connection and try again."));
  });
}

// What was kept on this device for somebody to go on without a network goes with their log-out. Answers that were not sent yet
// stay, and wait for them.
const forget = async () => {
  try {
    const names = (await window.caches?.keys()) ?? []; // without HTTPS there are none
    await Promise.all(names.filter((name) => name.startsWith("diptych ")).map((name) => caches.delete(name)));
  } catch {
    // storage is off, so nothing was kept
  }
};
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-log-out]")) forget();
});
if (!document.body.hasAttribute("hx-headers")) forget(); // nobody is logged in

// A menu closes on a click outside and on Escape.
const menus = [...document.querySelectorAll("[data-menu]")];
document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});
for (const menu of menus) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.preventDefault(); // one Escape closes the menu, the next what it is in
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
