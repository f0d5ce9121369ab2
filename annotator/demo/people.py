"""Simulated annotators: they log in, read, look and press buttons over HTTP, as well as they can."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.db import connections

from annotator.choices import Choice
from annotator.demo.album import Album
from annotator.demo.pages import Card, Form, Page
from annotator.demo.scenes import GENERATORS, Picture, true_choice

SKIP_RATE = 0.03
NETWORK_TRIES = 5
GENERATOR_NAMES = tuple(generator.name for generator in GENERATORS)


@dataclass(frozen=True)
class Kind:
    """How somebody judges. `slip_rate` is how often they answer other than the truth when it is neither easy nor hard."""

    name: str
    slip_rate: float
    seconds: tuple[float, float]  # how long they say they looked


CAREFUL = Kind("careful", 0.07, (4.0, 11.0))
AVERAGE = Kind("average", 0.24, (2.5, 7.0))
HASTY = Kind("hasty", 0.42, (0.6, 1.8))
RANDOM = Kind("random", 0.0, (0.4, 1.2))
ALWAYS_LEFT = Kind("always-left", 0.0, (0.4, 0.9))
KINDS = (CAREFUL, AVERAGE, HASTY, RANDOM, ALWAYS_LEFT)


@dataclass(frozen=True)
class Person:
    name: str
    kind: Kind
    has_javascript: bool = True

    def wants_to_skip(self, pictures: Iterable[Picture]) -> bool:
        return self._dice("skip", pictures).random() < SKIP_RATE

    def seconds(self, pictures: Iterable[Picture]) -> float:
        return self._dice("time", pictures).uniform(*self.kind.seconds)

    def judge(self, left: Picture, right: Picture) -> str:
        """ "left", "right", "both_good" or "both_bad". The same person answers the same images alike."""
        if self.kind is ALWAYS_LEFT:
            return "left"
        answers = ["left", "right", Choice.BOTH_GOOD.value, Choice.BOTH_BAD.value]
        dice = self._dice("judge", (left, right))
        if self.kind is RANDOM:
            return dice.choice(answers)
        truth = {Choice.A: "left", Choice.B: "right"}.get(choice := true_choice(left.error, right.error), choice.value)
        gap = abs(left.error - right.error)
        slip_rate = self.kind.slip_rate * (1.3 if gap <= 0.5 else 1.0 if gap <= 1 else 0.5)
        if dice.random() >= slip_rate:
            return truth
        return dice.choice([answer for answer in answers if answer != truth])

    def _dice(self, purpose: str, pictures: Iterable[Picture]) -> Random:
        return Random(f"{purpose} {self.name} {sorted(picture.file_name for picture in pictures)}")  # noqa: S311


PEOPLE = (
    Person("ada-careful", CAREFUL),
    Person("ben-careful", CAREFUL),
    Person("chloe-careful", CAREFUL, has_javascript=False),
    Person("dev-careful", CAREFUL),
    Person("emil-average", AVERAGE),
    Person("fatima-average", AVERAGE),
    Person("goran-average", AVERAGE, has_javascript=False),
    Person("hana-average", AVERAGE),
    Person("ivo-hasty", HASTY),
    Person("june-hasty", HASTY),
    Person("kofi-random", RANDOM),
    Person("lena-always-left", ALWAYS_LEFT),
)


class Diary:
    """What the people did, a JSON line at a time, so that a run that is killed can be continued and checked.

    An answer is written down when it is sent and again when the site has acknowledged it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.sent: dict[int, dict[str, Any]] = {}  # by assignment: who, choice, left, right, better
        self.acknowledged: set[int] = set()
        self.skipped: set[int] = set()
        self.answers_read = 0  # in this run
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            for line in path.read_text().splitlines():
                if line.endswith("}"):  # the last line of a killed run may be half of one
                    self._take(json.loads(line))

    def write(self, event: str, assignment: int, **facts: Any) -> None:
        entry = {"event": event, "assignment": assignment, **facts}
        with self._lock:
            self._take(entry)
            with self._path.open("a") as file:
                file.write(f"\n{json.dumps(entry)}")

    def _take(self, entry: dict[str, Any]) -> None:
        if entry["event"] == "sent":
            self.sent[entry["assignment"]] = entry
        elif entry["event"] == "acknowledged":
            self.acknowledged.add(entry["assignment"])
        else:
            self.skipped.add(entry["assignment"])


class Misbehaviour(Exception):
    """The site did what it must not do, as seen by an annotator."""


class Stop(Exception):
    """The run is being stopped."""


class Visit:
    """One person's session in a browser."""

    def __init__(
        self,
        *,
        person: Person,
        url: str,
        campaign: str,
        password: str,
        album: Album,
        diary: Diary,
        pass_time: Callable[[int, int], None] = lambda assignment, milliseconds: None,
    ) -> None:
        """`pass_time` lets so many milliseconds pass while an assignment is looked at, without anybody waiting for them."""
        self.person, self.campaign, self.password = person, campaign, password
        self.album, self.diary, self.pass_time = album, diary, pass_time
        self._deck: list[Card] = []
        self._fields: dict[str, dict[str, str]] = {}  # of the page's forms, by what they do
        self.stopping = threading.Event()
        self._client = httpx.Client(base_url=url, follow_redirects=True, timeout=30, trust_env=False)
        self._cache: dict[str, Picture] = {}  # as a browser's: an image address is fetched once

    def run(self, on_vote: Callable[[], None]) -> str:
        """Judge until nothing is left. Returns the reason the site gives for that."""
        with self._client:
            page = self.log_in()
            while True:
                self._take(page)
                if not self._deck:
                    if not page.reason:
                        raise Misbehaviour(f"{self.person.name} got a page without a pair and without a reason.")
                    return page.reason
                page = self._answer(self._deck.pop(0), on_vote)

    def _take(self, page: Page) -> None:
        """A whole page has all there is; a piece has what comes behind the cards that are there."""
        if not page.is_whole:
            self._deck += page.cards
            return
        self._deck = page.cards
        for verb in ("vote", "skip"):
            form = page.form(f"/{verb}/")
            if self._deck and form is None:
                raise Misbehaviour(f"The page has a pair but no form to {verb}.")
            self._fields[verb] = form.fields if form else {}

    def log_in(self) -> Page:
        """Log in and accept the guideline where that is asked. Returns the annotation page."""
        address = f"/c/{self.campaign}/"
        page = self._get(f"/login/?next={address}")
        form = page.form(with_field="password")
        if form is None:
            raise Misbehaviour("The page has no log-in form.")
        page = self._submit(form, {"username": self.person.name, "password": self.password}, address="/login/")
        if page.form(with_field="password"):
            raise Misbehaviour(f"{self.person.name} cannot log in.")
        guideline = page.form(with_field="version")
        if guideline is not None:
            page = self._submit(guideline, {}, address=f"{address}guideline/")
        return page

    def _answer(self, card: Card, on_vote: Callable[[], None]) -> Page:
        assignment = card.assignment
        left, right = (self._look(source, card.prompt) for source in card.images)
        if self.person.wants_to_skip((left, right)):
            page = self._do("skip", card, {})
            self.diary.write("skipped", assignment, who=self.person.name)
            return page
        answer = self.person.judge(left, right)
        # What stands for the left and the right image is the page's business.
        choice = dict(zip(("left", "right"), card.slots, strict=True)).get(answer, answer)
        better = {"left": left.file_name, "right": right.file_name}.get(answer, "")
        elapsed_ms = round(1000 * self.person.seconds((left, right)))
        self.diary.write("sent", assignment, who=self.person.name, choice=choice, better=better, elapsed_ms=elapsed_ms)
        self.pass_time(assignment, elapsed_ms)
        page = self._do("vote", card, {"choice": choice, "elapsed_ms": str(elapsed_ms)})
        if page.error:  # the lease ran out meanwhile, say after a run that was killed
            return self._get(f"/c/{self.campaign}/")
        self.diary.write("acknowledged", assignment)
        on_vote()
        return page

    def _do(self, verb: str, card: Card, values: dict[str, str]) -> Page:
        """Press the button of the verb, as it is while this card is shown."""
        form = Form(f"/assignments/{card.assignment}/{verb}/", self._fields[verb])
        have = ",".join(str(waiting.assignment) for waiting in self._deck) if self.person.has_javascript else ""
        return self._submit(form, values | {"have": have})

    def _look(self, source: str, prompt: str) -> Picture:
        """Download the image as the page asks for it, and see what it shows."""
        if source not in self._cache:
            response = self._request("GET", source)
            picture = self.album.recognise(response.content)
            if picture.prompt != prompt.strip():
                raise Misbehaviour(f"The prompt “{prompt.strip()}” is shown with an image of “{picture.prompt}”.")
            self._cache[source] = picture
        return self._cache[source]

    def _get(self, address: str) -> Page:
        return Page(self._request("GET", address).text)

    def _submit(self, form: Form, values: dict[str, str], *, address: str = "") -> Page:
        data = {**form.fields, **values}
        headers = {"Referer": str(self._client.base_url.join(address or f"/c/{self.campaign}/"))}
        if self.person.has_javascript and form.action:  # htmx sends these, and gets a piece of the page
            headers |= {"HX-Request": "true", "HX-Current-URL": headers["Referer"]}
        response = self._request("POST", form.action or address, data=data, headers=headers)
        if "HX-Redirect" in response.headers:
            return self._get(response.headers["HX-Redirect"])
        return Page(response.text)

    def _request(self, method: str, address: str, **options: Any) -> httpx.Response:
        """Sent again when the connection breaks: every request here is safe to repeat."""
        for attempt in range(1, NETWORK_TRIES + 1):
            if self.stopping.is_set():
                raise Stop
            try:
                response = self._client.request(method, address, **options)
            except httpx.TransportError:
                if attempt == NETWORK_TRIES or self.stopping.wait(0.2 * attempt):
                    raise
                continue
            break
        self.check(response)
        return response

    def check(self, response: httpx.Response) -> None:
        """Raises Misbehaviour on an error, and where anything in the answer names a generator."""
        where = urlsplit(str(response.url)).path
        if response.status_code >= 400 and response.status_code != httpx.codes.CONFLICT:
            raise Misbehaviour(f"{self.person.name} got {response.status_code} from {where}")
        self.diary.answers_read += 1
        for answer in (*response.history, response):
            headers = b" ".join(value for _, value in answer.headers.raw)
            for name in GENERATOR_NAMES:
                if name.encode() in answer.content or name.encode() in headers:
                    raise Misbehaviour(f"{where} reveals to an annotator that an image is by {name}.")


class Crowd:
    """People at work at the same time, a thread each."""

    def __init__(self, visits: list[Visit]) -> None:
        self._visits = visits
        self._failure: BaseException | None = None

    def run(self, on_vote: Callable[[], None]) -> None:
        """Until all have finished. Raises what the first of them ran into, after the others have stopped."""
        threads = [threading.Thread(target=self._run, args=(visit, on_vote), daemon=True) for visit in self._visits]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                time.sleep(0.05)  # not a join: the main thread is to hear signals
        finally:
            self.stop()
        if self._failure is not None:
            raise self._failure

    def _run(self, visit: Visit, on_vote: Callable[[], None]) -> None:
        try:
            visit.run(on_vote)
        except Stop:
            pass
        except Exception as failure:
            self._failure = self._failure or failure
            self.stop()
        finally:
            connections.close_all()  # this thread's; `pass_time` may have opened one

    def stop(self) -> None:
        for visit in self._visits:
            visit.stopping.set()
