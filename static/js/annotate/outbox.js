// The outbox: actions that the server has not acknowledged. They are sent in order and stored in this browser under a
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
