"""A real OpenID Connect provider in a process of its own: discovery, authorisation, tokens signed by its own key."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import httpx

from tests.waiting import wait_until


class OidcProvider:
    """It lets clients in that it knows, and whoever says who they are."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-registration"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, why="the OpenID Connect provider")

    def _answers(self) -> bool:
        assert self._process.poll() is None, "the OpenID Connect provider ended"
        try:
            return httpx.get(f"{self.url}/.well-known/openid-configuration").is_success
        except httpx.TransportError:
            return False

    def register(self, callback: str) -> dict[str, Any]:
        """The settings of a site that people are sent back to at this address."""
        answer = httpx.post(f"{self.url}/oauth2/clients", json={"redirect_uris": [callback]}).raise_for_status().json()
        return {
            "provider_id": "lab",
            "name": "The Lab",
            "client_id": answer["client_id"],
            "secret": answer["client_secret"],
            "settings": {
                "server_url": self.url,
                "scope": ["openid", "profile", "email"],
                "oauth_pkce_enabled": True,
                "token_auth_method": answer["token_endpoint_auth_method"],
            },
        }

    def know(self, subject: str, **claims: Any) -> None:
        """Somebody with an account there."""
        httpx.put(f"{self.url}/users/{subject}", json=claims).raise_for_status()

    def say_who(self, address: str, subject: str) -> str:
        """Log in there as somebody; where the provider sends them back to."""
        return httpx.post(address, data={"sub": subject}).headers["Location"]

    def refuse(self, address: str) -> str:
        back = httpx.URL(httpx.post(address, data={"action": "deny"}).headers["Location"])
        return str(back.copy_merge_params({"state": httpx.URL(address).params["state"]}))  # which it forgets, and OAuth demands

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
