// Runs in the measured page before its own scripts. Notes when a key went down, when the images of the next pair were on
// the screen (Element Timing: the time of presentation), what moved (layout shifts), and when the first pair could be judged.
(() => {
  const seen = (window.measured = { keys: [], painted: {}, shifts: [], events: [], firstVotable: null });

  const mark = (node) => {
    for (const image of node.querySelectorAll?.(".card img") ?? []) {
      const card = image.closest(".card").dataset.assignment;
      image.setAttribute("elementtiming", `${card}`);
    }
  };
  const watch = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) mark(node.parentNode ?? node);
    const deck = document.getElementById("deck");
    if (seen.firstVotable === null && deck?.dataset.state === "open") {
      seen.firstVotable = 0;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          seen.firstVotable = performance.now();
        };
        port2.postMessage(null);
      });
    }
  });
  watch.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-state"] });

  new PerformanceObserver((list) => {
    for (const { identifier, renderTime } of list.getEntries()) {
      seen.painted[identifier] = Math.max(seen.painted[identifier] ?? 0, renderTime);
    }
  }).observe({ type: "element", buffered: true });
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) seen.shifts.push([value, hadRecentInput]);
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === "keydown") seen.events.push(duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });

  // After the page has dealt with the key: which card it shows now.
  window.addEventListener("keydown", (event) => {
    const next = document.querySelector(".card.current");
    seen.keys.push([event.timeStamp, next?.dataset.state === "open" ? next.dataset.assignment : null]);
  });
})();
