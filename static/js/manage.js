// The campaign's page: its figures are fetched every few seconds, but not while nobody looks.
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
