"""The site under attack, and how well it answers while it is attacked."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.utils import timezone

from annotator.accounts.api_tokens import create_token
from annotator.choices import CampaignState, ReleaseState, Scope
from annotator.models import Campaign, Release, ReleaseFile, User
from annotator.releasing.release_storage import file_name
from benchmarks.support.campaigns import fill_campaign, make_annotators
from tests.faults.clients import HOST, Client, Program, Unknown
from tests.name_server import INTERNET, NameServer

SLUG = "attacked"
PAIRS = 1500
FILE = "pairs/train-00000-of-00001.parquet"
FILE_SIZE = 100 * 1024 * 1024  # bytes
TIMEOUT = 30.0  # seconds
TIMES = 25  # answers of each kind that are timed
NOISE = 0.005  # seconds: answers are that short, and machines have other work
ROUNDS = 3  # of which one must be held: on a machine with other work, a round tells about that


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    what: str
    is_held: bool
    seen: str


@dataclass(frozen=True)
class Target:
    """Where the site listens, and who may do what on it."""

    port: int
    voter_key: str
    manager_key: str
    data_dir: Path
    is_behind_proxy: bool = False
    names: NameServer | None = None  # that the site asks, where one was started

    @property
    def tag(self) -> str:
        """Part of the names of what an attack makes, which is tried twice."""
        return "proxied" if self.is_behind_proxy else "alone"

    def address(self, number: int) -> str:
        """One of many addresses of this machine, in each run others."""
        return f"127.{2 if self.is_behind_proxy else 1}.{number // 250}.{number % 250 + 1}"

    @property
    def public_address(self) -> str:
        """One that is on the internet (tests/name_server.py), in each run another."""
        return str(INTERNET[256 * 9 + (2 if self.is_behind_proxy else 1)])

    def connect(self, *, receive_buffer: int = 0) -> socket.socket:
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(TIMEOUT)
        connection.connect((HOST, self.port))
        return connection


def make_material(storage: Path) -> tuple[str, str]:
    """A campaign to vote in and a release to download. Returns the tokens of an annotator and of a manager."""
    manager = User.objects.create_superuser("attack-manager")
    campaign = Campaign.objects.create(slug=SLUG, name="Attacked", state=CampaignState.OPEN)
    campaign.questions.create(position=0, slug="overall", text="Which is better?", choices=["a", "b"])
    fill_campaign(campaign, PAIRS, votes_wanted=3)
    (annotator,) = make_annotators(campaign, 1, name="attack")
    release = Release.objects.create(
        campaign=campaign, number=1, state=ReleaseState.READY, revision="0" * 40, finished_at=timezone.now()
    )
    ReleaseFile.objects.create(release=release, path=FILE, size=FILE_SIZE, sha256="ab" * 32)
    file = storage / file_name(release, FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stored:
        stored.truncate(FILE_SIZE)
    voter_key = create_token(user=annotator, scopes=[Scope.ANNOTATE])[1]
    return voter_key, create_token(user=manager, scopes=[Scope.EXPORT, Scope.IMPORT])[1]


@dataclass(frozen=True)
class Pulse:
    """Seconds that an answer usually takes; the median of some."""

    healthz: float
    vote: float

    @classmethod
    def take(cls, target: Target, times: int = TIMES) -> Pulse:
        """Raises clients.Unknown when an answer does not come."""
        return cls(healthz=statistics.median(healthz_times(target, times)), vote=statistics.median(vote_times(target, times)))

    def is_fine_beside(self, usual: Pulse) -> bool:
        return self.healthz <= 2 * usual.healthz + NOISE and self.vote <= 2 * usual.vote + NOISE

    def __str__(self) -> str:
        return f"/healthz {1000 * self.healthz:.0f} ms, vote {1000 * self.vote:.0f} ms"


def healthz_times(target: Target, times: int) -> Iterator[float]:
    for _ in range(times):
        client = Client(target.port)  # a connection of its own each time, as a health check has it
        with timed() as seconds:
            answer = client.ask("GET", "/healthz", {})
        client.close()
        assert answer.status == 200, answer
        yield seconds()


def vote_times(target: Target, times: int) -> Iterator[float]:
    door = Program(target.port, SLUG, target.voter_key)
    for _ in range(times):
        assignment = door.next()
        assert assignment is not None, "No pair is left."
        with timed() as seconds:
            status = door.vote(assignment, "a")
        assert status in (200, 201), status
        yield seconds()


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    start = end = time.perf_counter()
    yield lambda: end - start
    end = time.perf_counter()


def pulse_during(target: Target, what: str, open_one: Callable[[Target, int], socket.socket], count: int) -> Finding:
    """Whether the site answers within twice its usual time while `count` connections do what `open_one` made them do."""
    for _ in range(ROUNDS):
        usual = Pulse.take(target)
        with ExitStack() as stack:
            for number in range(count):
                stack.enter_context(open_one(target, number))
            try:
                pulse = Pulse.take(target)
            except Unknown as unknown:
                return Finding(what, is_held=False, seen=f"no answer: {unknown.status}")
            memory = sum(process.memory_info().rss for process in processes_of(target))
        if pulse.is_fine_beside(usual):
            break
    seen = f"{pulse}; without them {usual}; {memory // 2**20} MB of memory"
    return Finding(what, pulse.is_fine_beside(usual), seen)


def processes_of(target: Target, *programs: str) -> list[psutil.Process]:
    """Those of this run that are one of these programs, by default the web server and nginx."""
    programs = programs or ("granian", "nginx")
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = " ".join(process.cmdline())
            is_ours = str(target.data_dir) in command or process.environ().get("DATA_DIR") == str(target.data_dir)
            if is_ours and any(program in command for program in programs):
                found.append(process)
    return found
