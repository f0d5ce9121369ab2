"""Somebody at the site: a browser with cookies, or a program with a token, at an address of this machine."""

from __future__ import annotations

from typing import Any

import httpx

from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Target
from tests.faults.clients import HOST

TIMEOUT = 60.0  # seconds


class Visitor(httpx.Client):
    """`address` is where it comes from, any in 127.0.0.0/8."""

    def __init__(self, target: Target, *, address: str = HOST, token: str = "", headers: dict[str, str] | None = None) -> None:
        credentials = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(
            base_url=f"http://{HOST}:{target.port}",
            transport=httpx.HTTPTransport(local_address=address),
            headers=credentials | (headers or {}),
            timeout=TIMEOUT,
            trust_env=False,
        )

    def submit(self, path: str, form: dict[str, Any], query: dict[str, Any] | None = None) -> httpx.Response:
        """Post a form as a browser does that has opened its page, which may need a query."""
        if "csrftoken" not in self.cookies:
            self.get(path, params=query)
        return self.post(path, data=form, headers={"X-CSRFToken": self.cookies.get("csrftoken", "")})

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return self.submit("/login/", {"username": name, "password": password})

    @property
    def is_logged_in(self) -> bool:
        return self.get("/").status_code == 200
