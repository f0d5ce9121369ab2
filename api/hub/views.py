"""The routes of the protocol, one function each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from annotator.lib import file_responses
from annotator.lib.public_ids import USERS
from annotator.lib.request_body import LIMIT, in_words
from annotator.models import Release
from api.hub.caller import Caller, HubError, hub_view, json_answer
from api.hub.repositories import Folder, RepoFile, Repository, Snapshot, folders_of, repositories_for, repository_for

Json = dict[str, Any]

PAGE_SIZE = 1000  # entries, as on the Hub
EXPANDED_PAGE_SIZE = 50
PATHS_LIMIT = 10_000
FOR_EVER = "private, max-age=31536000, immutable"  # the content of a revision's 40 digits never changes


# --- repositories


@hub_view("GET", "HEAD")
def datasets(request: HttpRequest, caller: Caller) -> HttpResponse:
    """The readable datasets by name, filtered by `author` and `search`."""
    author, words = request.GET.get("author", ""), request.GET.get("search", "").casefold()
    found = repositories_for(caller) if author in ("", settings.HUB_NAMESPACE) else []
    found = [repository for repository in found if repository.releases and words in repository.id.casefold()]
    page, headers = page_of(request, found, lambda repository: repository.name, number_in(request, "limit", PAGE_SIZE))
    return json_answer([info_of(repository, repository.releases[-1]) for repository in page], **headers)


@hub_view("GET", "HEAD")
def info(request: HttpRequest, caller: Caller, namespace: str, name: str, revision: str = "main") -> HttpResponse:
    repository = repository_for(caller, namespace, name)
    snapshot = repository.at(revision)
    siblings = [sibling_of(file, is_on(request, "blobs")) for file in snapshot.below("")]
    return json_answer({**info_of(repository, snapshot.release), "siblings": siblings}, X_Repo_Commit=snapshot.sha)


def info_of(repository: Repository, release: Release) -> Json:
    return {
        "_id": hashlib.sha256(repository.id.encode()).hexdigest()[:24],
        "id": repository.id,
        "author": settings.HUB_NAMESPACE,
        "sha": repository.sha_of(release),
        "lastModified": time_of(release),
        "createdAt": time_of(repository.releases[0]),
        "private": repository.is_private,
        "gated": False,
        "disabled": False,
        "description": repository.campaign.description,
        "tags": [],
        "downloads": 0,
        "likes": 0,
    }


def sibling_of(file: RepoFile, with_blobs: bool) -> Json:
    if not with_blobs:
        return {"rfilename": file.path}
    result: Json = {"rfilename": file.path, "size": file.size, "blobId": file.oid}
    if file.is_large:
        result["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size}
    return result


@hub_view("GET", "HEAD")
def auth_check(request: HttpRequest, caller: Caller, namespace: str, name: str) -> HttpResponse:
    repository_for(caller, namespace, name)
    return json_answer({})


@hub_view("GET", "HEAD")
def refs(request: HttpRequest, caller: Caller, namespace: str, name: str) -> HttpResponse:
    repository = repository_for(caller, namespace, name)
    newest = repository.releases[-1:]
    result: Json = {
        "branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": repository.sha_of(each)} for each in newest],
        "tags": [
            {"name": f"v{release.number}", "ref": f"refs/tags/v{release.number}", "targetCommit": repository.sha_of(release)}
            for release in repository.releases
        ],
        "converts": [],
    }
    if is_on(request, "include_prs"):
        result["pullRequests"] = []
    return json_answer(result)


@hub_view("GET", "HEAD")
def commits(request: HttpRequest, caller: Caller, namespace: str, name: str, revision: str) -> HttpResponse:
    """The releases up to this one, newest first. Releases with the same content are one revision."""
    repository = repository_for(caller, namespace, name)
    last = repository.release_at(revision)
    by_sha = {repository.sha_of(release): release for release in repository.releases if release.number <= last.number}
    return json_answer([commit_of(repository, release) for release in reversed(by_sha.values())])


def commit_of(repository: Repository, release: Release) -> Json:
    # The author is the site: the person who built a release is not public.
    result = {"id": repository.sha_of(release), "title": f"Release {release.number}", "message": "", "date": time_of(release)}
    return {**result, "authors": [{"user": settings.HUB_NAMESPACE}]}


# --- files


@hub_view("GET", "HEAD")
def tree(request: HttpRequest, caller: Caller, namespace: str, name: str, revision: str, path: str = "") -> HttpResponse:
    """The entries of a folder; `recursive` adds subfolders, `expand` adds the last commit of each."""
    snapshot = repository_for(caller, namespace, name).at(revision)
    folder = path.strip("/")
    files = snapshot.below(folder)
    folders = [each for each in folders_of(files) if not folder or each.path.startswith(f"{folder}/")]
    entries: list[RepoFile | Folder] = sorted([*files, *folders], key=lambda entry: entry.path)
    if folder and not entries:
        raise no_entry(snapshot, folder)
    if not is_on(request, "recursive"):
        depth = folder.count("/") + 1 if folder else 0
        entries = [entry for entry in entries if entry.path.count("/") == depth]
    expand = is_on(request, "expand")
    page, headers = page_of(request, entries, lambda entry: entry.path, EXPANDED_PAGE_SIZE if expand else PAGE_SIZE)
    return json_answer([entry_of(snapshot, entry, expand) for entry in page], X_Repo_Commit=snapshot.sha, **headers)


@hub_view("POST")
def paths_info(request: HttpRequest, caller: Caller, namespace: str, name: str, revision: str) -> HttpResponse:
    """The files and folders at the requested paths."""
    snapshot = repository_for(caller, namespace, name).at(revision)
    paths, expand = requested_paths(request)
    files = snapshot.below("")
    entries: list[RepoFile | Folder] = [*files, *folders_of(files)]
    known = {entry.path: entry for entry in entries}
    found = [known.get(path) for path in dict.fromkeys(path.strip("/") for path in paths)]
    return json_answer([entry_of(snapshot, entry, expand) for entry in found if entry is not None])


def requested_paths(request: HttpRequest) -> tuple[list[str], bool]:
    """Paths, and whether with their commits: from a form, or JSON. Not from `request.POST`, which refuses a thousand paths."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if len(length) > 9 or int(length) > LIMIT:
        raise HubError(413, f"The body can be at most {in_words(LIMIT)}. Send fewer paths.")
    try:
        body = request.body.decode()
        if request.content_type == "application/json":
            sent = json.loads(body)
            paths, expand = sent.get("paths", []), sent.get("expand", False)
        else:
            form = parse_qs(body, max_num_fields=PATHS_LIMIT)
            paths, expand = form.get("paths", []), form.get("expand", [""])[-1]
        if not all(isinstance(path, str) for path in paths):
            raise ValueError
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise HubError(400, "The body could not be read. Send a form with one `paths` field per path.") from error
    return paths, str(expand).lower() in ("true", "1")


@hub_view("GET", "HEAD")
def resolve(request: HttpRequest, caller: Caller, namespace: str, name: str, revision: str, path: str) -> HttpResponseBase:
    """The bytes of a file, or a range of them."""
    snapshot = repository_for(caller, namespace, name).at(revision)
    file = snapshot.file(path)
    if file is None:
        raise no_entry(snapshot, path)
    try:
        response = file_responses.serve(
            request,
            open_file=file.open,
            size=file.size,
            sha256=file.sha256,
            name=file.path,
            tag=file.tag,
            cache_control=FOR_EVER if revision == snapshot.sha else "private, no-store",
            stored_as=file.stored_as,
        )
    except file_responses.RangeNotSatisfiable as error:
        raise HubError(416, str(error), **error.headers) from error
    response.headers["X-Repo-Commit"] = snapshot.sha
    response.headers["X-Linked-ETag"] = f'"{file.tag}"'
    response.headers["X-Linked-Size"] = str(file.size)
    return response


def no_entry(snapshot: Snapshot, path: str) -> HubError:
    """With the commit, so that a client can cache that the file does not exist."""
    return HubError(404, "This file does not exist at this revision.", "EntryNotFound", X_Repo_Commit=snapshot.sha)


def entry_of(snapshot: Snapshot, entry: RepoFile | Folder, expand: bool) -> Json:
    result: Json = {"type": "directory", "oid": entry.oid, "size": 0, "path": entry.path}
    if isinstance(entry, RepoFile):
        result |= {"type": "file", "size": entry.size}
        if entry.is_large:
            result["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
    if expand:
        commit = commit_of(snapshot.repository, snapshot.release)
        result["lastCommit"] = {key: commit[key] for key in ("id", "title", "date")}
    return result


# --- the rest


@hub_view("GET", "HEAD")
def whoami(request: HttpRequest, caller: Caller) -> HttpResponse:
    if caller.token is None:
        raise (
            caller.unknown()
            if caller.has_bad_token
            else HubError(401, "Send a token in the Authorization header.", WWW_Authenticate="Bearer")
        )
    token, user = caller.token, caller.token.user
    result = {
        "type": "user",
        "id": f"{USERS.show(user.pk):024x}",
        "name": user.username,
        "fullname": user.get_full_name() or user.username,
    }
    access = {"displayName": token.name or token.hint, "role": "read"}
    return json_answer({**result, "isPro": False, "orgs": [], "auth": {"type": "access_token", "accessToken": access}})


@hub_view("GET", "HEAD")
def agent_harnesses(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Newer clients request it once a day."""
    return json_answer({"standardEnvVars": [], "harnesses": {}})


@hub_view("GET", "HEAD")
def not_there(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Models, spaces and everything else. A client that finds no model here uses its local copy."""
    raise (
        caller.no_repository() if "/datasets" in request.path else HubError(404, "This server only has datasets.", "RepoNotFound")
    )


# --- times, parameters and pages


def time_of(release: Release) -> str:
    """When the release was finished, in the format of the clients."""
    finished = release.finished_at or datetime.fromtimestamp(0, UTC)
    return finished.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def is_on(request: HttpRequest, name: str) -> bool:
    """Whether a parameter is true, as either HTTP library spells it."""
    return request.GET.get(name, "").lower() in ("true", "1")


def number_in(request: HttpRequest, name: str, most: int) -> int:
    raw = request.GET.get(name, "")
    return min(int(raw), most) or most if raw.isascii() and raw.isdigit() and len(raw) <= 9 else most


def page_of(request: HttpRequest, rows: list[Any], key: Callable[[Any], str], size: int) -> tuple[list[Any], dict[str, str]]:
    """The rows after the `cursor`, and the header that leads to the next ones. Its address is absolute, as clients require."""
    after = request.GET.get("cursor", "")
    left = [row for row in rows if key(row) > after] if after else rows
    if len(left) <= size:
        return left, {}
    query = urlencode({name: request.GET[name] for name in request.GET} | {"cursor": key(left[size - 1])})
    address = request.build_absolute_uri(f"?{query}")
    return left[:size], {"Link": f'<{address}>; rel="next"'}
