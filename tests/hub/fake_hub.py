"""A Hub of our own to publish to: as much of the commit protocol as `huggingface_hub` uses, kept in memory.

It takes whole files, or chunks: then the client's own store keeps them in a folder.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

WRITER, READER = "hf_writerwriterwriterwriter", "hf_readerreaderreaderreader"


def blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Commit:
    id: str
    title: str
    files: dict[str, bytes]
    large: set[str]


@dataclass
class Repo:
    is_private: bool
    commits: list[Commit]
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> Commit:
        wanted = self.tags.get(revision, revision)
        return next((commit for commit in self.commits if commit.id == wanted), self.commits[-1])


@dataclass
class FakeHub:
    """`uploads` are the large files that were sent, in order; `refuse` answers a request in our stead with a status."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    refuse: Callable[[str, str], int | None] = lambda method, path: None
    xet: Path | None = None  # where it keeps chunks of files; None: it takes whole files

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, Any]:
        self.asked.append((method, path))
        if status := self.refuse(method, path):
            return status, {"error": "told to refuse"}
        if path.startswith("/large/"):
            return self.take(path.removeprefix("/large/"), body)
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if token not in (WRITER, READER):
            return 401, {"error": "Invalid credentials in Authorization header"}
        if path == "/api/whoami-v2":
            role = "write" if token == WRITER else "read"
            return 200, {"type": "user", "name": "rose", "auth": {"accessToken": {"displayName": "x", "role": role}}}
        if method != "GET" and token != WRITER:
            return 403, {"error": "Forbidden: you need a write token"}
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if match := re.fullmatch(r"/(?:api/)?datasets/([\w.-]+/[\w.-]+?)(?:\.git)?(?:/(.*))?", path):
            repo = self.repos.get(match[1])
            if repo is None:
                return 404, {"error": "Repository not found"}
            return self.answer_of(repo, match[1], method, match[2] or "", body)
        return 404, {"error": "nothing there"}

    def create(self, asked: dict[str, Any]) -> tuple[int, Any]:
        name = f"{asked['organization']}/{asked['name']}"
        known = name in self.repos
        attributes = Commit("0" * 40, "initial commit", {".gitattributes": b"*.parquet filter=lfs\n"}, set())
        self.repos.setdefault(name, Repo(asked.get("visibility") == "private", [attributes]))
        return 409 if known else 200, {"url": f"{self.url}/datasets/{name}"}

    def take(self, oid: str, body: bytes) -> tuple[int, Any]:
        if hashlib.sha256(body).hexdigest() != oid:
            return 400, {"error": "these are other bytes"}
        self.large[oid] = body
        self.uploads.append(oid)
        return 200, {}

    def answer_of(self, repo: Repo, name: str, method: str, path: str, body: bytes) -> tuple[int, Any]:
        kind, _, rest = path.partition("/")
        match method, kind:
            case "GET", "refs":
                tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": commit} for tag, commit in repo.tags.items()]
                return 200, {"branches": [], "converts": [], "tags": tags}
            case "GET", "tree" | "" | "revision":
                return 200, self.listed(repo.at(rest.partition("/")[0] or "main"), name, is_tree=kind == "tree")
            case "GET", "xet-write-token" if self.xet is not None:
                return 200, {"casUrl": f"local://{self.xet}", "exp": 2**32, "accessToken": "for chunks"}
            case "POST", "preupload":
                return 200, {"files": [self.mode(repo, file["path"]) for file in json.loads(body)["files"]]}
            case "POST", "info":
                return 200, {"objects": [self.wanted(each) for each in json.loads(body)["objects"]]}
            case "POST", "commit":
                return 200, self.commit(repo, name, [json.loads(line) for line in body.splitlines()])
            case "POST", "tag":
                tag = json.loads(body)["tag"]
                if tag in repo.tags:
                    return 409, {"error": "Tag reference exists already"}
                repo.tags[tag] = rest
                return 200, {}
        return 404, {"error": "nothing there"}

    def listed(self, commit: Commit, name: str, is_tree: bool) -> Any:
        files = []
        for path, data in commit.files.items():
            oid = hashlib.sha256(data).hexdigest()
            large = {"sha256": oid, "oid": oid, "size": len(data), "pointerSize": 130} if path in commit.large else None
            said = {"type": "file", "path": path, "rfilename": path, "size": len(data), "oid": blob_id(data)}
            files.append({**said, **({"lfs": large} if large else {})})
        return files if is_tree else {"id": name, "sha": commit.id, "siblings": files}

    def mode(self, repo: Repo, path: str) -> dict[str, Any]:
        there = repo.commits[-1].files.get(path)
        is_large = path.endswith((".parquet", ".png"))
        oid = None if there is None else hashlib.sha256(there).hexdigest() if is_large else blob_id(there)
        return {"path": path, "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": False, "oid": oid}

    def wanted(self, each: dict[str, Any]) -> dict[str, Any]:
        if each["oid"] in self.large:
            return each
        return {**each, "actions": {"upload": {"href": f"{self.url}/large/{each['oid']}"}}}

    def commit(self, repo: Repo, name: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        last = repo.commits[-1]
        files, large = dict(last.files), set(last.large)
        for line in lines[1:]:
            value = line["value"]
            match line["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.large[value["oid"]] if self.xet is None else b"in chunks"
                    large.add(value["path"])
                case "deletedFile":
                    del files[value["path"]]
        oid = hashlib.sha1(repr((last.id, sorted(files.items()))).encode()).hexdigest()
        repo.commits.append(Commit(oid, lines[0]["value"]["summary"], files, large & files.keys()))
        return {"commitUrl": f"{self.url}/datasets/{name}/commit/{oid}", "commitOid": oid}


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if not self.is_chunked() else self.chunks()
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            with lock:
                status, said = hub.answer(self.command, unquote(urlsplit(self.path).path), token, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def is_chunked(self) -> bool:
            return self.headers.get("Transfer-Encoding", "") == "chunked"

        def chunks(self) -> bytes:
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_POST = do_PUT = do_HEAD = handle_any

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
