"""Annotators who misbehave in every way the doors allow, and remember what they were told."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

from annotator.choices import Choice
from tests.faults.clients import Client, Door, Unknown
from tests.faults.record import Answered, Record

PACE = 0.3  # seconds between two looks of somebody who has nothing to do
RETRY_PACE = 0.1
CHOICES = Choice.values
TOOK = (200, 201)


class Ended(Exception):
    """The run is over, for whatever reason."""


class Scene:
    """What all annotators of a run share. A request without an answer is a surprise where no fault explains it."""

    def __init__(self, record: Record, *, lease_seconds: float) -> None:
        self.record = record
        self.lease_seconds = lease_seconds
        self.is_calm = threading.Event()  # nobody attacks any more
        self.is_over = threading.Event()
        self.suspended: set[str] = set()  # whoever was, at any time
        self.seen: deque[tuple[str, int]] = deque(maxlen=500)  # whose assignments there are
        self._may_fail_until = 0.0

    def expect_failures(self, seconds: float) -> None:
        """From now on, for so long, a 5xx or a cut connection is no surprise."""
        self._may_fail_until = time.monotonic() + seconds

    def expect_failures_no_more(self, after: float) -> None:
        self._may_fail_until = time.monotonic() + after

    def was_broken_since(self, at: float) -> bool:
        """Whether a request sent then, or a connection last used then, may have died in a fault."""
        return at < min(self._may_fail_until, time.monotonic())

    def wait(self, seconds: float) -> None:
        if self.is_over.wait(seconds):
            raise Ended


class Annotator(threading.Thread):
    """One person, who works until the scene is over."""

    def __init__(self, name: str, door: Door, scene: Scene, *, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.door, self.scene, self.record = door, scene, scene.record
        self.second = Client(door.port)  # a second tab
        self.dice = Random(f"{seed} {name}")
        attacks: dict[Callable[[int], object], int] = {
            self.just_vote: 58,
            self.vote_twice: 9,
            self.vote_twice_at_once: 8,
            self.vote_otherwise_too: 5,
            self.vote_two_ways_at_once: 4,
            self.trespass: 5,
            self.skip: 3,
            self.flag: 1,
            self.change_mind: 5,
            self.walk_away: 2,
        }
        self._attacks, self._weights = list(attacks), list(attacks.values())

    def run(self) -> None:
        try:
            self.insist("log in", self.door.enter)
            while not self.scene.is_over.is_set():
                self.turn()
        except Ended:
            pass
        except BaseException as failure:
            self.record.surprise(f"{self.name} ({self.door.name}) broke off: {failure!r}")
        finally:
            self.door.client.close()
            self.second.close()

    def turn(self) -> None:
        found: list[int | None] = []

        def look() -> int:
            found.append(self.door.next())
            return 200 if found[-1] else 204

        self.insist("next", look, may=(200, 204))
        assignment = found[-1]
        if assignment is None:
            self.scene.wait(PACE)
        elif self.scene.is_calm.is_set():
            self.just_vote(assignment)
        else:
            self.scene.seen.append((self.name, assignment))
            self.dice.choices(self._attacks, self._weights)[0](assignment)

    # --- what they do with an assignment

    def just_vote(self, assignment: int) -> Answered:
        answered = self.record.send(assignment, self.dice.choice(CHOICES))
        self.post("vote", answered, may=(*TOOK, 403, 409))
        return answered

    def vote_twice(self, assignment: int) -> None:
        answered = self.just_vote(assignment)
        if answered.acknowledged:
            self.post("same vote again", answered, may=(*TOOK, *self.if_suspended(403, 409)))

    def vote_twice_at_once(self, assignment: int) -> None:
        answered = self.record.send(assignment, self.dice.choice(CHOICES))
        self.at_once("same vote at once", answered, answered)

    def vote_otherwise_too(self, assignment: int) -> None:
        answered = self.just_vote(assignment)
        if answered.acknowledged:
            self.post("another choice", self.record.send(assignment, self.other_than(answered.choice)), may=(403, 409))

    def vote_two_ways_at_once(self, assignment: int) -> None:
        one = self.record.send(assignment, self.dice.choice(CHOICES))
        other = self.record.send(assignment, self.other_than(one.choice))
        self.at_once("two choices at once", one, other)
        if one.acknowledged and other.acknowledged:
            self.record.surprise(f"Assignment {assignment} took two choices.")

    def trespass(self, assignment: int) -> None:
        others = [seat for name, seat in list(self.scene.seen) if name != self.name]
        if others:
            foreign = self.dice.choice(others)
            verb = self.dice.choice(["vote", "skip", "flag", "undo"])
            verbs = {"skip": self.door.skip, "flag": self.door.flag, "undo": self.door.undo}
            act = verbs.get(verb, lambda seat: self.door.vote(seat, "a"))
            self.insist(f"{verb}: foreign", lambda: act(foreign), may=(404,))
        self.just_vote(assignment)

    def skip(self, assignment: int) -> None:
        if self.insist("skip", lambda: self.door.skip(assignment), may=(200, 403, 409)) == 200:
            answered = self.record.send(assignment, self.dice.choice(CHOICES))
            self.post("vote after skip", answered, may=(403, 409))

    def flag(self, assignment: int) -> None:
        if self.insist("flag", lambda: self.door.flag(assignment), may=(200, 403, 409)) == 200:
            answered = self.record.send(assignment, self.dice.choice(CHOICES))
            self.post("vote after flag", answered, may=(403, 409))

    def change_mind(self, assignment: int) -> None:
        answered = self.just_vote(assignment)
        if not answered.acknowledged:
            return
        answered.undo_sent = True
        # 409 and 403 also to somebody whom a suspension or an overdue lease came before.
        status = self.insist("undo", lambda: self.door.undo(assignment), may=(200, 403, 409))
        if status == 200:
            answered.undo_acknowledged = True
            if self.dice.random() < 0.7:
                self.just_vote(assignment)  # else it comes again, or its lease runs out

    def walk_away(self, assignment: int) -> None:
        """Come back when the lease is over. The vote may still count: the seat may be theirs again by then."""
        self.scene.wait(self.scene.lease_seconds + 0.5)
        self.post("late vote", self.record.send(assignment, self.dice.choice(CHOICES)), may=(*TOOK, 403, 409))

    # --- how they ask

    def other_than(self, choice: str) -> str:
        return self.dice.choice([other for other in CHOICES if other != choice])

    def if_suspended(self, *statuses: int) -> tuple[int, ...]:
        return statuses if self.name in self.scene.suspended else ()

    def post(self, kind: str, answered: Answered, *, may: tuple[int, ...], client: Client | None = None) -> None:
        def vote() -> int:
            try:
                return self.door.vote(answered.assignment, answered.choice, client)
            except Unknown:
                answered.in_doubt = True
                raise

        status = self.insist(kind, vote, may=may)
        if status in TOOK:
            self.record.acknowledge(answered)

    def at_once(self, kind: str, one: Answered, other: Answered) -> None:
        with ThreadPoolExecutor(1) as tab:
            meanwhile = tab.submit(self.post, kind, other, may=(*TOOK, 403, 409), client=self.second)
            self.post(kind, one, may=(*TOOK, 403, 409))
            meanwhile.result()

    def insist(self, kind: str, act: Callable[[], int], *, may: tuple[int, ...] = (200,)) -> int:
        """The status of the answer, which is asked for until there is one. Raises Ended."""
        while True:
            started = time.monotonic()
            try:
                status = act()
            except Unknown as unknown:
                expected = self.scene.was_broken_since(min(started, unknown.idle_since))
                self.record.count(kind, unknown.status)
                if not expected:
                    self.record.surprise(f"{kind}: {unknown.status} while nothing was broken")
                self.scene.wait(RETRY_PACE)
                continue
            self.record.count(kind, str(status))
            if status not in may and not (status in (403, 409) and self.if_suspended(status)):
                self.record.surprise(f"{kind}: {status} to {self.name} ({self.door.name})")
            return status
