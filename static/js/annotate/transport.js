// Requests of the page: answers as JSON, other actions through htmx, which returns HTML.

export const REFRESH = { verb: "refresh" }; // only asks for the cards to judge

// Whether the error was written for this page. An error page of the server or of a proxy was not.
export const isForThisPage = (xhr) => xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") === "#cards";

// `token` returns the CSRF token of this moment.
export const createTransport = ({ htmx, cards, token, addresses, member }) => {
  // Resolves with the XMLHttpRequest, or null if nothing came back.
  const act = (action, { have, unsent, notice }) => {
    const values = { ...action.fields, have: have.join(), unsent, notice, member };
    const address = action === REFRESH ? addresses.page : addresses.ofAction(action.id, action.verb);
    return new Promise((resolve) => {
      htmx
        .ajax(action === REFRESH ? "GET" : "POST", address, {
          source: cards,
          target: cards,
          values,
          headers: { "X-CSRFToken": token() },
          handler: (_, { xhr }) => resolve(xhr),
        })
        .catch(() => resolve(null));
    });
  };

  // Resolves with the status, 0 if nothing came back, and the data.
  const answer = async (answers, { have, unsent, notice }) => {
    const body = { answers, have: have.map(Number), unsent, notice: Number(notice) || null, member: Number(member) };
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
    try {
      const response = await fetch(addresses.answers, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, data: response.ok ? await response.json() : null };
    } catch {
      return { status: 0, data: null }; // no network, or it broke off in the middle
    }
  };

  return { act, answer };
};
