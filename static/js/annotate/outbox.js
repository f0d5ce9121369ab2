// The outbox: actions that the server has not acknowledged. They are sent in order and stored in this browser under a
// key each, so that two tabs do not overwrite each other. Sending one twice does no harm.

// `storage` returns where they are stored, or throws if nothing can be stored.
export const createOutbox = ({ member, storage, onChange = () => {} }) => {
  const prefix = `diptych-unsent ${member} `;
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

  // Takes up what an earlier page stored.
  const load = () => {
    try {
      const stored = storage();
      const keys = Object.keys(stored)
        .filter((key) => key.startsWith(prefix))
        .sort();
      for (const key of keys) actions.push({ ...JSON.parse(stored.getItem(key)), key, isStored: true });
    } catch {
      // storage is off, or holds something else
    }
    onChange();
  };

  const isPending = (id) => actions.some((action) => action.id === id);
  const isAllStored = () => actions.every((action) => action.isStored);

  return { actions, add, remove, load, isPending, isAllStored };
};
