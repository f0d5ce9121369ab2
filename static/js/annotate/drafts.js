// What was typed or answered of a pair that is not finished: kept in this browser, so that it is there after a reload.

const DAYS_KEPT = 7;

// `storage` returns where drafts are kept, or throws if nothing can be kept.
export const createDrafts = ({ member, storage, now = Date.now }) => {
  const prefix = `diptych-draft ${member} `;

  const read = (key) => {
    try {
      return JSON.parse(storage().getItem(key)) ?? {};
    } catch {
      return {};
    }
  };

  const get = (id) => read(prefix + id);

  const set = (id, changes) => {
    try {
      storage().setItem(prefix + id, JSON.stringify({ ...get(id), ...changes, at: now() }));
    } catch {
      // storage is off or full: the draft lasts until the page is closed
    }
  };

  const clear = (id) => {
    try {
      storage().removeItem(prefix + id);
    } catch {
      // nothing can be kept here, so nothing was
    }
  };

  // Drafts of pairs that went to others.
  const clearOld = () => {
    try {
      const oldest = now() - DAYS_KEPT * 24 * 3600 * 1000;
      const keys = Object.keys(storage()).filter((key) => key.startsWith(prefix));
      for (const key of keys) if (!(read(key).at > oldest)) storage().removeItem(key);
    } catch {
      // nothing can be kept here
    }
  };

  return { get, set, clear, clearOld };
};
