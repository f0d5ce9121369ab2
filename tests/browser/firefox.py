"""Firefox of Debian, spoken to in its own protocol (Marionette), because Playwright drives only its own build of Firefox."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.waiting import wait_until

NAMES = ("firefox-esr", "firefox")
PREFERENCES = {
    "marionette.port": 0,  # any that is free; Firefox writes which into its profile
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "app.update.disabledForTesting": True,
}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver marks an element


def find_firefox() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """A window of a Firefox without a screen, with a profile of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        profile = folder / "profile"
        profile.mkdir()
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
        (profile / "user.js").write_text("".join(lines))
        self._process = subprocess.Popen(
            [program, "--marionette", "--headless", "--no-remote", "--profile", str(profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1"},
        )
        port = profile / "MarionetteActivePort"
        number = int(wait_until(lambda: port.exists() and port.read_text().strip(), seconds=60, why="Firefox to start"))
        self._socket = socket.create_connection(("127.0.0.1", number), timeout=60)
        self._file = self._socket.makefile("rb")
        self._numbers = count(1)
        self._receive()  # it introduces itself
        self.ask("WebDriver:NewSession", {})

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def ask(self, command: str, parameters: dict[str, Any]) -> Any:
        message = json.dumps([0, next(self._numbers), command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        assert error is None, f"{command}: {error['message']}"
        return result

    def _receive(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            length += byte
        return json.loads(self._file.read(int(length)))

    # --- what a test does

    def open(self, url: str) -> None:
        self.ask("WebDriver:Navigate", {"url": url})

    def keep_cookie(self, name: str, value: str) -> None:
        """Of the site that is open."""
        self.ask("WebDriver:AddCookie", {"cookie": {"name": name, "value": value, "path": "/"}})

    def evaluate(self, expression: str) -> Any:
        return self.ask("WebDriver:ExecuteScript", {"script": f"return {expression}", "args": []})["value"]

    def wait_for(self, expression: str) -> Any:
        return wait_until(lambda: self.evaluate(expression), why=expression)

    def press(self, key: str) -> None:
        steps = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.ask("WebDriver:PerformActions", {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    def click(self, selector: str) -> None:
        found = self.ask("WebDriver:FindElement", {"using": "css selector", "value": selector})["value"]
        self.ask("WebDriver:ElementClick", {"id": found[ELEMENT]})
