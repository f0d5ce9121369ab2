// The annotation page. The forms work without this. It shows the next card at once, sends what was done in the
// background, one after the other, and keeps what is not sent yet until it is: through a cut network, a reload, a log-in.
(() => {
  "use strict";

  if (!window.htmx) return;
  const byId = (id) => document.getElementById(id);
  const [deck, cards, controls, waiting, broken, trouble, now, said] = [
    "deck", "cards", "controls", "waiting", "broken", "trouble", "now", "said",
  ].map(byId);
  const voteForm = byId("vote");
  const stacked = window.matchMedia("(max-width: 39.99rem)");
  const root = voteForm.getAttribute("action").replace(/\d+\/vote\/$/, ""); // of the addresses of all assignments
  const page = location.pathname;

  // --- what was done and is not acknowledged: sent in order, and kept in this browser, an entry each, so that two tabs do
  // not overwrite each other's. Each may be sent again without harm.
  const PREFIX = `diptych-unsent ${deck.dataset.member} `;
  const outbox = [];
  let count = 0;
  const showCount = () => {
    deck.dataset.unsent = outbox.length;
  };

  const put = (act) => {
    act.key = `${PREFIX}${Date.now()}.${String(count++).padStart(4, "0")}`;
    outbox.push(act);
    try {
      localStorage.setItem(act.key, JSON.stringify(act));
      act.isStored = true;
    } catch {
      act.isStored = false;
    }
    showCount();
  };

  const take = (act) => {
    const at = outbox.indexOf(act);
    if (at >= 0) outbox.splice(at, 1);
    try {
      localStorage.removeItem(act.key);
    } catch {
      // it was not there either
    }
    showCount();
  };

  const load = () => {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();
      for (const key of keys) outbox.push({ ...JSON.parse(localStorage.getItem(key)), key, isStored: true });
    } catch {
      // a browser that stores nothing, or not what we stored
    }
    showCount();
  };

  window.addEventListener("beforeunload", (event) => {
    if (outbox.some((act) => !act.isStored)) event.preventDefault();
  });

  // --- saying things
  const say = (text) => {
    said.textContent = text;
  };

  const answers = (number) => (number === 1 ? "1 answer is" : `${number} answers are`);

  const sayWaiting = (why) => {
    const where = outbox.every((act) => act.isStored) ? "kept here" : "waiting; leave this page open";
    say(outbox.length ? `${why} ${answers(outbox.length)} ${where}.` : why);
  };

  const complain = (text, link = null) => {
    trouble.querySelector("[data-text]").textContent = text;
    const way = trouble.querySelector("a");
    way.hidden = !link;
    trouble.querySelector("[data-close]").hidden = Boolean(link);
    if (link) [way.textContent, way.href] = link;
    trouble.hidden = false;
  };

  // Which notice is on the page already: it is not to be said again with every answer.
  const toldId = () => document.querySelector("#told [data-notice]")?.dataset.notice ?? "";

  // --- the time of a judgment: while both images are there and somebody can see them
  let spent = 0;
  let since = null;
  const startTime = () => {
    spent = 0;
    since = document.hidden ? null : performance.now();
  };
  const time = () => Math.round(spent + (since === null ? 0 : performance.now() - since));

  // --- the cards: "loading" until both images are decoded, then "open"; "broken" where one cannot be; "gone" once answered
  let current = null;
  const judged = []; // newest last, for undo
  const JUDGED_LIMIT = 20;
  let undoable = ""; // the assignment that undo takes back when nothing was judged since the page was opened
  let leaseUntil = Infinity; // milliseconds

  const idOf = (card) => card.dataset.assignment;
  const next = () => cards.querySelector(".card:not(.gone)");
  const isPending = (id) => outbox.some((act) => act.id === id);
  const promptOf = (card) => card.querySelector("h1").textContent;

  const nameSides = (card) => {
    const [left, right] = card.querySelectorAll(".box > img:first-child");
    [left.alt, right.alt] = stacked.matches ? ["Top image", "Bottom image"] : ["Left image", "Right image"];
  };

  const prepare = async (card) => {
    card.dataset.state = "loading";
    nameSides(card);
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
    // Not `disabled`, which would take the focus off it.
    for (const button of choiceButtons) {
      if (isOpen) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
    deck.dataset.state = current?.dataset.state ?? "";
    if (isOpen) startTime();
  };

  const show = (card) => {
    closeUp.leave();
    current?.classList.remove("current");
    current = card;
    const state = cards.querySelector(".state");
    waiting.hidden = Boolean(card || state);
    // Their place stays, so that nothing moves.
    controls.classList.toggle("away", !card && Boolean(state));
    if (card) controls.hidden = false;
    if (card) {
      card.classList.add("current");
      setForms(card);
      now.textContent = `Next: ${promptOf(card)}. ${stacked.matches ? "Top and bottom" : "Left and right"} image.`;
      const prompt = card.querySelector(".prompt");
      if (prompt.scrollHeight > prompt.clientHeight) prompt.tabIndex = 0;
    } else if (state) {
      state.querySelector("[tabindex]")?.focus();
    }
    unlock();
  };

  // --- the questions: answered in order with the same buttons, sent as one after the last
  const choiceButtons = [...voteForm.querySelectorAll("button.choice")];
  const steps = [...voteForm.querySelectorAll(".step")]; // none where one question is asked
  const questions = steps.length
    ? steps.map(({ dataset }) => ({ slug: dataset.question, text: dataset.text, choices: dataset.choices.split(" ") }))
    : [{ slug: voteForm.elements.question.value, choices: choiceButtons.map(({ value }) => value).concat("a", "b") }];
  const comment = voteForm.elements.comment;
  let given = {}; // question to choice
  let asked = 0;

  const wordsOf = (choice) => {
    const button = choiceButtons.find(({ value }) => value === choice);
    if (!button?.dataset.side) return button?.firstElementChild.textContent.trim() ?? "";
    const [wide, narrow] = button.dataset.side === "left" ? ["Left", "Top"] : ["Right", "Bottom"];
    return stacked.matches ? narrow : wide;
  };

  const ask = (index) => {
    asked = index;
    const { slug, text, choices } = questions[asked];
    const earlier = (current.dataset.earlier ?? "").split(" ").find((word) => word.startsWith(`${slug}:`));
    for (const button of choiceButtons) {
      button.classList.toggle("absent", !choices.includes(button.value));
      button.toggleAttribute("data-earlier", earlier === `${slug}:${button.value}`);
    }
    if (!steps.length) return;
    byId("asked").textContent = text;
    steps.forEach((step, at) => {
      if (at === asked) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
      step.querySelector(".step-answer").textContent = wordsOf(given[questions[at].slug]);
    });
    if (asked > 0) now.textContent = text;
  };

  const setForms = (card) => {
    for (const form of controls.querySelectorAll("form")) {
      const verb = verbOf(form);
      if (verb && verb !== "undo") form.setAttribute("action", `${root}${idOf(card)}/${verb}/`);
    }
    const slots = [...card.querySelectorAll(".box")].map((box) => box.dataset.slot);
    voteForm.querySelector(".left").value = slots[0];
    voteForm.querySelector(".right").value = slots[1];
    given = {};
    if (comment) comment.value = card.dataset.comment ?? "";
    ask(0);
  };

  const choose = (choice) => {
    if (current?.dataset.state !== "open" || !questions[asked].choices.includes(choice)) return;
    given[questions[asked].slug] = choice;
    const open = questions.findIndex(({ slug }) => !(slug in given));
    if (open >= 0) {
      ask(open);
      return;
    }
    const fields = { elapsed_ms: time() };
    if (steps.length) for (const [slug, answer] of Object.entries(given)) fields[`choice_${slug}`] = answer;
    else Object.assign(fields, { question: questions[0].slug, choice });
    if (comment?.value.trim()) fields.comment = current.dataset.comment = comment.value;
    finish("vote", fields);
  };

  // --- what is done with a card: the next one is there in the same frame, and it is sent after that
  const sendSoon = () => setTimeout(send);

  const finish = (verb, fields) => {
    const card = current;
    put({ verb, id: idOf(card), fields, prompt: promptOf(card) });
    if (verb === "vote") remember(card, given);
    card.classList.add("gone");
    show(next());
    sendSoon();
  };

  const remember = (card, answer) => {
    judged.push({ card, answer });
    if (judged.length > JUDGED_LIMIT) judged.shift();
    setUndo();
  };

  const setUndo = () => {
    const button = controls.querySelector('[aria-keyshortcuts="u"]');
    const id = judged.length ? idOf(judged.at(-1).card) : undoable;
    if (!button) return;
    button.disabled = !id;
    if (id) button.form.setAttribute("action", `${root}${id}/undo/`);
  };

  const bringBack = (card, answer = {}) => {
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
    const unsent = outbox.find((act) => act.id === id && act.verb === "vote" && act !== sending);
    if (unsent) {
      take(unsent);
      say("Taken back before it was sent.");
    } else put({ verb: "undo", id, fields: {}, prompt: last ? promptOf(last.card) : "" });
    if (last) bringBack(last.card, last.answer);
    setUndo();
    sendSoon();
  };

  // --- sending
  const LOOK = { verb: "look" }; // only asks what there is to judge
  const FIRST_WAIT = 1000; // milliseconds, doubled with each failure
  const LONGEST_WAIT = 30_000;
  const GIVE_WAY = new Set([0, 408, 425, 429]);
  let sending = null;
  let failures = 0;
  let timer = 0;
  let isHeld = false; // nothing is sent until somebody logs in
  let leavingTo = "";

  // The cookie, not what the page was made with: a log-in in another tab changes it.
  const token = () =>
    document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? voteForm.elements.csrfmiddlewaretoken.value;

  const request = (act) => {
    const shown = [...cards.querySelectorAll(".card:not(.gone)")].map(idOf);
    const unsent = new Set(outbox.filter((other) => other !== act && other.verb !== "undo").map((other) => other.id));
    const values = { ...act.fields, have: [...new Set([...shown, ...unsent])].join(), unsent: unsent.size, told: toldId() };
    return new Promise((resolve) => {
      htmx
        .ajax(act === LOOK ? "GET" : "POST", act === LOOK ? page : `${root}${act.id}/${act.verb}/`, {
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
    if (sending || isHeld || !(outbox.length || look === LOOK)) return;
    clearTimeout(timer);
    const act = (sending = outbox[0] ?? LOOK);
    const xhr = await request(act);
    sending = null;
    receive(act, xhr);
  };

  const receive = (act, xhr) => {
    const status = xhr?.status ?? 0;
    const elsewhere = xhr?.getResponseHeader("HX-Redirect");
    if (GIVE_WAY.has(status) || status >= 500) {
      retry(act, status);
      return;
    }
    failures = 0;
    if (status === 401) {
      hold("Your session has ended.", ["Log in", `${deck.dataset.logIn}?next=${encodeURIComponent(page)}`]);
    } else if (elsewhere) {
      take(act);
      leavingTo = elsewhere;
      sendOrLeave();
    } else if (status === 404) {
      hold("Somebody else has logged in here, so nothing is sent.", ["Reload", page]);
    } else if (status === 403 && !isOurs(xhr)) {
      hold("Your log-in has changed since this page was opened.", ["Reload", page]);
    } else {
      digest(act, xhr);
    }
  };

  // What a refusal of ours says belongs here; any other page with an error does not.
  const isOurs = (xhr) => xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") === "#cards";

  const retry = (act, status) => {
    const wait = Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
    failures += 1;
    if (!navigator.onLine) sayWaiting("Offline.");
    else sayWaiting(status >= 500 ? `The server has an error (${status}).` : "The server is not reached.");
    timer = setTimeout(() => send(act), wait);
  };

  const hold = (text, link) => {
    isHeld = true;
    const kept = outbox.length ? ` ${answers(outbox.length)} kept here.` : "";
    complain(text + kept, link);
    say("");
  };

  const release = () => {
    if (isHeld) trouble.hidden = true;
    isHeld = false;
    failures = 0;
    sendOrLook();
  };

  const sendOrLeave = () => {
    if (outbox.length) send();
    else if (leavingTo) location.assign(leavingTo);
  };

  const digest = (act, xhr) => {
    take(act);
    if (act !== LOOK) cards.querySelector(`.card.gone[data-assignment="${act.id}"]`)?.remove();
    if (isOurs(xhr)) htmx.swap(cards, xhr.responseText, { swapStyle: "beforeend", swapDelay: 0, settleDelay: 0 });
    const refusal = cards.querySelector(".refusal");
    if (!isOurs(xhr)) refuse(act, "", `The server could not take it (error ${xhr.status}).`);
    else if (refusal) refuse(act, refusal.dataset.refused, refusal.textContent);
    refusal?.remove();
    arrange(act);
    sendOrLeave();
  };

  const refuse = (act, code, text) => {
    const last = judged.findIndex(({ card }) => idOf(card) === act.id);
    const [entry] = last >= 0 && act.verb === "vote" ? judged.splice(last, 1) : [];
    setUndo();
    if (entry && ["invalid", "member_changed", ""].includes(code)) bringBack(entry.card, entry.answer);
    const about = act.prompt ? ` (“${act.prompt.slice(0, 80)}”)` : "";
    const title = { lease_expired: "Too late. ", already_answered: "Answered before, and that stays. " }[code] ?? "Not recorded. ";
    complain(act.verb === "undo" ? text : title + text + about);
    if (act.verb === "undo") cards.querySelector(`.card[data-assignment="${act.id}"]`)?.remove();
    say("");
  };

  // After an answer: new cards are made ready, those that are no longer ours go, and something is shown.
  const arrange = (act = LOOK) => {
    const stands = [...cards.querySelectorAll(".stand")];
    const stand = stands.at(-1);
    for (const old of stands) old.remove();
    const queue = new Set(stand?.value.split(",").filter(Boolean));
    const states = [...cards.querySelectorAll(".state")];
    for (const state of queue.size ? states : states.slice(0, -1)) state.remove();
    const reason = cards.querySelector(".state")?.dataset.reason;
    let back = null;
    for (const card of cards.querySelectorAll(".card:not([data-state])")) {
      if (act.verb === "undo" && idOf(card) === act.id) cards.prepend((back = card));
      prepare(card);
    }
    if (stand) {
      undoable = stand.dataset.undo;
      leaseUntil = Date.now() + 1000 * Number(stand.dataset.lease);
      for (const card of cards.querySelectorAll(".card:not(.gone)")) {
        // What they are looking at may still be answered in a campaign that is paused.
        const isLookedAt = card === current && (!reason || reason === "paused");
        if (!queue.has(idOf(card)) && !isPending(idOf(card)) && !isLookedAt) card.remove();
      }
    }
    const isDone = !current?.isConnected || current.classList.contains("gone");
    if (back || isDone) show(back ?? next());
    setUndo();
    if (!current && !outbox.length && !reason) send(LOOK);
  };

  // --- coming back: to the network, to this tab, from a long pause
  const sendOrLook = () => {
    const isOld = leaseUntil - Date.now() < LONGEST_WAIT || !current;
    send(isOld && !cards.querySelector(".state") ? LOOK : undefined);
  };

  window.addEventListener("online", release);
  window.addEventListener("offline", () => sayWaiting("Offline."));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      spent = time();
      since = null;
      return;
    }
    since = current?.dataset.state === "open" ? performance.now() : null;
    release();
  });
  // What somebody looks at stays theirs: asking for it renews it.
  setInterval(() => {
    if (!document.hidden && leaseUntil - Date.now() < 5 * 60_000) send(LOOK);
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

  // The second half of a double click would fall on the card that came in between.
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
    if (step && current) ask(steps.indexOf(step));
    if (event.target.closest("[data-close]")) trouble.hidden = true;
    if (event.target.closest("[data-load-again]") && current) {
      for (const image of current.querySelectorAll("img")) image.src = image.getAttribute("src"); // asks again
      prepare(current);
    }
  });

  // --- the form of a flag: keys are for it while it is used, and it closes like a menu
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

  // --- looking closely: both images at the same place, in full size, which is fetched only now
  const closeUp = (() => {
    const NEAREST = 8;
    const button = controls.querySelector("[data-zoom]");
    let scale = 1;
    let at = { x: 0.5, y: 0.5 }; // of the image: what stands in the middle of the box
    const pointers = new Map();
    let held = null; // the box in which the first of them came down

    const boxes = () => [...current.querySelectorAll(".box")];
    const isOn = () => scale > 1;

    // The image as it lies in its box when the whole of it is shown.
    const laid = (box) => {
      const image = box.querySelector("img");
      const [w, h] = [image.getAttribute("width"), image.getAttribute("height")].map(Number);
      const fit = Math.min(box.clientWidth / w, box.clientHeight / h);
      const [width, height] = [w * fit, h * fit];
      return { width, height, left: (box.clientWidth - width) / 2, top: (box.clientHeight - height) / 2 };
    };

    const shift = (share, length, start, room) => {
      const slack = Math.min(0.5, room / (2 * scale * length)); // no further than to the image's edge
      return room / 2 - scale * (start + Math.max(slack, Math.min(1 - slack, share)) * length);
    };

    const draw = () => {
      for (const box of boxes()) {
        const { width, height, left, top } = laid(box);
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
      full.alt = ""; // it is the same image
      full.src = small.getAttribute("src").replace(/\d+\/$/, "full/");
      box.append(full);
      await full.decode().catch(() => full.remove()); // the small one stays
      full.classList.add("there");
    };

    const clamp = (value) => Math.min(1, Math.max(0, value));

    const enter = (wanted, place = at) => {
      if (current?.dataset.state !== "open") return;
      if (!isOn()) now.textContent = "Zoomed in. Plus and minus, and Shift with the arrows.";
      scale = Math.min(NEAREST, Math.max(1, wanted));
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

    // Where in the image a point of the screen is.
    const placeOf = (box, clientX, clientY) => {
      const frame = box.getBoundingClientRect();
      const { width, height, left, top } = laid(box);
      const [x, y] = [shift(at.x, width, left, box.clientWidth), shift(at.y, height, top, box.clientHeight)];
      const [dx, dy] = isOn() ? [x, y] : [0, 0];
      return { x: ((clientX - frame.left - dx) / scale - left) / width, y: ((clientY - frame.top - dy) / scale - top) / height };
    };

    // Closer or further, while the place under the pointer stays under it.
    const zoomAt = (box, clientX, clientY, wanted) => {
      const place = placeOf(box, clientX, clientY);
      const frame = box.getBoundingClientRect();
      const { width, height } = laid(box);
      const to = Math.min(NEAREST, Math.max(1, wanted));
      enter(to, {
        x: place.x - (clientX - frame.left - frame.width / 2) / (to * width),
        y: place.y - (clientY - frame.top - frame.height / 2) / (to * height),
      });
    };

    const move = (box, dx, dy) => {
      const { width, height } = laid(box);
      enter(scale, { x: at.x - dx / (scale * width), y: at.y - dy / (scale * height) });
    };

    // A first look: as large as the image is, between two and four times as large as it was.
    const natural = (box) => Math.min(4, Math.max(2, box.querySelector("img").getAttribute("width") / laid(box).width));

    let last = null; // where the mouse is
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

    // One finger or the mouse drags, two fingers zoom.
    const spread = () => {
      const [one, two] = [...pointers.values()];
      return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, distance: Math.hypot(one.x - two.x, one.y - two.y) };
    };
    cards.addEventListener("pointerdown", (event) => {
      const box = event.target.closest(".box");
      if (!box || event.button > 0) return;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (isOn() || pointers.size === 2) cards.setPointerCapture(event.pointerId);
      held = box;
    });
    cards.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before || !current) return;
      const here = { x: event.clientX, y: event.clientY };
      if (pointers.size === 1) {
        if (isOn()) move(held, here.x - before.x, here.y - before.y);
        pointers.set(event.pointerId, here);
        return;
      }
      const was = spread();
      pointers.set(event.pointerId, here);
      const is = spread();
      if (isOn()) move(held, is.x - was.x, is.y - was.y);
      zoomAt(held, is.x, is.y, (scale * is.distance) / (was.distance || 1));
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
    // Whether the key was for the close-up.
    const key = (event) => {
      const isArrow = event.key.startsWith("Arrow");
      if (!current || !KEYS[event.key] || (isArrow && !event.shiftKey) || (!isOn() && !["+", "="].includes(event.key))) return false;
      KEYS[event.key]();
      return true;
    };
    return { leave, key };
  })();

  // --- the guideline beside the pair, and the help
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

  // --- keys
  const keysOn = byId("keys-on");
  const KEYS_OFF = "diptych-keys-off";
  try {
    keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
  } catch {
    // a browser that stores nothing: they are on
  }
  keysOn.addEventListener("change", () => {
    try {
      if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    } catch {
      // for this page alone
    }
  });

  const isTyping = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button], [type=submit])");

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    // A held Enter or space would press the same button for card after card.
    if (event.repeat && target.closest?.("#deck button")) event.preventDefault();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    if (key === "Escape" && flag.open) closeFlag();
    if (isTyping(target) || target.closest("[data-flag] form")) return;
    if (keysOn.checked && closeUp.key(event)) {
      event.preventDefault();
      return;
    }
    if (event.repeat) return;
    if (key === "Escape" && panel && !panel.hidden) togglePanel(false);
    if (!keysOn.checked) return;
    // Arrows belong to a scrolled text that has the focus.
    if (key.startsWith("Arrow") && target.closest("[type=radio], [role=region], .prompt[tabindex]")) return;
    if (key === "Backspace" && asked > 0) {
      event.preventDefault();
      delete given[questions[asked - 1].slug];
      ask(asked - 1);
      return;
    }
    const name = key.length === 1 ? key.toLowerCase() : key; // capital letters when caps lock is on
    const buttons = [...deck.querySelectorAll(`[aria-keyshortcuts~="${CSS.escape(name)}"]`)];
    const button = buttons.find((one) => one.checkVisibility({ visibilityProperty: true }));
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  stacked.addEventListener("change", () => {
    for (const card of cards.querySelectorAll(".card")) nameSides(card);
  });

  // --- and go
  if (cards.querySelector(".refused")) return; // a page that a form without this led to
  cards.dataset.on = "";
  load();
  for (const act of outbox) {
    const card = cards.querySelector(`.card[data-assignment="${act.id}"]`);
    if (!card || act.verb === "undo") continue;
    card.classList.add("gone");
    card.dataset.state = "loading";
    if (act.verb === "vote") {
      const answer = act.fields.choice ? { [act.fields.question]: act.fields.choice } : {};
      for (const { slug } of questions) if (act.fields[`choice_${slug}`]) answer[slug] = act.fields[`choice_${slug}`];
      remember(card, answer);
    }
  }
  arrange();
  send();
})();
