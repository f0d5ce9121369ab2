// Toasts for what finished meanwhile: asked for every few seconds while the tab is visible, and at once on the next page.
const toasts = document.getElementById("toasts");
const PERIOD_MS = 15_000;
const key = `diptych meanwhile ${toasts.dataset.address}`;

// Without storage, only what finishes while this page is open is told.
let since = toasts.dataset.since;
try {
  since = sessionStorage.getItem(key) ?? since;
} catch {
  // storage is off
}

const ask = async () => {
  if (document.hidden) return;
  try {
    const response = await fetch(`${toasts.dataset.address}?since=${since}`, { headers: { "HX-Request": "true" } });
    if (!response.ok) return;
    const box = document.createElement("div");
    box.innerHTML = await response.text();
    const found = box.querySelector("[data-until]");
    if (!found) return;
    since = found.dataset.until;
    try {
      sessionStorage.setItem(key, since);
    } catch {
      // storage is off
    }
    toasts.append(...found.children);
  } catch {
    // the next time asks for the same
  }
};

toasts.addEventListener("click", (event) => {
  event.target.closest("[data-close-toast]")?.closest(".toast").remove();
});
document.addEventListener("visibilitychange", ask);
setInterval(ask, PERIOD_MS);
ask();
