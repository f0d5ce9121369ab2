// Says what went wrong between the browser and a passkey. allauth's own scripts do the rest.
import { gettext } from "./annotate/words.js";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const notice = document.querySelector("#notice");
  const line = document.createElement("p");
  line.className = "notice error";
  line.textContent =
    event.detail.exception?.name === "NotAllowedError"
      ? gettext("The browser did not get an answer from a passkey. Try again.")
      : gettext("This browser or this address cannot use passkeys.");
  notice.replaceChildren(line);
});
