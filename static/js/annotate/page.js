// The annotation page. Its forms work without JavaScript. This script shows the next card at once and sends each action in
// the background, one after the other. Unsent actions are kept until they are sent: through a lost network, a reload, a login.
// Its parts are served as one file and share one scope; settings.STATIC_PARTS has their order.

if (!window.htmx) return;
const byId = (id) => document.getElementById(id);
const [deck, cards, controls, waiting, broken, trouble, now, statusMessage] = [
  "deck", "cards", "controls", "waiting", "broken", "trouble", "now", "status-message",
].map(byId);
const voteForm = byId("vote");
const stacked = window.matchMedia("(max-width: 39.99rem)");
const root = voteForm.getAttribute("action").replace(/\d+\/vote\/$/, ""); // what the URLs of all assignments begin with
const page = location.pathname;
