"""One load against a running site: votes a second, and what each cost in CPU, tables and log."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from annotator.accounts.api_tokens import create_token
from annotator.choices import Scope
from annotator.models import Campaign, Member, User, Vote
from benchmarks.support import hot
from benchmarks.support.campaigns import make_annotators
from benchmarks.support.processes import CpuTimes, cpu_times, memory_mb
from benchmarks.support.production import Site
from benchmarks.support.results import ROOT, Row
from benchmarks.support.writes import Snapshot, snapshot

WARM_UP = 2.0  # seconds
CLIENTS = 8


@dataclass(frozen=True)
class Mode:
    """A way to vote: which loop of benchmarks/support/loops.py, by how many clients at once."""

    name: str
    loop: str
    clients: int = CLIENTS
    together: int = 1  # answers in a request


MODES = {
    mode.name: mode
    for mode in (
        Mode("page", "page"),
        Mode("page, 5 answers together", "page", together=5),
        Mode("rest", "rest"),
        Mode("rest, one script", "rest", clients=1),
    )
}


@dataclass(frozen=True)
class Moment:
    cpu: CpuTimes
    writes: Snapshot


def one_query_rate(site: Site, campaign: Campaign, seconds: float) -> float:
    """Requests a second for the view of one query."""
    order = {"kind": "one-query", "pk": campaign.pk, "clients": CLIENTS}
    return float(send(site, order, seconds)["per_second"])


def measure_votes(site: Site, mode: Mode, campaigns: list[Campaign], seconds: float) -> Row:
    """By new annotators, who are members of all these campaigns and judge one after the other."""
    moments: list[Moment] = []
    at_marks = lambda: moments.append(Moment(cpu_times(site.roots), snapshot()))  # noqa: E731
    untouched = hot.snapshot()
    row = _votes(site, mode, campaigns, seconds, at_marks)
    cost = hot.cost(untouched, hot.snapshot(), votes=row.pop("count"))
    before, after = moments
    cpu, votes = after.cpu.since(before.cpu), max(1, row.pop("votes"))
    by_role = {role: 1000 * spent / votes for role, spent in cpu.items()}
    return row | {
        "cpu_ms": sum(by_role.values()),
        **{f"cpu_ms_{role}": spent for role, spent in by_role.items()},
        "web_mb": memory_mb(site.roots["web"]),
        "worker_mb": memory_mb(site.roots["worker"]),
        "web_busiest": after.cpu.busiest_web_share(before.cpu),
        "hot_share": cost.hot_share,
        "hot_share_by_table": cost.hot_share_of,
        "index_entries": cost.entries_per_vote,
        "index_entries_by_table": cost.entries_per_vote_of,
        "pages": after.writes.pages_per_vote(before.writes),
        "log_bytes": (after.writes.log - before.writes.log) / votes,
    }


def page_votes(site: Site, campaigns: list[Campaign], seconds: float) -> Row:
    """Votes by the page, of a site whose processes nobody looks at."""
    return _votes(site, MODES["page"], campaigns, seconds, lambda: None)


def _votes(site: Site, mode: Mode, campaigns: list[Campaign], seconds: float, at_marks: Callable[[], None]) -> Row:
    users = make_annotators(campaigns[0], mode.clients, name=mode.loop)
    Member.objects.bulk_create(Member(campaign=campaign, user=user) for campaign in campaigns[1:] for user in users)
    order: dict[str, Any] = {
        "kind": mode.loop,
        "clients": mode.clients,
        "together": mode.together,
        "slugs": [campaign.slug for campaign in campaigns],
    }
    if mode.loop == "rest":
        order["tokens"] = [create_token(user=user, scopes=[Scope.ANNOTATE])[1] for user in users]
    else:
        order["users"] = [user.username for user in users]
    measured = send(site, order, seconds, at_marks)
    _assert_stored(users, measured["count"])
    return {
        "mode": mode.name,
        "clients": mode.clients,
        "votes": measured["votes"],
        "count": measured["count"],
        "votes_per_s": measured["per_second"],
        "p50_ms": measured["p50"],
        "p95_ms": measured["p95"],
        "p99_ms": measured["p99"],
        "cpu_ms_client": 1000 * measured["cpu_seconds"] / max(1, measured["votes"]),
    }


def send(site: Site, order: dict[str, Any], seconds: float, at_marks: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Let a process of its own send requests to the site. `at_marks` is called when it begins to count, and when it ends."""
    return send_order(order | {"port": site.port}, seconds, at_marks)


def send_order(order: dict[str, Any], seconds: float, at_marks: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """As `send`, to where the order says."""
    full = {"seconds": seconds, "warm_up": WARM_UP, **order}
    command = [sys.executable, "-m", "benchmarks.support.load", json.dumps(full)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdout is not None
        said = ""
        for line in load.stdout:
            if line.strip() in ("begin", "end"):
                at_marks()
            else:
                said = line
    if load.returncode or not said:
        raise SystemExit(f"The load process ended with exit code {load.returncode}.")
    measured: dict[str, Any] = json.loads(said)
    if measured["errors"]:
        raise SystemExit(f"{measured['errors']} clients failed:\n" + "\n".join(measured["problems"]))
    return measured


def _assert_stored(users: list[User], acknowledged: int) -> None:
    """Every vote that was acknowledged is in the database."""
    stored = Vote.objects.live().filter(assignment__member__user__in=users).count()
    if stored != acknowledged:
        raise SystemExit(f"{acknowledged} votes were acknowledged, {stored} are in the database.")
