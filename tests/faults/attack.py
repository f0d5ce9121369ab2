"""One run: the site, the people, the manager and the faults, and what is asked of the tables at the end."""

from __future__ import annotations

import argparse
import shutil
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import Error, connection
from django.db.models.functions import Mod

from annotator import tasks
from annotator.accounts.api_tokens import create_token
from annotator.choices import Choice, Scope
from annotator.models import Campaign, ReviewRule
from annotator.quality.rules import ensure_rules
from benchmarks.support.campaigns import load_campaign, make_annotators
from benchmarks.support.site import free_port
from tests.faults import invariants
from tests.faults.annotators import Annotator, Scene
from tests.faults.clients import Browser, Door, Program
from tests.faults.manager import Manager
from tests.faults.record import Record
from tests.faults.site import Site
from tests.faults.standby import ServerPair
from tests.faults.strikes import Strikes

VOTES_WANTED, VOTES_MAX = 3, 5
VOTES_PER_PAIR = 4.2  # fewer than pairs come to when people answer at random, so that the pairs outlast the faults
GOLD_EVERY = 40  # pairs, of which one is gold: it and repeats are mixed in at the usual rates
LEASE_SECONDS = 5
# In a long run. Somebody who shares two cores with 47 others answers a quarter of their queue in five seconds, and the workers do
# little but fill again what expired.
LONG_RUN, LONG_LEASE_SECONDS = 20_000, 20
REST_SHARE = 3  # every third annotator is a program
FINISH_LIMIT = 120.0  # seconds that the calm end may take, and more in a large run


class Attack:
    def __init__(self, arguments: argparse.Namespace, faults: list[str], pair: ServerPair | None) -> None:
        """`pair` is what the settings' database is, unless that is the embedded one."""
        self.votes: int = arguments.votes
        self.seed: int = arguments.seed
        self.record = Record()
        self._lease_seconds = LONG_LEASE_SECONDS if self.votes >= LONG_RUN else LEASE_SECONDS
        self.scene = Scene(self.record, lease_seconds=self._lease_seconds)
        self.site = Site(free_port(), pair, has_fake_clock="clock" in faults)
        self.annotators: list[Annotator] = []
        self.seconds = self.calm_seconds = 0.0
        self.votes_at_calm = 0
        self._n_annotators: int = arguments.annotators
        self._limit: float = arguments.limit or 120 + self.votes / 10
        self._faults = faults
        every = arguments.fault_every or min(600, max(1, self.votes // (2 * len(self._faults) + 1)))
        self._fault_votes = list(range(every, int(0.9 * self.votes), every)) if self._faults else []
        actions = arguments.suspensions if arguments.suspensions is not None else max(6, self.votes // 400)
        self._manager_votes = [round(self.votes * (n + 1) / (actions + 1)) for n in range(actions)]

    def prepare(self) -> None:
        """Tables, campaign, people and processes."""
        call_command("migrate", interactive=False, verbosity=0)
        campaign = load_campaign(round(self.votes / VOTES_PER_PAIR), votes_wanted=VOTES_WANTED)
        Campaign.objects.filter(pk=campaign.pk).update(lease_seconds=self._lease_seconds, votes_max=VOTES_MAX)
        # People who answer by lot would be suspended by rule, and only the manager's suspensions are known to the record.
        ReviewRule.objects.filter(pk__in=[rule.pk for rule in ensure_rules(campaign)]).update(enabled=False)
        every = campaign.pairs.annotate(place=Mod("pk", GOLD_EVERY))
        every.filter(place=0).update(gold_choice=Choice.A)
        for number, user in enumerate(make_annotators(campaign, self._n_annotators, name="hammer")):
            door: Door
            if number % REST_SHARE == 0:
                door = Program(self.site.port, campaign.slug, create_token(user=user, scopes=[Scope.ANNOTATE])[1])
            else:
                door = Browser(self.site.port, campaign.slug, user.username)
            self.annotators.append(Annotator(user.username, door, self.scene, seed=self.seed))
        self.strikes = Strikes(self.site, self.scene, names=self._faults, at_votes=self._fault_votes, seed=self.seed)
        at_most_out = self._n_annotators // 5
        self.manager = Manager(campaign, self.scene, at_votes=self._manager_votes, at_most_out=at_most_out, seed=self.seed)
        self.site.start()

    def run(self) -> None:
        """The attack itself, until there are enough votes, the pairs are used up, or time is."""
        start = time.monotonic()
        for thread in (*self.annotators, self.strikes, self.manager):
            thread.start()
        next_look = start + 5
        while time.monotonic() < start + self._limit:
            self._require_alive()
            if self.record.acknowledged >= self.votes and self.strikes.is_done.is_set():
                break
            if time.monotonic() > next_look:
                next_look = time.monotonic() + 5
                free = shutil.disk_usage(settings.DATA_DIR).free >> 20
                at = time.monotonic() - start
                print(f"  {at:6.0f} s  {self.record.acknowledged:>9,} votes  {free:>6,} MB free", flush=True)
                if self.strikes.is_done.is_set() and self._is_finished():
                    break
            time.sleep(0.1)
        else:
            self.record.surprise(f"Only {self.record.acknowledged:,} votes within {self._limit:.0f} s.")
        self.votes_at_calm, self.seconds = self.record.acknowledged, time.monotonic() - start

    def finish(self) -> None:
        """Nobody attacks any more: people go on until nothing is left, then every lease comes to its end."""
        start = time.monotonic()
        self.scene.is_calm.set()
        limit = FINISH_LIMIT + self.votes / 100
        while not self._is_finished():
            self._require_alive()
            if time.monotonic() > start + limit:
                self.record.surprise(f"Not finished after {limit:.0f} s of calm.")
                break
            time.sleep(0.25)
        self.scene.is_over.set()
        for thread in (*self.annotators, self.strikes, self.manager):
            thread.join(timeout=60)
            if thread.is_alive():
                self.record.surprise(f"{thread.name} hangs.")
        overdue_after = time.monotonic() + self._lease_seconds + 30
        while time.monotonic() < overdue_after:
            if self._holds(invariants.RETURNED) and not self._open_seats() and self._holds(invariants.SETTLED):
                break
            tasks.enqueue(tasks.return_expired_seats)
            time.sleep(0.25)
        self.calm_seconds = time.monotonic() - start

    def check(self) -> dict[str, list[tuple[Any, ...]]]:
        """The offending rows of each invariant."""
        invariants.load(self.record.sent, self.scene.suspended)
        broken = {name: invariants.offenders(name) for name in invariants.QUERIES}
        ended = [(name,) for name in self.site.ended()]
        return broken | {"no counter had to be repaired": self.site.counter_drift(), "no service ended by itself": ended}

    def stop(self) -> None:
        self.scene.is_over.set()
        connection.close()
        self.site.stop()

    def _is_finished(self) -> bool:
        return self._holds(invariants.FINISHED)

    def _holds(self, name: str) -> bool:
        try:
            return invariants.holds(name)
        except Error:  # the database is away
            connection.close()
            return False

    def _open_seats(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM annotator_assignment WHERE state = 'open')")
            return bool(cursor.fetchone()[0])

    def _require_alive(self) -> None:
        if not any(annotator.is_alive() for annotator in self.annotators):
            raise SystemExit(f"All annotators broke off: {self.record.surprises[:3]}")
