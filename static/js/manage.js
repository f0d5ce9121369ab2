// The campaign page: its figures are polled every few seconds, but only while the tab is visible.
(() => {
  "use strict";

  const isOfProgress = (event) => event.detail.elt?.id === "progress";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && isOfProgress(event)) event.preventDefault();
  });

  document.addEventListener("visibilitychange", () => {
    const progress = document.getElementById("progress");
    if (!document.hidden && progress) htmx.trigger(progress, "refresh");
  });
})();
