"""Two doors to the same site: a browser with session and CSRF, and a program with a token.

As little HTTP as it takes, because many of them share the machine with what they attack.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from annotator.lib.public_ids import ASSIGNMENTS
from benchmarks.support.passwords import PASSWORD

HOST = "127.0.0.1"
TIMEOUT = 40.0  # seconds; longer than a request waits for a database that is being restarted
IDLE_LIMIT = 15.0  # seconds; servers close a connection that nobody uses for longer
SHOWN = re.compile(rb'data-assignment="(\d+)"')
FORM_TOKEN = re.compile(rb'name="csrfmiddlewaretoken"\s+value="([^"]+)"')


# Of an error among the page's answers, what the other doors say with the status of the whole.
STATUSES = {
    "invalid": 400,
    "not_found": 404,
    **dict.fromkeys(("lease_expired", "already_answered", "assignment_closed", "member_changed"), 409),
}


class Unknown(Exception):
    """Whether the request was carried out cannot be told: no answer came, or a 5xx."""

    def __init__(self, status: str, *, idle_since: float) -> None:
        super().__init__(status)
        self.status = status
        self.idle_since = idle_since  # when the connection was last known to be good


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: http.client.HTTPMessage


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._used_at = 0.0
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, headers: dict[str, str], body: str = "") -> Answer:
        """Raises Unknown."""
        if time.monotonic() - self._used_at > IDLE_LIMIT:
            self.close()
        try:
            if self._connection is None:
                self._used_at = time.monotonic()
                self._connection = http.client.HTTPConnection(HOST, self._port, timeout=TIMEOUT)
            self._connection.request(method, path, body.encode(), headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.read(), response.headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            status = "timed out" if isinstance(error, TimeoutError) else "cut off"
            raise Unknown(status, idle_since=self._used_at) from error
        self._used_at = time.monotonic()
        if answer.status >= 500:
            raise Unknown(str(answer.status), idle_since=self._used_at)
        return answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class LoggedOut(Exception):
    """The site no longer knows the session."""


class Door:
    """What an annotator can do. Each returns a status; `next` the id of an assignment, or None for nothing."""

    name: str

    def __init__(self, port: int, campaign: str) -> None:
        self.port, self.campaign = port, campaign
        self.client = Client(port)

    def enter(self) -> int:
        raise NotImplementedError

    def next(self) -> int | None:
        raise NotImplementedError

    def vote(self, assignment: int, choice: str, client: Client | None = None) -> int:
        raise NotImplementedError

    def skip(self, assignment: int) -> int:
        raise NotImplementedError

    def flag(self, assignment: int) -> int:
        return self._program("flag", assignment, {"reason": "broken_image", "note": "Half of it is grey."})

    def undo(self, assignment: int) -> int:
        return self._program("undo", assignment, {})

    def _program(
        self, verb: str, assignment: int, body: dict[str, Any], client: Client | None = None, path: str | None = None
    ) -> int:
        shown = ASSIGNMENTS.show(assignment)
        return self._ask_program(path or f"/api/v1/assignments/{shown}/{verb}/", body, client).status

    def _ask_program(self, path: str, body: dict[str, Any], client: Client | None = None) -> Answer:
        headers = {"Content-Type": "application/json", **self.credentials()}
        return (client or self.client).ask("POST", path, headers, json.dumps(body))

    def credentials(self) -> dict[str, str]:
        raise NotImplementedError


class Program(Door):
    """The REST API with a token."""

    name = "rest"

    def __init__(self, port: int, campaign: str, key: str) -> None:
        super().__init__(port, campaign)
        self._key = key

    def enter(self) -> int:
        return 200  # every request brings its token

    def credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"}

    def next(self) -> int | None:
        answer = self._ask_program(f"/api/v1/campaigns/{self.campaign}/assignments/", {})
        return ASSIGNMENTS.find(json.loads(answer.body)["id"]) if answer.status == 200 else None

    def vote(self, assignment: int, choice: str, client: Client | None = None) -> int:
        return self._program("vote", assignment, {"choice": choice, "elapsed_ms": 1800}, client)

    def skip(self, assignment: int) -> int:
        return self._program("skip", assignment, {})


class Browser(Door):
    """The page, as its script drives it. What it has no buttons for goes through the API with the same session."""

    name = "page"

    def __init__(self, port: int, campaign: str, username: str) -> None:
        super().__init__(port, campaign)
        self._username = username
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._shown: int | None = None  # what the last answer put on the screen

    def enter(self) -> int:
        page = self._ask("GET", "/login/")
        self._token = self._form_token(page)
        self._ask("POST", "/login/", {"username": self._username, "password": PASSWORD})
        if "sessionid" not in self._cookies:
            raise LoggedOut(f"{self._username} cannot log in.")
        return 200

    def credentials(self) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"Cookie": cookie, "X-CSRFToken": self._token}

    def next(self) -> int | None:
        shown, self._shown = self._shown, None
        if shown is not None:
            return shown
        page = self._ask("GET", f"/c/{self.campaign}/")
        if page.status == 302:
            raise LoggedOut(f"{self._username} was sent to {page.headers['Location']}.")
        found = SHOWN.search(page.body)
        if found:
            self._token = self._form_token(page)
        return ASSIGNMENTS.find(int(found[1])) if found else None

    def vote(self, assignment: int, choice: str, client: Client | None = None) -> int:
        self._shown = None
        given = {"assignment": ASSIGNMENTS.show(assignment), "choices": {"overall": choice}, "elapsed_ms": 1800}
        headers = {"Content-Type": "application/json", "Sec-Fetch-Mode": "cors", **self.credentials()}
        answer = (client or self.client).ask("POST", "/answers/", headers, json.dumps({"answers": [given]}))
        if answer.status == 401:
            raise LoggedOut(f"{self._username} has no session any more.")
        if answer.status != 200:
            return answer.status
        data = json.loads(answer.body)
        if "go_to" in data:
            raise LoggedOut(f"{self._username} was sent to {data['go_to']}.")
        if client is None and data["cards"]:
            self._shown = ASSIGNMENTS.find(data["cards"][0]["assignment"])
        code = data["answers"][0]["code"]
        return STATUSES.get(code, 403) if code else 200

    def skip(self, assignment: int) -> int:
        return self._post(f"/assignments/{ASSIGNMENTS.show(assignment)}/skip/", {}, b"Skipped")

    def _post(self, path: str, form: dict[str, str], mark: bytes, client: Client | None = None) -> int:
        self._shown = None
        answer = self._ask("POST", path, form, client, {"HX-Request": "true"})
        if "HX-Redirect" in answer.headers or answer.status == 302:
            raise LoggedOut(f"{self._username} was sent elsewhere by {path}.")
        if answer.status == 200:
            if mark not in answer.body:
                raise LoggedOut(f"{path} answered 200 without {mark.decode()!r}.")
            if client is None and (found := SHOWN.search(answer.body)):
                self._shown = ASSIGNMENTS.find(int(found[1]))
        return answer.status

    def _ask(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        client: Client | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        body = urlencode({**form, "csrfmiddlewaretoken": self._token}) if form is not None else ""
        sent = {"Cookie": self.credentials()["Cookie"], "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        answer = (client or self.client).ask(method, path, sent, body)
        for header in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(header).items():
                self._cookies[name] = morsel.value
        return answer

    def _form_token(self, page: Answer) -> str:
        found = FORM_TOKEN.search(page.body)
        if found is None:
            raise LoggedOut(f"{self._username} got a page without a form: {page.status}.")
        return found[1].decode()
