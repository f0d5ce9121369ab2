// The annotation page. Its forms work without JavaScript. This script shows the next card at once and sends each action in
// the background, one after the other. Unsent actions are kept until they are sent: through a lost network, a reload, a login.
(() => {
  "use strict";

  if (!window.htmx) return;
  const byId = (id) => document.getElementById(id);
  const [deck, cards, controls, waiting, broken, trouble, now, statusMessage] = [
    "deck", "cards", "controls", "waiting", "broken", "trouble", "now", "status-message",
  ].map(byId);
  const voteForm = byId("vote");
  const stacked = window.matchMedia("(max-width: 39.99rem)");
  const root = voteForm.getAttribute("action").replace(/\d+\/vote\/$/, ""); // what the URLs of all assignments begin with
  const page = location.pathname;

  // --- the outbox: actions that the server has not acknowledged. They are sent in order and stored in this browser under a
  // key each, so that two tabs do not overwrite each other. Sending one twice does no harm.
  const PREFIX = `diptych-unsent ${deck.dataset.member} `;
  const outbox = [];
  let count = 0;
  const showCount = () => {
    deck.dataset.unsent = outbox.length;
  };

  const enqueue = (action) => {
    action.key = `${PREFIX}${Date.now()}.${String(count++).padStart(4, "0")}`;
    outbox.push(action);
    try {
      localStorage.setItem(action.key, JSON.stringify(action));
      action.isStored = true;
    } catch {
      action.isStored = false;
    }
    showCount();
  };

  const dequeue = (action) => {
    const at = outbox.indexOf(action);
    if (at >= 0) outbox.splice(at, 1);
    try {
      localStorage.removeItem(action.key);
    } catch {
      // nothing can be stored here, so nothing was
    }
    showCount();
  };

  const load = () => {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();
      for (const key of keys) outbox.push({ ...JSON.parse(localStorage.getItem(key)), key, isStored: true });
    } catch {
      // storage is off, or holds something else
    }
    showCount();
  };

  window.addEventListener("beforeunload", (event) => {
    if (outbox.some((action) => !action.isStored)) event.preventDefault();
  });

  // --- messages
  const showStatus = (text) => {
    statusMessage.textContent = text;
  };

  const countAnswers = (number) => (number === 1 ? "1 answer" : `${number} answers`);

  const showUnsent = (why) => {
    const where = outbox.every((action) => action.isStored) ? "saved on this device" : "not sent yet, keep this page open";
    showStatus(outbox.length ? `${why} ${countAnswers(outbox.length)} ${where}.` : why);
  };

  const showError = (text, link = null) => {
    trouble.querySelector("[data-text]").textContent = text;
    const anchor = trouble.querySelector("a");
    anchor.hidden = !link;
    trouble.querySelector("[data-close]").hidden = Boolean(link);
    if (link) [anchor.textContent, anchor.href] = link;
    trouble.hidden = false;
  };

  // The notice on the page, so that the server does not send it again with every answer.
  const noticeId = () => document.querySelector("#moderation-notice [data-notice]")?.dataset.notice ?? "";

  // --- the time of a judgment: counted while both images are loaded and the tab is visible
  let elapsedBefore = 0;
  let since = null;
  const startTimer = () => {
    elapsedBefore = 0;
    since = document.hidden ? null : performance.now();
  };
  const elapsed = () => Math.round(elapsedBefore + (since === null ? 0 : performance.now() - since));

  // --- the cards: "loading" until both images are decoded, then "open", or "broken" if one fails; class "gone" once answered
  let current = null;
  const judged = []; // newest last, for undo
  const JUDGED_LIMIT = 20;
  let undoable = ""; // the assignment that undo takes back if nothing was judged since the page was loaded
  let leaseUntil = Infinity; // milliseconds

  const idOf = (card) => card.dataset.assignment;
  const next = () => cards.querySelector(".card:not(.gone)");
  const isPending = (id) => outbox.some((action) => action.id === id);
  const promptOf = (card) => card.querySelector("h1").textContent;

  const labelImages = (card) => {
    const [left, right] = card.querySelectorAll(".box > img:first-child");
    [left.alt, right.alt] = stacked.matches ? ["Top image", "Bottom image"] : ["Left image", "Right image"];
  };

  const prepare = async (card) => {
    card.dataset.state = "loading";
    labelImages(card);
    try {
      await Promise.all([...card.querySelectorAll("img")].map((image) => image.decode()));
      card.dataset.state = "open";
    } catch {
      card.dataset.state = "broken";
    }
    if (card === current) unlock();
  };

  const unlock = () => {
    const isOpen = current?.dataset.state === "open";
    broken.hidden = current?.dataset.state !== "broken";
    // Not `disabled`, because that would move the focus away.
    for (const button of choiceButtons) {
      if (isOpen) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
    deck.dataset.state = current?.dataset.state ?? "";
    if (isOpen) startTimer();
  };

  const show = (card) => {
    zoom.leave();
    current?.classList.remove("current");
    current = card;
    const state = cards.querySelector(".state");
    waiting.hidden = Boolean(card || state);
    // Hidden but still laid out, so that nothing on the page moves.
    controls.classList.toggle("away", !card && Boolean(state));
    if (card) controls.hidden = false;
    if (card) {
      card.classList.add("current");
      setForms(card);
      now.textContent = `Next pair: ${promptOf(card)}. ${stacked.matches ? "Top and bottom" : "Left and right"} image.`;
      const prompt = card.querySelector(".prompt");
      if (prompt.scrollHeight > prompt.clientHeight) prompt.tabIndex = 0;
    } else if (state) {
      state.querySelector("[tabindex]")?.focus();
    }
    unlock();
  };

  // --- the questions: answered in order with the same buttons, and sent together after the last one
  const choiceButtons = [...voteForm.querySelectorAll("button.choice")];
  const steps = [...voteForm.querySelectorAll(".step")]; // none if the campaign has one question
  const questions = steps.length
    ? steps.map(({ dataset }) => ({ slug: dataset.question, text: dataset.text, choices: dataset.choices.split(" ") }))
    : [{ slug: voteForm.elements.question.value, choices: choiceButtons.map(({ value }) => value).concat("a", "b") }];
  const comment = voteForm.elements.comment;
  let chosen = {}; // question to choice
  let questionIndex = 0;

  const choiceLabel = (choice) => {
    const button = choiceButtons.find(({ value }) => value === choice);
    if (!button?.dataset.side) return button?.firstElementChild.textContent.trim() ?? "";
    const [wide, narrow] = button.dataset.side === "left" ? ["Left", "Top"] : ["Right", "Bottom"];
    return stacked.matches ? narrow : wide;
  };

  const showQuestion = (index) => {
    questionIndex = index;
    const { slug, text, choices } = questions[questionIndex];
    const earlier = (current.dataset.earlier ?? "").split(" ").find((word) => word.startsWith(`${slug}:`));
    for (const button of choiceButtons) {
      button.classList.toggle("absent", !choices.includes(button.value));
      button.toggleAttribute("data-earlier", earlier === `${slug}:${button.value}`);
    }
    if (!steps.length) return;
    byId("question-text").textContent = text;
    steps.forEach((step, at) => {
      if (at === questionIndex) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
      step.querySelector(".step-answer").textContent = choiceLabel(chosen[questions[at].slug]);
    });
    if (questionIndex > 0) now.textContent = text;
  };

  const setForms = (card) => {
    for (const form of controls.querySelectorAll("form")) {
      const verb = verbOf(form);
      if (verb && verb !== "undo") form.setAttribute("action", `${root}${idOf(card)}/${verb}/`);
    }
    const slots = [...card.querySelectorAll(".box")].map((box) => box.dataset.slot);
    voteForm.querySelector(".left").value = slots[0];
    voteForm.querySelector(".right").value = slots[1];
    chosen = {};
    if (comment) comment.value = card.dataset.comment ?? "";
    showQuestion(0);
  };

  const choose = (choice) => {
    if (current?.dataset.state !== "open" || !questions[questionIndex].choices.includes(choice)) return;
    chosen[questions[questionIndex].slug] = choice;
    const open = questions.findIndex(({ slug }) => !(slug in chosen));
    if (open >= 0) {
      showQuestion(open);
      return;
    }
    const fields = { elapsed_ms: elapsed() };
    if (steps.length) for (const [slug, answer] of Object.entries(chosen)) fields[`choice_${slug}`] = answer;
    else Object.assign(fields, { question: questions[0].slug, choice });
    if (comment?.value.trim()) fields.comment = current.dataset.comment = comment.value;
    finish("vote", fields);
  };

  // --- the actions on a card: the next card is shown in the same frame, then the action is sent
  const sendSoon = () => setTimeout(send);

  const finish = (verb, fields) => {
    const card = current;
    enqueue({ verb, id: idOf(card), fields, prompt: promptOf(card) });
    if (verb === "vote") remember(card, chosen);
    card.classList.add("gone");
    show(next());
    sendSoon();
  };

  const remember = (card, answer) => {
    judged.push({ card, answer });
    if (judged.length > JUDGED_LIMIT) judged.shift();
    updateUndo();
  };

  const updateUndo = () => {
    const button = controls.querySelector('[aria-keyshortcuts="u"]');
    const id = judged.length ? idOf(judged.at(-1).card) : undoable;
    if (!button) return;
    button.disabled = !id;
    if (id) button.form.setAttribute("action", `${root}${id}/undo/`);
  };

  const restoreCard = (card, answer = {}) => {
    card.dataset.earlier = Object.entries(answer).map((words) => words.join(":")).join(" ");
    card.classList.remove("gone");
    cards.prepend(card);
    if (card.dataset.state !== "open") prepare(card);
    show(card);
  };

  const undo = () => {
    const last = judged.pop();
    const id = last ? idOf(last.card) : undoable;
    if (!id || (!last && isPending(id))) return;
    const unsent = outbox.find((action) => action.id === id && action.verb === "vote" && action !== sending);
    if (unsent) {
      dequeue(unsent);
      showStatus("Undone. It was not sent yet.");
    } else enqueue({ verb: "undo", id, fields: {}, prompt: last ? promptOf(last.card) : "" });
    if (last) restoreCard(last.card, last.answer);
    updateUndo();
    sendSoon();
  };

  // --- sending
  const REFRESH = { verb: "refresh" }; // only asks for the cards to judge
  const FIRST_WAIT = 1000; // milliseconds, doubled with each failure
  const LONGEST_WAIT = 30_000;
  const RETRY_STATUSES = new Set([0, 408, 425, 429]);
  let sending = null;
  let failures = 0;
  let timer = 0;
  let isSendingPaused = false; // nothing is sent until the annotator logs in or reloads
  let redirectTo = "";

  // From the cookie, not from the page: a login in another tab changes it.
  const token = () =>
    document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? voteForm.elements.csrfmiddlewaretoken.value;

  const request = (action) => {
    const shown = [...cards.querySelectorAll(".card:not(.gone)")].map(idOf);
    const unsent = new Set(outbox.filter((other) => other !== action && other.verb !== "undo").map((other) => other.id));
    const have = [...new Set([...shown, ...unsent])].join();
    const { member } = deck.dataset;
    const values = { ...action.fields, have, unsent: unsent.size, notice: noticeId(), member };
    return new Promise((resolve) => {
      htmx
        .ajax(action === REFRESH ? "GET" : "POST", action === REFRESH ? page : `${root}${action.id}/${action.verb}/`, {
          source: cards,
          target: cards,
          values,
          headers: { "X-CSRFToken": token() },
          handler: (_, { xhr }) => resolve(xhr),
        })
        .catch(() => resolve(null));
    });
  };

  const send = async (look = false) => {
    if (sending || isSendingPaused || !(outbox.length || look === REFRESH)) return;
    clearTimeout(timer);
    const action = (sending = outbox[0] ?? REFRESH);
    const xhr = await request(action);
    sending = null;
    receive(action, xhr);
  };

  const receive = (action, xhr) => {
    const status = xhr?.status ?? 0;
    const redirect = xhr?.getResponseHeader("HX-Redirect");
    if (RETRY_STATUSES.has(status) || status >= 500) {
      retry(action, status);
      return;
    }
    failures = 0;
    if (status === 401) {
      pauseSending("Your session has ended.", ["Log in", `${deck.dataset.logIn}?next=${encodeURIComponent(page)}`]);
    } else if (redirect) {
      dequeue(action);
      redirectTo = redirect;
      sendOrRedirect();
    } else if (status === 404 && !isForThisPage(xhr)) {
      pauseSending("You are logged in with another account in this browser.", ["Reload", page]);
    } else if (status === 403 && !isForThisPage(xhr)) {
      pauseSending("Please reload and log in again.", ["Reload", page]);
    } else {
      applyResponse(action, xhr);
    }
  };

  // Whether the error was written for this page. An error page of the server or of a proxy was not.
  const isForThisPage = (xhr) => xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") === "#cards";

  const retry = (action, status) => {
    const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
    failures += 1;
    if (!navigator.onLine) showUnsent("You are offline.");
    else showUnsent(status >= 500 ? `Server error (${status}), retrying.` : "Can't reach the server, retrying.");
    timer = setTimeout(() => send(action), wait);
  };

  const pauseSending = (text, link) => {
    isSendingPaused = true;
    const kept = outbox.length ? ` ${countAnswers(outbox.length)} saved on this device.` : "";
    showError(text + kept, link);
    showStatus("");
  };

  const resumeSending = () => {
    if (isSendingPaused) trouble.hidden = true;
    isSendingPaused = false;
    failures = 0;
    sendOrRefresh();
  };

  const sendOrRedirect = () => {
    if (outbox.length) send();
    else if (redirectTo) location.assign(redirectTo);
  };

  const applyResponse = (action, xhr) => {
    dequeue(action);
    if (action !== REFRESH) cards.querySelector(`.card.gone[data-assignment="${action.id}"]`)?.remove();
    if (isForThisPage(xhr)) htmx.swap(cards, xhr.responseText, { swapStyle: "beforeend", swapDelay: 0, settleDelay: 0 });
    const refusal = cards.querySelector(".refusal");
    if (!isForThisPage(xhr)) showRefusal(action, "", `The server refused it (error ${xhr.status}).`);
    else if (refusal) showRefusal(action, refusal.dataset.refused, refusal.textContent);
    refusal?.remove();
    updateDeck(action);
    sendOrRedirect();
  };

  const showRefusal = (action, code, text) => {
    const last = judged.findIndex(({ card }) => idOf(card) === action.id);
    const [entry] = last >= 0 && action.verb === "vote" ? judged.splice(last, 1) : [];
    updateUndo();
    if (entry && ["invalid", "member_changed", ""].includes(code)) restoreCard(entry.card, entry.answer);
    const about = action.prompt ? ` (“${action.prompt.slice(0, 80)}”)` : "";
    const title = { lease_expired: "Too late. ", already_answered: "Your first answer stays. " }[code] ?? "Not recorded. ";
    showError(action.verb === "undo" ? text : title + text + about);
    if (action.verb === "undo") cards.querySelector(`.card[data-assignment="${action.id}"]`)?.remove();
    showStatus("");
  };

  // Bring the deck up to date: prepare new cards, remove those that are no longer assigned to this annotator, show one.
  const updateDeck = (action = REFRESH) => {
    const queueStates = [...cards.querySelectorAll(".queue-state")];
    const queueState = queueStates.at(-1);
    for (const old of queueStates) old.remove();
    const queue = new Set(queueState?.value.split(",").filter(Boolean));
    const states = [...cards.querySelectorAll(".state")];
    for (const state of queue.size ? states : states.slice(0, -1)) state.remove();
    const reason = cards.querySelector(".state")?.dataset.reason;
    let back = null;
    for (const card of cards.querySelectorAll(".card:not([data-state])")) {
      if (action.verb === "undo" && idOf(card) === action.id) cards.prepend((back = card));
      prepare(card);
    }
    if (queueState) {
      undoable = queueState.dataset.undo;
      leaseUntil = Date.now() + 1000 * Number(queueState.dataset.lease);
      for (const card of cards.querySelectorAll(".card:not(.gone)")) {
        // In a paused campaign the card on the screen may still be answered.
        const isOnScreen = card === current && (!reason || reason === "paused");
        if (!queue.has(idOf(card)) && !isPending(idOf(card)) && !isOnScreen) card.remove();
      }
    }
    const isDone = !current?.isConnected || current.classList.contains("gone");
    if (back || isDone) show(back ?? next());
    updateUndo();
    if (!current && !outbox.length && !reason) send(REFRESH);
  };

  // --- coming back to the network, to this tab, or after a long break
  const sendOrRefresh = () => {
    const isOld = leaseUntil - Date.now() < LONGEST_WAIT || !current;
    send(isOld && !cards.querySelector(".state") ? REFRESH : undefined);
  };

  window.addEventListener("online", resumeSending);
  window.addEventListener("offline", () => showUnsent("You are offline."));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      elapsedBefore = elapsed();
      since = null;
      return;
    }
    since = current?.dataset.state === "open" ? performance.now() : null;
    resumeSending();
  });
  // Asking for the cards renews their lease, so that nobody loses the pair they are looking at.
  setInterval(() => {
    if (!document.hidden && leaseUntil - Date.now() < 5 * 60_000) send(REFRESH);
  }, 60_000);

  // --- the buttons
  const verbOf = (form) => form.getAttribute("action")?.match(/\/(vote|skip|flag|undo)\/$/)?.[1];

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const verb = deck.contains(form) && verbOf(form);
    if (!verb) return;
    event.preventDefault();
    if (verb === "undo") undo();
    else if (verb === "vote") choose(event.submitter?.value);
    else if (current) {
      finish(verb, Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken")));
      if (verb === "flag") closeFlag();
    }
  });

  // Ignore the second click of a double click: it would answer the next card.
  deck.addEventListener(
    "click",
    (event) => {
      if (event.detail < 2 || !event.target.closest("button, a")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  deck.addEventListener("click", (event) => {
    const step = event.target.closest(".step");
    if (step && current) showQuestion(steps.indexOf(step));
    if (event.target.closest("[data-close]")) trouble.hidden = true;
    if (event.target.closest("[data-load-again]") && current) {
      for (const image of current.querySelectorAll("img")) image.src = image.getAttribute("src"); // loads it again
      prepare(current);
    }
  });

  // --- the flag form: it gets the keys while it has the focus, and closes like a menu
  const flag = deck.querySelector("[data-flag]");
  flag.addEventListener("toggle", () => {
    if (flag.open) flag.querySelector("input[type=radio]").focus();
  });
  document.addEventListener("click", (event) => {
    if (flag.open && !flag.contains(event.target)) flag.open = false;
  });
  const closeFlag = () => {
    flag.open = false;
    flag.querySelector("form").reset();
    flag.querySelector("summary").focus();
  };

  // --- zoom: both images move together. The full-size images are fetched only when they are needed.
  const zoom = (() => {
    const MAX_SCALE = 8;
    const button = controls.querySelector("[data-zoom]");
    let scale = 1;
    let at = { x: 0.5, y: 0.5 }; // the point of the image in the middle of the box, from 0 to 1
    const pointers = new Map();
    let activeBox = null; // the box in which the first pointer went down

    const boxes = () => [...current.querySelectorAll(".box")];
    const isOn = () => scale > 1;

    // The rectangle of the image in its box when all of it is visible.
    const fitted = (box) => {
      const image = box.querySelector("img");
      const [w, h] = [image.getAttribute("width"), image.getAttribute("height")].map(Number);
      const fit = Math.min(box.clientWidth / w, box.clientHeight / h);
      const [width, height] = [w * fit, h * fit];
      return { width, height, left: (box.clientWidth - width) / 2, top: (box.clientHeight - height) / 2 };
    };

    const shift = (share, length, start, room) => {
      const slack = Math.min(0.5, room / (2 * scale * length)); // stop at the edge of the image
      return room / 2 - scale * (start + Math.max(slack, Math.min(1 - slack, share)) * length);
    };

    const draw = () => {
      for (const box of boxes()) {
        const { width, height, left, top } = fitted(box);
        const [x, y] = [shift(at.x, width, left, box.clientWidth), shift(at.y, height, top, box.clientHeight)];
        for (const image of box.querySelectorAll("img")) {
          image.style.transform = isOn() ? `translate(${x}px, ${y}px) scale(${scale})` : "";
        }
      }
      cards.classList.toggle("close", isOn());
      button.setAttribute("aria-pressed", String(isOn()));
    };

    const fetchFull = async (box) => {
      if (box.querySelector(".full")) return;
      const small = box.querySelector("img");
      const full = small.cloneNode();
      full.className = "full";
      for (const name of ["srcset", "sizes"]) full.removeAttribute(name);
      full.alt = ""; // it shows the same image, which has its alt text
      full.src = small.getAttribute("src").replace(/\d+\/$/, "full/");
      box.append(full);
      await full.decode().catch(() => full.remove()); // keep the small image
      full.classList.add("there");
    };

    const clamp = (value) => Math.min(1, Math.max(0, value));

    const enter = (wanted, place = at) => {
      if (current?.dataset.state !== "open") return;
      if (!isOn()) now.textContent = "Zoomed in. Zoom with plus and minus, move with Shift and the arrow keys.";
      scale = Math.min(MAX_SCALE, Math.max(1, wanted));
      at = { x: clamp(place.x), y: clamp(place.y) };
      if (isOn()) boxes().forEach(fetchFull);
      draw();
    };

    const leave = () => {
      if (!isOn()) return;
      scale = 1;
      at = { x: 0.5, y: 0.5 };
      pointers.clear();
      if (current) draw();
    };

    // The point of the image at a point of the screen.
    const placeOf = (box, clientX, clientY) => {
      const frame = box.getBoundingClientRect();
      const { width, height, left, top } = fitted(box);
      const [x, y] = [shift(at.x, width, left, box.clientWidth), shift(at.y, height, top, box.clientHeight)];
      const [dx, dy] = isOn() ? [x, y] : [0, 0];
      return { x: ((clientX - frame.left - dx) / scale - left) / width, y: ((clientY - frame.top - dy) / scale - top) / height };
    };

    // Zoom, and keep the point under the pointer where it is.
    const zoomAt = (box, clientX, clientY, wanted) => {
      const place = placeOf(box, clientX, clientY);
      const frame = box.getBoundingClientRect();
      const { width, height } = fitted(box);
      const to = Math.min(MAX_SCALE, Math.max(1, wanted));
      enter(to, {
        x: place.x - (clientX - frame.left - frame.width / 2) / (to * width),
        y: place.y - (clientY - frame.top - frame.height / 2) / (to * height),
      });
    };

    const move = (box, dx, dy) => {
      const { width, height } = fitted(box);
      enter(scale, { x: at.x - dx / (scale * width), y: at.y - dy / (scale * height) });
    };

    // The first zoom step: the image's own size, between two and four times its size on the page.
    const natural = (box) => Math.min(4, Math.max(2, box.querySelector("img").getAttribute("width") / fitted(box).width));

    let last = null; // the mouse's last position
    const toggle = () => {
      if (isOn() || !current) {
        leave();
        return;
      }
      const box = last && boxes().find((one) => one === document.elementFromPoint(last.x, last.y)?.closest(".box"));
      enter(natural(boxes()[0]), box ? placeOf(box, last.x, last.y) : { x: 0.5, y: 0.5 });
    };

    cards.addEventListener("pointermove", (event) => {
      last = { x: event.clientX, y: event.clientY };
    });
    cards.addEventListener(
      "wheel",
      (event) => {
        const box = event.target.closest(".box");
        const scrolls = document.documentElement.scrollHeight > document.documentElement.clientHeight;
        if (!box || (scrolls && !event.ctrlKey && !isOn())) return;
        event.preventDefault();
        zoomAt(box, event.clientX, event.clientY, scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)));
      },
      { passive: false },
    );
    cards.addEventListener("dblclick", (event) => {
      const box = event.target.closest(".box");
      if (!box) return;
      if (isOn()) leave();
      else enter(natural(box), placeOf(box, event.clientX, event.clientY));
    });

    // One finger or the mouse drags; two fingers zoom.
    const spread = () => {
      const [one, two] = [...pointers.values()];
      return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, distance: Math.hypot(one.x - two.x, one.y - two.y) };
    };
    cards.addEventListener("pointerdown", (event) => {
      const box = event.target.closest(".box");
      if (!box || event.button > 0) return;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (isOn() || pointers.size === 2) cards.setPointerCapture(event.pointerId);
      activeBox = box;
    });
    cards.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before || !current) return;
      const here = { x: event.clientX, y: event.clientY };
      if (pointers.size === 1) {
        if (isOn()) move(activeBox, here.x - before.x, here.y - before.y);
        pointers.set(event.pointerId, here);
        return;
      }
      const was = spread();
      pointers.set(event.pointerId, here);
      const is = spread();
      if (isOn()) move(activeBox, is.x - was.x, is.y - was.y);
      zoomAt(activeBox, is.x, is.y, (scale * is.distance) / (was.distance || 1));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      cards.addEventListener(name, (event) => pointers.delete(event.pointerId));
    }
    cards.addEventListener("dragstart", (event) => event.preventDefault());
    window.addEventListener("resize", () => isOn() && draw());
    button.addEventListener("click", toggle);

    const STEP = 60; // pixels of an arrow key
    const KEYS = {
      "+": () => enter(Math.max(scale * 1.4, 1.4)),
      "=": () => enter(Math.max(scale * 1.4, 1.4)),
      "-": () => (scale / 1.4 > 1.05 ? enter(scale / 1.4) : leave()),
      Escape: leave,
      ArrowLeft: () => move(boxes()[0], STEP, 0),
      ArrowRight: () => move(boxes()[0], -STEP, 0),
      ArrowUp: () => move(boxes()[0], 0, STEP),
      ArrowDown: () => move(boxes()[0], 0, -STEP),
    };
    // Handle the key if it is a zoom key. Returns whether it was.
    const key = (event) => {
      const isArrow = event.key.startsWith("Arrow");
      if (!current || !KEYS[event.key] || (isArrow && !event.shiftKey) || (!isOn() && !["+", "="].includes(event.key))) return false;
      KEYS[event.key]();
      return true;
    };
    return { leave, key };
  })();

  // --- the guideline panel and the help
  const help = byId("help");
  const panel = byId("guideline-panel");
  const togglePanel = (isShown = panel.hidden) => {
    panel.hidden = !isShown;
    if (isShown) byId("guideline-title").focus();
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

  // --- keyboard shortcuts
  const keysOn = byId("keys-on");
  const KEYS_OFF = "diptych-keys-off";
  try {
    keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
  } catch {
    // storage is off: shortcuts stay on
  }
  keysOn.addEventListener("change", () => {
    try {
      if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    } catch {
      // storage is off: the setting lasts until the page is closed
    }
  });

  const isTyping = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    // Enter or space held down would press the same button for one card after another.
    if (event.repeat && target.closest?.("#deck button")) event.preventDefault();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    if (key === "Escape" && flag.open) closeFlag();
    if (isTyping(target) || target.closest("[data-flag] form")) return;
    if (keysOn.checked && zoom.key(event)) {
      event.preventDefault();
      return;
    }
    if (event.repeat) return;
    if (key === "Escape" && panel && !panel.hidden) togglePanel(false);
    if (!keysOn.checked) return;
    // In a focused text that scrolls, the arrow keys scroll it.
    if (key.startsWith("Arrow") && target.closest("[type=radio], [role=region], .prompt[tabindex]")) return;
    if (key === "Backspace" && questionIndex > 0) {
      event.preventDefault();
      delete chosen[questions[questionIndex - 1].slug];
      showQuestion(questionIndex - 1);
      return;
    }
    const name = key.length === 1 ? key.toLowerCase() : key; // upper case if caps lock is on
    const buttons = [...deck.querySelectorAll(`[aria-keyshortcuts~="${CSS.escape(name)}"]`)];
    const button = buttons.find((one) => one.checkVisibility({ visibilityProperty: true }));
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  stacked.addEventListener("change", () => {
    for (const card of cards.querySelectorAll(".card")) labelImages(card);
  });

  // --- start
  if (cards.querySelector(".refused")) return; // this page answers a form that was sent without JavaScript
  cards.dataset.on = "";
  load();
  for (const action of outbox) {
    const card = cards.querySelector(`.card[data-assignment="${action.id}"]`);
    if (!card || action.verb === "undo") continue;
    card.classList.add("gone");
    card.dataset.state = "loading";
    if (action.verb === "vote") {
      const answer = action.fields.choice ? { [action.fields.question]: action.fields.choice } : {};
      for (const { slug } of questions) if (action.fields[`choice_${slug}`]) answer[slug] = action.fields[`choice_${slug}`];
      remember(card, answer);
    }
  }
  updateDeck();
  send();
})();
