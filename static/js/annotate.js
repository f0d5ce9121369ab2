// The annotation page. The forms work without this; it adds keys, the time a judgment took, images fetched ahead,
// the panel, and what to do when a vote does not get through.
(() => {
  "use strict";

  const deck = document.getElementById("deck");
  const help = document.getElementById("help");
  const panel = document.getElementById("guideline-panel");
  const keysOn = document.getElementById("keys-on");
  const stacked = window.matchMedia("(max-width: 39.99rem)");

  // --- the current card: "loading" until both images are decoded, then "open", and "sending" from the choice on
  let card = null;
  let openedAt = null;
  let pressed = null; // the button of the choice that is being sent
  let kept = []; // images fetched ahead, held so that the browser keeps them decoded

  const setState = (state) => {
    card.dataset.state = state;
    for (const button of card.querySelectorAll(".vote [type=submit]")) {
      // Not `disabled`, which would take the focus off it.
      if (state === "open") button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
  };

  const nameSides = () => {
    for (const image of deck.querySelectorAll("img[data-alt-stacked]")) {
      image.dataset.altWide ??= image.alt;
      image.alt = stacked.matches ? image.dataset.altStacked : image.dataset.altWide;
    }
  };

  const fetchAhead = (from) => {
    const { content } = from.querySelector("template[data-ahead]");
    kept = [...document.importNode(content, true).querySelectorAll("img")]; // in the template itself nothing loads
    for (const image of kept) image.decode().catch(() => {}); // shown later, and checked then
  };

  const start = async () => {
    const current = deck.querySelector("article.card");
    card = current;
    openedAt = pressed = null;
    if (!current) return;
    setState("loading");
    nameSides();
    const prompt = current.querySelector(".prompt");
    if (prompt.scrollHeight > prompt.clientHeight) prompt.tabIndex = 0;
    try {
      await Promise.all([...current.querySelectorAll(".pair img")].map((image) => image.decode()));
    } catch {
      if (card === current) current.querySelector(".broken").hidden = false;
      return;
    }
    if (card !== current) return;
    openedAt = performance.now();
    setState("open");
    fetchAhead(current);
  };

  // --- sending: once per card, with the time since its images were there
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!card?.contains(form)) return;
      const isVote = form.id === "vote";
      if (card.dataset.state === "sending" || (isVote && card.dataset.state !== "open")) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      if (isVote) form.elements.elapsed_ms.value = Math.round(performance.now() - openedAt);
    },
    true,
  );

  deck.addEventListener("htmx:beforeRequest", (event) => {
    if (!card?.contains(event.target)) return;
    pressed = event.detail.requestConfig.triggeringEvent?.submitter ?? null;
    card.querySelector(".unsent").hidden = true;
    card.dataset.back = card.dataset.state;
    setState("sending");
    pressed?.classList.add("pressed");
  });

  // The second half of a double click would fall on the card that came in between.
  deck.addEventListener(
    "click",
    (event) => {
      if (event.detail < 2 || !event.target.closest("button")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  // Where the keyboard was: on the same button of the next card, else on its heading, which a screen reader then reads.
  deck.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    deck.dataset.focus = active?.name === "choice" && deck.contains(active) ? active.value : "";
  });

  deck.addEventListener("htmx:afterSwap", () => {
    const value = deck.dataset.focus;
    const same = value && deck.querySelector(`button[name="choice"][value="${value}"]`);
    if (!panel?.contains(document.activeElement)) (same || deck.querySelector("h1"))?.focus({ preventScroll: true });
    start();
  });

  // The same vote sent twice counts once, so sending again is always safe.
  const giveBack = (event, text) => {
    if (!card?.contains(event.target)) return;
    setState(card.dataset.back === "loading" ? "loading" : "open");
    const unsent = card.querySelector(".unsent");
    unsent.querySelector("[data-unsent-text]").textContent = text;
    unsent.hidden = false;
  };
  deck.addEventListener("htmx:sendError", (event) => giveBack(event, "The server cannot be reached. Not recorded yet."));
  deck.addEventListener("htmx:timeout", (event) => giveBack(event, "The server does not answer. It may not be recorded."));
  deck.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.getResponseHeader("HX-Retarget")) return;
    if (xhr.status === 403) giveBack(event, "Your log-in changed since this page was opened. Reload it.");
    else giveBack(event, `The server had an error (${xhr.status}). Not recorded yet.`);
  });
  deck.addEventListener("click", (event) => {
    if (event.target.closest("[data-send-again]")) pressed?.click();
  });

  // --- the form of a flag: keys are for it while it is used, and it closes like a menu
  const flag = () => deck.querySelector("[data-flag]");
  deck.addEventListener(
    "toggle",
    (event) => {
      if (event.target.matches("[data-flag][open]")) event.target.querySelector("input[type=radio]").focus();
    },
    true,
  );
  document.addEventListener("click", (event) => {
    if (flag()?.open && !flag().contains(event.target)) flag().open = false;
  });
  const closeFlag = () => {
    flag().open = false;
    flag().querySelector("summary").focus();
  };

  // --- the guideline beside the pair, and the help
  const togglePanel = (show = panel.hidden) => {
    panel.hidden = !show;
    if (show) document.getElementById("guideline-title").focus();
    else deck.querySelector("[data-open-panel]")?.focus();
  };
  document.addEventListener("click", (event) => {
    if (panel && event.target.closest("[data-open-panel]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      togglePanel();
    }
    if (event.target.closest("[data-close-panel]")) togglePanel(false);
    if (event.target.closest("[data-open-help]")) help.showModal();
  });

  // --- keys
  const KEYS_OFF = "diptych-keys-off";
  keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  });

  const isTyping = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

  // With several questions a choice answers the first that is open still; after the last one the button is next.
  const answerNext = (key) => {
    const question = [...deck.querySelectorAll("[data-question]")].find((set) => !set.querySelector(":checked"));
    const option = question?.querySelector(`[data-key="${key}"]`);
    if (!option) return false;
    option.click();
    if (!deck.querySelector("[data-question]:not(:has(:checked))")) deck.querySelector(".vote [type=submit]").focus();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    // A held Enter or space would press the same button of card after card.
    if (event.repeat && target.closest?.("#deck button")) event.preventDefault();
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (help.open) return;
    if (key === "Escape" && flag()?.open) closeFlag();
    if (isTyping(target) || target.closest("[data-flag] form")) return;
    if (key === "Escape" && panel && !panel.hidden) togglePanel(false);
    if (!keysOn.checked) return;
    // Arrows belong to a scrolled text or a group of radio buttons that has the focus.
    if (key.startsWith("Arrow") && target.closest("[type=radio], [role=region], .prompt[tabindex]")) return;
    const name = key.length === 1 ? key.toLowerCase() : key; // capital letters when caps lock is on
    const button = deck.querySelector(`[aria-keyshortcuts~="${CSS.escape(name)}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    } else if (/^[1-4]$/.test(key) && answerNext(key)) {
      event.preventDefault();
    }
  });

  stacked.addEventListener("change", nameSides);
  start();
})();
