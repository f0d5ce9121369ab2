"""What the children of `test_limited_process.py` and of tests of imports run: a real decoder that can be made to misbehave."""

from __future__ import annotations

import os
import signal
import tempfile
from typing import Any

from annotator.importing import decoder_child
from annotator.lib.limited_process import Message

SECRETS = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "STORAGE_URL"}
kept: list[bytearray] = []


def handle(name: str, arguments: dict[str, Any], blobs: list[bytes]) -> Message:
    match name:
        case "echo":
            return arguments | {"secrets": sorted(SECRETS & set(os.environ))}, blobs
        case "take":
            return {"bytes": len(bytearray(arguments["bytes"]))}, []
        case "keep":
            kept.append(bytearray(arguments["bytes"]))
            return {}, []
        case "keep and hang":
            kept.append(bytearray(b"x" * arguments["bytes"]))
            signal.pause()
        case "spin":
            while True:
                pass
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave a file":
            with tempfile.NamedTemporaryFile(delete=False) as file:
                return {"path": file.name}, []
        case "image" if blobs[0].startswith(b"kills its decoder"):
            os.kill(os.getpid(), signal.SIGKILL)
        case "image" if blobs[0].startswith(b"kills its worker"):
            os.kill(os.getppid(), signal.SIGKILL)
            return {}, []
        case "open" if arguments["name"].startswith("kills-its-reader"):
            os.kill(os.getpid(), signal.SIGKILL)
    return decoder_child.handle(name, arguments, blobs)
