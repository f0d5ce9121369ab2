// What every page needs: errors of htmx requests are said, never swallowed.
(() => {
  "use strict";

  const notice = document.getElementById("notice");

  const say = (text) => {
    const line = document.createElement("p");
    line.className = "notice error";
    line.textContent = text;
    notice.replaceChildren(line);
  };

  // Pieces that a page fetches by itself come again anyway; only what somebody did is worth a message. Some parts of a
  // page say their errors themselves.
  const wasAsked = (event) => event.detail.requestConfig?.verb !== "get" && !event.target.closest("[data-own-errors]");

  // An error answer is shown where it says it belongs; any other is no piece of this page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
    else if (xhr.status < 400 && wasAsked(event)) notice.replaceChildren();
  });

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.getResponseHeader("HX-Retarget") || !wasAsked(event)) return;
    if (xhr.status === 403) say("This page was open too long. Reload it and try again.");
    else say(`The server could not do that (error ${xhr.status}). Try again in a moment.`);
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      if (wasAsked(event)) say("The server cannot be reached. Check your connection and try again.");
    });
  }

  // The account menu closes like a menu.
  const menu = document.querySelector("[data-menu]");
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
