"""The load: a process whose clients send requests on open connections and time the answers.

    python -m benchmarks.support.load '{"kind": "page", "port": 8000, "slugs": ["bench-1000"], "users": ["…"], …}'

It says `begin` once it is warm and `end` when it stops counting, each on a line of its own, and then what it measured.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from typing import Any

import httpx

from benchmarks.support.connection import Client
from benchmarks.support.loops import LOOPS
from benchmarks.support.passwords import PASSWORD

FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')


def log_in(port: int, username: str) -> dict[str, str]:
    """The cookies of a real log-in through the page."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=60) as browser:
        token = FORM_TOKEN.search(browser.get("/login/").text)
        assert token, "The log-in page has no form."
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = browser.post("/login/", data=form, headers={"Referer": f"http://127.0.0.1:{port}/login/"})
        assert "sessionid" in browser.cookies, answer.text
        return dict(browser.cookies)


def measure(order: dict[str, Any]) -> dict[str, Any]:
    """Let the order's clients run for its warm-up and its seconds. Times in milliseconds, of the answers after the warm-up."""
    clients = [Client(order["port"]) for _ in range(order["clients"])]
    start = time.perf_counter() + order["warm_up"]
    end = start + order["seconds"]
    arguments = [(client, order, number, end) for number, client in enumerate(clients)]
    threads = [threading.Thread(target=LOOPS[order["kind"]], args=each) for each in arguments]
    for thread in threads:
        thread.start()
    spent = []
    for word, moment in (("begin", start), ("end", end)):
        time.sleep(max(0.0, moment - time.perf_counter()))
        spent.append(time.process_time())
        print(word, flush=True)
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    counted = [each for client in clients for each in client.times if start <= each.at <= end]
    took = sorted(each.took for each in counted)
    rank = lambda share: 1000 * took[min(len(took) - 1, int(share * len(took)))] if took else 0.0  # noqa: E731
    votes = sum(each.votes for each in counted)
    return {
        "per_second": votes / order["seconds"],
        "p50": rank(0.50),
        "p95": rank(0.95),
        "p99": rank(0.99),
        "cpu_seconds": spent[1] - spent[0],  # of this process
        "votes": votes,  # while it counted, …
        "count": sum(client.done for client in clients),  # … and with the warm-up
        "errors": sum(len(client.problems) for client in clients),
        "problems": [problem[:1000] for client in clients for problem in client.problems],
    }


def main() -> None:
    order = json.loads(sys.argv[1])
    # One after the other and before the clock runs: a log-in hashes a password for most of a second.
    order.setdefault("cookies", [log_in(order["port"], username) for username in order.get("users", [])])
    print(json.dumps(measure(order)))


if __name__ == "__main__":
    main()
