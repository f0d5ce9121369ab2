// Requests of the page: answers as JSON, other actions through htmx, which returns HTML.

export const REFRESH = { verb: "refresh" }; // only asks for the cards to judge

// The code with which the site itself refuses something. The answer of a proxy or of a server that broke down has none.
export const refusalOf = (xhr) => xhr?.getResponseHeader("X-Refusal") ?? "";
export const isForThisPage = (xhr) => xhr.status < 400 || xhr.getResponseHeader("HX-Retarget") === "#cards";

const TIMEOUT_MS = 30_000; // then it is sent again

// `token` returns the CSRF token of this moment.
export const createTransport = ({ htmx, cards, token, addresses, member }) => {
  // Resolves with the XMLHttpRequest, or null if nothing came back.
  const act = (action, { have, unsent, notice }) => {
    const values = { ...action.fields, have: have.join(), unsent, notice, member };
    return new Promise((resolve) => {
      htmx
        .ajax("POST", addresses.ofAction(action.id, action.verb), {
          source: cards,
          target: cards,
          values,
          headers: { "X-CSRFToken": token() },
          handler: (_, { xhr }) => resolve(xhr),
        })
        .catch(() => resolve(null));
    });
  };

  // Resolves with the status, 0 if nothing of the site came back, the code of a refusal, and the data.
  const ask = async (address, options) => {
    try {
      const response = await fetch(address, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
      const refusal = response.headers.get("X-Refusal") ?? "";
      const isData = response.headers.get("Content-Type")?.startsWith("application/json");
      if (response.ok && !isData) return { status: 0, refusal, data: null }; // a network that wants a log-in first
      return { status: response.status, refusal, data: isData ? await response.json() : null };
    } catch {
      return { status: 0, refusal: "", data: null }; // no network, or it broke off in the middle
    }
  };

  const answer = (answers, { have, unsent, notice }) => {
    const body = { answers, have: have.map(Number), unsent, notice: Number(notice) || null, member: Number(member) };
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
    return ask(addresses.answers, { method: "POST", headers, body: JSON.stringify(body) });
  };

  // Asks for the cards that the page is to hold.
  const look = ({ have, unsent, notice }) =>
    ask(`${addresses.cards}?${new URLSearchParams({ have: have.join(), unsent, notice, member })}`, { method: "GET" });

  return { act, answer, look };
};
