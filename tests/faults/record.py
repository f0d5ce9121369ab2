"""What the annotators were told: every vote that was sent, and what became of it as far as the answers say."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Answered:
    """One answer of an annotator to an assignment; after an undo the next one is another."""

    assignment: int
    choice: str
    acknowledged: bool = False
    in_doubt: bool = False  # a request had no answer, so it may have been carried out
    undo_sent: bool = False
    undo_acknowledged: bool = False


@dataclass
class Record:
    """Shared by all annotators. `answers` counts statuses by kind of request; `surprises` are answers that must not be."""

    sent: list[Answered] = field(default_factory=list)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    acknowledged: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, assignment: int, choice: str) -> Answered:
        answered = Answered(assignment, choice)
        with self._lock:
            self.sent.append(answered)
        return answered

    def acknowledge(self, answered: Answered) -> None:
        with self._lock:
            self.acknowledged += not answered.acknowledged
            answered.acknowledged = True

    def count(self, kind: str, status: str) -> None:
        with self._lock:
            self.answers[kind, status] += 1

    def surprise(self, words: str) -> None:
        with self._lock:
            self.surprises.append(words)
