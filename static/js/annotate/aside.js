// What the server did not take: how many answers, to be downloaded, sent once more, or deleted.

import { countRefused } from "./messages.js";

export const createAside = ({ box, outbox, sendAgain }) => {
  const update = () => {
    const { length } = outbox.aside();
    box.hidden = !length;
    box.querySelector("[data-text]").textContent = countRefused(length);
  };

  const download = () => {
    const told = [];
    for (const { verb, id, fields, prompt, why } of outbox.aside()) {
      told.push({ verb, assignment: Number(id), prompt, ...fields, refused: why });
    }
    const text = JSON.stringify(told, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "answers-not-recorded.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };

  box.addEventListener("click", ({ target }) => {
    if (target.closest("[data-download]")) download();
    else if (target.closest("[data-send-again]")) {
      outbox.takeBack();
      sendAgain();
    } else if (target.closest("[data-delete]")) outbox.clearAside();
    update();
  });

  return { update };
};
