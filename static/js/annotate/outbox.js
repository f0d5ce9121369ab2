// The outbox: actions that the server has not acknowledged. They are sent in order and stored in this browser under a
// key each, so that all tabs of one person share one outbox. Sending one twice does no harm.
//
// An answer that the server does not take is set aside: it is not sent again by itself, and can be downloaded.

// `storage` returns where they are stored, or throws if nothing can be stored.
export const createOutbox = ({ member, storage, onChange = () => {} }) => {
  const prefix = `diptych-unsent ${member} `;
  const asidePrefix = `diptych-aside ${member} `;
  const actions = []; // the oldest first
  let count = 0;

  const add = (action) => {
    action.key = `${prefix}${Date.now()}.${String(count++).padStart(4, "0")}`;
    actions.push(action);
    try {
      storage().setItem(action.key, JSON.stringify(action));
      action.isStored = true;
    } catch {
      action.isStored = false;
    }
    onChange();
  };

  const remove = (action) => {
    const at = actions.indexOf(action);
    if (at >= 0) actions.splice(at, 1);
    try {
      storage().removeItem(action.key);
    } catch {
      // nothing can be stored here, so nothing was
    }
    onChange();
  };

  const keysOf = (start) =>
    Object.keys(storage())
      .filter((key) => key.startsWith(start))
      .sort();
  const read = (key) => ({ ...JSON.parse(storage().getItem(key)), key, isStored: true });

  // Takes up what an earlier page or another tab stored, and drops what another tab has sent.
  const load = () => {
    try {
      const keys = keysOf(prefix);
      const [here, there] = [new Set(actions.map(({ key }) => key)), new Set(keys)];
      for (const action of actions.filter(({ key, isStored }) => isStored && !there.has(key))) {
        actions.splice(actions.indexOf(action), 1);
      }
      for (const key of keys) if (!here.has(key)) actions.push(read(key));
      actions.sort((one, other) => (one.key < other.key ? -1 : 1));
    } catch {
      // storage is off, or holds something else
    }
    onChange();
  };
  // Whether another tab took it out of the outbox: it was undone there while it was on its way.
  const isWithdrawn = (action) => {
    try {
      return action.isStored && storage().getItem(action.key) === null;
    } catch {
      return false;
    }
  };
  const isKey = (key) => Boolean(key?.startsWith(prefix));

  const setAside = (action, code, detail) => {
    const { verb, id, fields, prompt } = action;
    try {
      const why = { code, detail, at: new Date().toISOString() };
      storage().setItem(action.key.replace(prefix, asidePrefix), JSON.stringify({ verb, id, fields, prompt, why }));
    } catch {
      // nothing can be stored here: it is said, and that is all
    }
    remove(action);
  };
  const aside = () => {
    try {
      return keysOf(asidePrefix).map(read);
    } catch {
      return [];
    }
  };
  const clearAside = () => {
    for (const { key } of aside()) storage().removeItem(key);
    onChange();
  };
  // Puts what was set aside back, to be sent once more.
  const takeBack = () => {
    for (const { key, verb, id, fields, prompt } of aside()) {
      storage().removeItem(key);
      add({ verb, id, fields, prompt });
    }
  };

  const isPending = (id) => actions.some((action) => action.id === id);
  const isAllStored = () => actions.every((action) => action.isStored);

  return { actions, add, remove, load, isWithdrawn, isKey, isPending, isAllStored, setAside, aside, clearAside, takeBack };
};
