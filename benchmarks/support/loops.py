"""What the clients of a load do until its end: vote by the page or by REST, or ask for a view of one query. And what people's
browsers do in the tools that this site is measured beside.

A client that has judged all pairs of a campaign goes on in the next one of its order.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from benchmarks.support.connection import Client

ASSIGNMENT = re.compile(rb'data-assignment="(\d+)"')
POTATO_ITEM = re.compile(rb'name="instance_id"[^>]*value="([^"]+)"')
CHOICES = ("a", "b", "both_good", "both_bad")
JSON = "Content-Type: application/json\r\n"
ELAPSED_MS = 2400
OUT_OF_PAIRS = "There are no pairs left in any campaign of this client."

Loop = Callable[[Client, dict[str, Any], int, float], None]


def one_query(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    while time.perf_counter() < end:
        start = time.perf_counter()
        status, body = client.ask("GET", f"/bench/one-query/?pk={order['pk']}")
        if status != 200:
            client.problems.append(f"{status}: {body!r}")
            return
        client.note(start, 1)


def page(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    """Open the page once, then send answers, each on a pair that an earlier response brought: one in a request, or as many
    `together` as wait in the outbox of a browser whose network is slow."""
    cookies = order["cookies"][number]
    cookie = cookie_header(cookies)
    posting = f"{cookie}X-CSRFToken: {cookies['csrftoken']}\r\n{JSON}"
    begin, pause = time.perf_counter(), order.get("pause", 0.0)  # seconds from one vote of a client to its next, at least
    together = order.get("together", 1)
    for slug in order["slugs"]:
        while deck := cards(client.ask("GET", f"/c/{slug}/", cookie)[1]):
            while deck:
                time.sleep(max(0.0, begin + client.done * pause - time.perf_counter()))
                start = time.perf_counter()
                if start >= end:
                    return
                sent, deck = deck[:together], deck[together:]
                answers = [
                    {"assignment": one, "choices": {"overall": CHOICES[(client.done + at) % 4]}, "elapsed_ms": ELAPSED_MS}
                    for at, one in enumerate(sent)
                ]
                body = json.dumps({"answers": answers, "have": deck, "unsent": together - 1})
                status, said = client.ask("POST", "/answers/", posting, body)
                data = json.loads(said) if status == 200 else {}
                if not data or any(one["code"] for one in data["answers"]):
                    client.problems.append(f"{status}: {said!r}")
                    return
                client.note(start, len(sent))
                deck += [card["assignment"] for card in data.get("cards", [])]
    client.problems.append(OUT_OF_PAIRS)


def cards(body: bytes) -> list[int]:
    return [int(found) for found in ASSIGNMENT.findall(body)]


def rest(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    """A script: take an assignment, then vote again and again on what each vote's response brings."""
    headers = f"Authorization: Bearer {order['tokens'][number]}\r\n{JSON}"
    for slug in order["slugs"]:
        while True:
            status, body = client.ask("POST", f"/api/v1/campaigns/{slug}/assignments/", headers)
            if status == 204:
                break
            following = [json.loads(body)] if status == 200 else []
            while following:
                start = time.perf_counter()
                if start >= end:
                    return
                answer = json.dumps({"choice": CHOICES[client.done % 4], "elapsed_ms": ELAPSED_MS})
                status, body = client.ask("POST", f"/api/v1/assignments/{following[0]['id']}/vote/?next=1", headers, answer)
                if status not in (200, 201):
                    break
                client.note(start, 1)
                following = json.loads(body)["next"]
            if status not in (200, 201):
                client.problems.append(f"{status}: {body!r}")
                return
    client.problems.append(OUT_OF_PAIRS)


def potato(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    """What Potato's own page does: save the answer, go on, and load the next page."""
    cookie = cookie_header(order["cookies"][number])
    posting = f"{cookie}{JSON}X-Potato-Navigation: 1\r\n"
    found = POTATO_ITEM.search(client.ask("GET", "/annotate", cookie)[1])
    while found is not None:
        start = time.perf_counter()
        if start >= end:
            return
        item = found[1].decode()
        choice = "AB"[client.done % 2]
        answer = {
            "instance_id": item,
            "annotations": {"overall:selection": choice},
            "cleared_schemas": [],
            "span_annotations": [],
        }
        saved, body = client.ask("POST", "/updateinstance", posting, json.dumps(answer | {"response_time_seconds": 2.4}))
        gone_on, _ = client.ask("POST", "/annotate", posting, json.dumps({"action": "next_instance", "instance_id": item}))
        status, page = client.ask("GET", "/annotate", cookie)
        if (saved, gone_on, status) != (200, 200, 200):
            client.problems.append(f"{saved}, {gone_on}, {status}: {body!r}")
            return
        client.note(start, 1)
        found = POTATO_ITEM.search(page)
    client.problems.append(OUT_OF_PAIRS)


def label_studio(client: Client, order: dict[str, Any], number: int, end: float) -> None:
    """What Label Studio's own page does: take the next task, send an annotation."""
    cookies = order["cookies"][number]
    headers = f"{cookie_header(cookies)}X-CSRFToken: {cookies['csrftoken']}\r\nReferer: http://127.0.0.1:{client.port}/\r\n{JSON}"
    all_tasks = json.dumps({"filters": {"conjunction": "and", "items": []}, "selectedItems": {"all": True, "excluded": []}})
    while (start := time.perf_counter()) < end:
        status, body = client.ask("POST", f"/api/dm/actions?id=next_task&project={order['project']}", headers, all_tasks)
        if status == 200:
            said = {"value": {"choices": ["ab"[client.done % 2]]}, "id": "one", "from_name": "overall", "to_name": "left"}
            answer = {"lead_time": 2.4, "result": [said | {"type": "choices", "origin": "manual"}]}
            address = f"/api/tasks/{json.loads(body)['id']}/annotations?project={order['project']}"
            status, body = client.ask("POST", address, headers, json.dumps(answer))
        if status != 201:
            client.problems.append(f"{status}: {body!r}")
            return
        client.note(start, 1)


def cookie_header(cookies: dict[str, str]) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()) + "\r\n"


LOOPS: dict[str, Loop] = {"one-query": one_query, "page": page, "rest": rest, "potato": potato, "label-studio": label_studio}
