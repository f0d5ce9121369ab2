// How a pair is looked at, put together: its layout, the prompt, zoom and the other views, one finger, the settings and the pace.

import { createCompare } from "./compare.js";
import { catchGestures } from "./gestures.js";
import { createLayout, isStacked } from "./layout.js";
import { createPace } from "./pace.js";
import { createPrompt } from "./prompt.js";
import { createSettings } from "./settings.js";
import { createViewing } from "./viewing.js";
import { formatNumber, gettext, interpolate, ngettext } from "./words.js";
import { createZoom } from "./zoom.js";

const VIBRATION = 15; // milliseconds

// `choose` is called with a side (0 or 1) and how it was chosen; `store` sends settings to the server.
export const createViewer = ({ document, data, current, announce, choose, store }) => {
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(selector);
  const { body, documentElement: root } = document;
  const cards = byId("cards");
  const isOpen = () => current()?.dataset.state === "open";
  const names = {
    wide: [gettext("Left image"), gettext("Right image")],
    stacked: [gettext("Top image"), gettext("Bottom image")],
  };
  let lastInput = "mouse";

  const settings = createSettings({
    form: byId("settings"),
    values: data.preferences,
    send: store,
    onChange: ({ ground, show_pace: isPaceShown }) => {
      body.dataset.ground = ground;
      body.classList.toggle("without-pace", !isPaceShown);
    },
  });
  const viewing = createViewing({ ground: () => settings.get("ground") });
  const prompt = createPrompt({
    words: { more: gettext("more"), less: gettext("less") },
    isAlwaysUnfolded: () => settings.get("unfold"),
  });
  const zoom = createZoom({
    cards,
    button: find("[data-zoom]"),
    scale: byId("scale"),
    current,
    announce: () => announce(gettext("Zoomed in. Zoom with plus and minus, move with Shift and the arrow keys.")),
    onZoom: viewing.noteZoom,
    isKept: () => settings.get("keep_zoom"),
  });
  const layout = createLayout({
    body,
    names,
    onChange: (card) => {
      prompt.measure(card);
      if (card !== current()) return;
      compare.close();
      layout.show(card);
      body.classList.toggle("scrolls", root.scrollHeight > root.clientHeight + 1);
      zoom.redraw();
    },
  });
  const compare = createCompare({
    current,
    buttons: Object.fromEntries([...document.querySelectorAll("[data-view]")].map((button) => [button.dataset.view, button])),
    label: byId("scale"),
    nameOf: (view, at) => {
      if (view === "difference") return gettext("Difference");
      return (isStacked(current()) ? names.stacked : names.wide)[at];
    },
    onView: viewing.noteView,
    onDraw: zoom.redraw,
    announce,
  });

  const rest = byId("rest");
  const closeRest = () => {
    rest.hidden = true;
  };
  const pace = createPace({
    clock: () => Date.now(),
    show: (perMinute) => {
      byId("pace").textContent =
        perMinute === null ? "" : ` · ${interpolate(gettext("%(number)s a minute"), { number: formatNumber(perMinute) })}`;
    },
    suggestRest: (minutes) => {
      if (!settings.get("hint_rest")) return;
      rest.querySelector("[data-text]").textContent = interpolate(
        ngettext(
          "You have been judging for %(minutes)s minute. A short rest is good for your eyes.",
          "You have been judging for %(minutes)s minutes. A short rest is good for your eyes.",
          minutes,
        ),
        { minutes },
      );
      rest.hidden = false;
    },
  });
  rest.addEventListener("click", ({ target }) => {
    if (target.closest("[data-no-rest]")) settings.set("hint_rest", false);
    if (target.closest("button")) closeRest();
  });

  // A short push that is felt, where a device can.
  const vibrate = () => {
    if (settings.get("vibrate") && ["touch", "swipe"].includes(lastInput)) document.defaultView.navigator.vibrate?.(VIBRATION);
  };

  catchGestures({
    cards,
    isEnlarged: () => zoom.isOn() || compare.isOpen(),
    settings: { tap: () => settings.get("tap"), swipe: () => settings.get("swipe") },
    choose: (side, input) => {
      lastInput = input;
      if (isOpen()) choose(side);
    },
    lookClosely: zoom.lookClosely,
  });
  document.addEventListener("keydown", () => (lastInput = "keys"), true);
  document.addEventListener("pointerdown", ({ pointerType }) => (lastInput = pointerType === "mouse" ? "mouse" : "touch"), true);

  const toggleFullScreen = () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen());
  document.addEventListener("fullscreenchange", () => {
    find("[data-full-screen]").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest(".more") && current()) prompt.toggle(current());
    else if (target.closest("[data-actual]")) zoom.toggleActual();
    else if (target.closest("[data-view]")) compare.toggle(target.closest("[data-view]").dataset.view);
    else if (target.closest("[data-full-screen]")) toggleFullScreen();
    else if (target.closest(".box.over") && lastInput === "touch" && !zoom.isOn()) compare.close();
  });

  // The flag form may be in the popover of a narrow screen, which opens and closes with it.
  const [flag, more] = [find("[data-flag]"), byId("more-tools")];
  flag.addEventListener("toggle", () => {
    if (flag.open && !flag.checkVisibility()) {
      more.showPopover();
      flag.querySelector("input[type=radio]").focus();
    } else if (!flag.open && more.matches(":popover-open")) more.hidePopover();
  });

  // Keys by their place on the keyboard. Flicker lasts for as long as its key is held.
  const VIEW_KEYS = {
    KeyX: zoom.toggleActual,
    KeyD: () => compare.toggle("difference"),
    KeyO: () => compare.toggle("one_image"),
  };
  let flickerKey = ""; // where it lies for this person
  document.addEventListener("keyup", ({ code }) => {
    if (code === flickerKey && compare.view() === "flicker") compare.close();
  });
  // `event` has the standard place of the key as its code, and where it lies for this person as its place.
  const key = (event) => {
    if (event.key === "Escape" && !rest.hidden) closeRest();
    else if (event.key === "Escape" && compare.isOpen()) compare.close();
    else if (event.code === "KeyB" && isOpen()) {
      flickerKey = event.place;
      if (!event.repeat) compare.open("flicker");
    } else if (VIEW_KEYS[event.code] && isOpen()) {
      if (!event.repeat) VIEW_KEYS[event.code]();
    } else return zoom.key(event);
    return true;
  };

  return {
    dress: layout.dress,
    prepare: layout.watch,
    leave: () => {
      compare.close();
      zoom.leaveCard();
    },
    show: (card) => {
      prompt.measure(card);
      layout.show(card);
      viewing.start();
    },
    open: zoom.showCard,
    key,
    conditions: () => viewing.conditionsOf(current(), lastInput),
    answered: () => {
      vibrate();
      pace.note();
    },
  };
};
