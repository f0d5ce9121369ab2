"""The manager, who suspends annotators in mid-run and lets some of them work again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import TypeVar

from django.db import Error, connection

from annotator.models import Campaign, Member
from annotator.quality.moderation import lift_suspension, suspend_member
from tests.faults.annotators import Ended, Scene

T = TypeVar("T")


def patiently(act: Callable[[], T], scene: Scene) -> T:
    """Do it, again and again while the database is away. Raises Ended."""
    while True:
        try:
            return act()
        except Error:
            connection.close()
            scene.wait(0.2)


class Manager(threading.Thread):
    """Suspends somebody at fixed numbers of acknowledged votes; two of three are let in again later."""

    def __init__(self, campaign: Campaign, scene: Scene, *, at_votes: list[int], at_most_out: int, seed: int) -> None:
        super().__init__(name="manager", daemon=True)
        self.campaign, self.scene = campaign, scene
        self.suspensions = self.lifted = self.votes_restored = 0
        self._at_votes, self._at_most_out = at_votes, at_most_out
        self._out: list[Member] = []
        self._dice = Random(f"manager {seed}")

    def run(self) -> None:
        try:
            members = list(Member.objects.filter(campaign=self.campaign).select_related("user").order_by("pk"))
            for votes in self._at_votes:
                while self.scene.record.acknowledged < votes:
                    self.scene.wait(0.05)
                self._act(members)
        except Ended:
            pass
        except BaseException as failure:
            self.scene.record.surprise(f"The manager broke off: {failure!r}")
        finally:
            connection.close()

    def _act(self, members: list[Member]) -> None:
        if len(self._out) >= self._at_most_out or (self._out and self._dice.random() < 0.4):
            member = self._out.pop(0)
            self.votes_restored += patiently(lambda: lift_suspension(member=member, by=None), self.scene)
            self.lifted += 1
        else:
            member = self._dice.choice([member for member in members if member not in self._out])
            self.scene.suspended.add(member.user.username)
            patiently(lambda: suspend_member(member=member, by=None), self.scene)
            self._out.append(member)
            self.suspensions += 1
