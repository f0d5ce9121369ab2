"""The whole loop against a running site: draw, import, judge, score, release. Each step finds out what is done already.

So a run that was stopped anywhere is continued by the next one, and a finished one is only summed up.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from annotator import tasks
from annotator.accounts import api_tokens
from annotator.campaigns import lifecycle, questions
from annotator.campaigns import members as campaign_members
from annotator.choices import (
    AssignmentKind,
    CampaignState,
    ImportState,
    Outcome,
    PairingRule,
    PairState,
    ReleaseState,
    Role,
    Scope,
)
from annotator.demo import support
from annotator.demo.album import Album, count_prompts, draw_album
from annotator.demo.gold_pairs import mark_gold
from annotator.demo.people import PEOPLE, Crowd, Diary, Person, Visit
from annotator.demo.scenes import GENERATORS, plan_scenes
from annotator.demo.support import DemoFailed, ReleaseCopy
from annotator.judging.assigning import QUEUE_TARGET
from annotator.models import Assignment, Campaign, Import, Member, Pair, ReviewRule, Token, User, Vote
from annotator.quality.rules import ensure_rules

CAMPAIGN = "demo"
VOTES_WANTED = 5
PAIRS = 96
PAIRS_PER_PROMPT = len(GENERATORS)  # each image with its two neighbours on a ring
VISITOR_PROMPTS = 8  # at most, and as many as the people have; imported last, for whoever logs in
SCENES, MORE_SCENES = "scenes.zip", "more-scenes.zip"
MANAGER, ANNOTATOR = "demo-manager", "demo-annotator"
RELEASE_TRIES = 3
GONE = (ReleaseState.FAILED, ReleaseState.CANCELLED)
GONE_IMPORTS = (ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE)
ROUNDS = 5  # a pair skipped at the very end is free again when others have left


class Demo:
    """One run. `url` is the address of the site, ending with a slash; `pairs` how many the people judge."""

    def __init__(self, *, url: str, pairs: int = PAIRS, console: Console) -> None:
        self.url = url
        self.console = console
        self.folder = settings.DATA_DIR / "demo"
        self.prompts = -(-pairs // PAIRS_PER_PROMPT)
        log_ins = self.folder / "log-ins.json"
        self.has_new_log_ins = not log_ins.exists()
        self.log_ins = support.LogIns.kept_in(log_ins)
        self.paths = [self.folder / SCENES, self.folder / MORE_SCENES]
        self.seconds: dict[str, float] = {}  # by step; of the run that did it
        self.judged_now = False  # by this run
        self.record: Path | None = None  # the folder of what is known about this campaign
        # Set by the steps, in this order.
        self.visitor_prompts: int
        self.album: Album
        self.campaign: Campaign
        self.diary: Diary
        self.release: ReleaseCopy

    def run(self) -> None:
        """Go through all steps. Raises DemoFailed."""
        if settings.HTTPS:
            raise DemoFailed("The demo needs plain HTTP, but the site requires HTTPS. Unset ALLOWED_HOSTS.")
        self.progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/green]"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )
        with self.progress:
            self.draw()
            self.make_campaign()
            with self.client() as client:
                self.import_file(client, SCENES, "Importing the pairs", self.prompts)
                mark_gold(self.campaign, self.album, 0, self.prompts)
                self.fill_queues()
                self.judge()
                self.score()
                number = self.build_release(client)
                self.release = self.download_release(client, number)
                self.import_file(client, MORE_SCENES, "Importing pairs for you to judge", self.visitor_prompts)
                mark_gold(self.campaign, self.album, self.prompts, self.prompts + self.visitor_prompts)

    # --- the steps

    def draw(self) -> None:
        if self.paths[0].exists():
            self.prompts = count_prompts(self.paths[0])  # the first run has decided
        self.visitor_prompts = count_prompts(self.paths[1]) if self.paths[1].exists() else min(VISITOR_PROMPTS, self.prompts)
        ranges = [(0, self.prompts), (self.prompts, self.prompts + self.visitor_prompts)]
        missing = [(path, *range_) for path, range_ in zip(self.paths, ranges, strict=True) if not path.exists()]
        if missing:
            with self.bar("Drawing the scenes", sum(last - first for _, first, last in missing) * len(GENERATORS)) as advance:
                for path, first, last in missing:
                    draw_album(path, first, last, on_drawn=lambda: advance(1))
        self.album = Album(self.paths)

    def make_campaign(self) -> None:
        existing = Campaign.objects.filter(slug=CAMPAIGN).first()
        if existing is None:
            with self.bar("Creating the campaign and its people", len(PEOPLE) + 2) as advance:
                self.campaign = self._make_campaign(advance)
        else:
            self.campaign = existing
            self._make_people(lambda steps: None)
            if self.has_new_log_ins:  # the database was made with another folder
                self._renew_passwords()
        started = self.campaign.created_at
        # Of this campaign in this database: the folder may have been used with another one.
        self.record = self.folder / f"{started:%Y%m%dT%H%M%S%f}"
        self.diary = Diary(self.record / "votes.jsonl")
        seconds = self.record / "seconds.json"
        if seconds.exists():
            self.seconds = json.loads(seconds.read_text()) | self.seconds

    def _make_campaign(self, advance: Callable[[int], None]) -> Campaign:
        manager = self._user(MANAGER, make_password(self.log_ins.manager), is_staff=True, is_superuser=True)
        campaign = lifecycle.create_campaign(
            slug=CAMPAIGN,
            name="Scenes",
            description="Scenes of shapes and colours by four image generators: which one follows the prompt?",
            by=manager,
            state=CampaignState.OPEN,
            rules={"votes_wanted": VOTES_WANTED, "pairing_rule": PairingRule.RING},
            questions=[questions.NewQuestion("overall", "Which image shows the prompt better?")],
            guideline=support.GUIDELINE,
        )
        # Some of the people only guess. The review warns them, and would stop them in the midst of what is counted afterwards.
        stops = [rule.pk for rule in ensure_rules(campaign) if rule.outcome != Outcome.WARN]
        ReviewRule.objects.filter(pk__in=stops).update(enabled=False)
        advance(1)
        self.campaign = campaign
        self._make_people(advance)
        return campaign

    def _make_people(self, advance: Callable[[int], None]) -> None:
        """All who are not members yet."""
        missing = {ANNOTATOR, *(person.name for person in PEOPLE)}
        missing -= set(self.campaign.members.values_list("user__username", flat=True))
        if not missing:
            return
        password = make_password(self.log_ins.people)  # one for all: nobody but this program logs in with it
        for name in sorted(missing):
            user = self._user(name, make_password(self.log_ins.annotator) if name == ANNOTATOR else password)
            campaign_members.add_member(campaign=self.campaign, user=user, role=Role.ANNOTATOR)
            advance(1)

    def _renew_passwords(self) -> None:
        for names, password in (
            ([MANAGER], self.log_ins.manager),
            ([ANNOTATOR], self.log_ins.annotator),
            ([person.name for person in PEOPLE], self.log_ins.people),
        ):
            User.objects.filter(username__in=names).update(password=make_password(password))

    def _user(self, name: str, password: str, *, is_staff: bool = False, is_superuser: bool = False) -> User:
        user, _ = User.objects.update_or_create(
            username=name, defaults={"password": password, "is_staff": is_staff, "is_superuser": is_superuser}
        )
        return user

    def import_file(self, client: httpx.Client, name: str, description: str, prompts: int) -> None:
        """Upload an album as its manager does, and wait until the worker has taken it in."""
        import_ = self.campaign.imports.filter(file_name=name).exclude(state__in=GONE_IMPORTS).order_by("pk").last()
        if import_ is not None and import_.state == ImportState.DONE:
            return
        with self.bar(description, prompts) as advance:
            if import_ is None:
                with (self.folder / name).open("rb") as file:
                    answer = self.call(client, "POST", "imports/", files={"file": (name, file, "application/zip")})
                import_ = Import.objects.get(pk=answer["id"])
            else:
                support.resume_import(import_)  # the message for the worker may have died with the broker
            for answer in self.watch(client, f"imports/{import_.pk}/", progress_of=lambda answer: answer["lines_done"]):
                advance(answer["lines_done"] + answer["lines_failed"] - self._completed())
                if answer["state"] in GONE_IMPORTS:
                    raise DemoFailed(f"The import of {name} is {answer['state']}. {answer['error']}".rstrip())
                if answer["state"] == ImportState.DONE:
                    break
            if answer["lines_failed"]:
                raise DemoFailed(f"Lines of {name} were rejected: {answer['line_errors'][:3]}")

    def fill_queues(self) -> None:
        """Have the worker take the first seats, so that the first page is there before anybody asks for it."""
        members = self.campaign.members.filter(user__username__in=[person.name for person in PEOPLE])
        if Assignment.objects.filter(member__in=members).exists():
            return
        wanted = min(QUEUE_TARGET * len(members), VOTES_WANTED * self.own_pairs().count())
        with self.bar("Filling queues", wanted) as advance:
            waiting = support.Standstill("the queues of assignments")
            filled = 0
            while filled < wanted:
                if waiting.is_time_to_send():
                    for member in members:
                        tasks.enqueue(tasks.refill_queue, member.pk)
                before, filled = filled, Assignment.objects.open().filter(member__in=members).count()
                advance(filled - before)
                waiting.look(filled)

    def judge(self) -> None:
        """Everybody at work at once, until every pair has its votes."""
        wanted, given = VOTES_WANTED * self.own_pairs().count(), self.own_votes().count()
        if given == wanted or self._came_to_a_release():
            return
        mixed_in = self.campaign.gold_rate + self.campaign.repeat_rate
        with self.bar(f"{len(PEOPLE)} annotators voting over HTTP", round(wanted / (1 - mixed_in))) as advance:
            advance(self.all_votes().count())
            self.judged_now = True
            for _ in range(ROUNDS):
                Crowd([self.visit(person) for person in PEOPLE]).run(lambda: advance(1))
                if self.own_votes().count() >= wanted:
                    break
            else:
                raise DemoFailed(f"{wanted - self.own_votes().count()} votes are missing, but no annotator gets more pairs.")

    def score(self) -> None:
        total = self.own_pairs().count()
        if not self.judged_now and (self._scored() == total or self._came_to_a_release()):
            return
        with self.bar("Computing consensus", total) as advance:
            waiting = support.Standstill("the consensus")
            scored = 0
            while scored < total:
                if waiting.is_time_to_send():
                    tasks.enqueue(tasks.score_campaign, self.campaign.pk)
                before, scored = scored, self._scored()
                advance(scored - before)
                waiting.look(scored)

    def _came_to_a_release(self) -> bool:
        """Whether an earlier run did. The votes and pairs that it had may be gone since, by what its visitor tried out."""
        return self.campaign.releases.filter(state=ReleaseState.READY).exists()

    def _scored(self) -> int:
        return self.own_pairs().filter(state=PairState.SETTLED, consensus__question__position=0).distinct().count()

    def build_release(self, client: httpx.Client) -> int:
        """The number of a release of these votes."""
        release = self.campaign.releases.exclude(state__in=GONE).order_by("number").first()
        if release is not None and release.state == ReleaseState.READY:
            return release.number
        with self.bar("Building the release", 100) as advance:
            if release is not None:
                tasks.enqueue(tasks.build_release, release.pk)  # the message for the worker may have died with the broker
            for _ in range(RELEASE_TRIES):
                number = release.number if release else int(self.call(client, "POST", "releases/")["number"])
                for answer in self.watch(client, f"releases/{number}/", progress_of=lambda answer: answer["progress"]):
                    advance(round(100 * answer["progress"]) - self._completed())
                    if answer["state"] == ReleaseState.READY:
                        return number
                    if answer["state"] in GONE:
                        break
                # Such as a folder of that number in the storage, from another database that used it.
                self.console.print(f"Release {number} {answer['state']}: {answer['error']}", soft_wrap=True)
                release = None
        raise DemoFailed(f"{RELEASE_TRIES} release builds failed.")

    def download_release(self, client: httpx.Client, number: int) -> ReleaseCopy:
        """Fetch every file as a training job does, compare it with the manifest, and open the tables."""
        manifest = self.call(client, "GET", f"releases/{number}/")
        parts: dict[str, list[pa.Table]] = {}
        with self.bar("Downloading and verifying the release", len(manifest["files"])) as advance:
            for file in manifest["files"]:
                data = self.fetch(client, f"releases/{number}/files/{file['path']}")
                if len(data) != file["size"] or hashlib.sha256(data).hexdigest() != file["sha256"]:
                    raise DemoFailed(f"{file['path']} does not match the manifest of release {number}.")
                if file["path"].endswith(".parquet"):
                    parts.setdefault(file["path"].split("/")[0], []).append(pq.read_table(io.BytesIO(data)))
                advance(1)
        return ReleaseCopy(
            number=number,
            revision=manifest["revision"],
            size=sum(file["size"] for file in manifest["files"]),
            tables={config: pa.concat_tables(tables) for config, tables in parts.items()},
        )

    # --- what the steps share

    def own_pairs(self) -> Any:
        """The pairs that the simulated people judge, without those kept for visitors and without gold."""
        prompts = [scene.prompt for scene in plan_scenes(self.prompts)]
        return Pair.objects.filter(campaign=self.campaign, gold_choice__isnull=True, prompt__text__in=prompts)

    def gold_pairs(self) -> Any:
        """Those with the prompts that the simulated people judge."""
        prompts = [scene.prompt for scene in plan_scenes(self.prompts)]
        return Pair.objects.filter(campaign=self.campaign, gold_choice__isnull=False, prompt__text__in=prompts)

    def own_votes(self) -> Any:
        """Their votes that count: neither on gold nor on repeats."""
        return self.all_votes().filter(assignment__pair__in=self.own_pairs(), assignment__kind=AssignmentKind.REGULAR)

    def all_votes(self) -> Any:
        """All that the simulated people answered."""
        return Vote.objects.live().filter(
            assignment__member__campaign=self.campaign, assignment__member__user__username__in=[person.name for person in PEOPLE]
        )

    def pairs_left(self) -> int:
        """How many pairs the visitor may still judge."""
        member = Member.objects.get(campaign=self.campaign, user__username=ANNOTATOR)
        mine = Assignment.objects.filter(member=member)
        free = Pair.objects.circulating().filter(campaign=self.campaign, seats_taken__lt=VOTES_WANTED)
        return mine.open().count() + free.exclude(assignments__member=member).count()

    def visit(self, person: Person) -> Visit:
        return Visit(
            person=person,
            url=self.url,
            campaign=CAMPAIGN,
            password=self.log_ins.people,
            album=self.album,
            diary=self.diary,
            pass_time=support.pass_time,
        )

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """The REST API as the manager's scripts use it, with a token that ends with the run."""
        manager = User.objects.get(username=MANAGER)
        token, key = api_tokens.create_token(
            user=manager,
            scopes=[Scope.IMPORT, Scope.EXPORT, Scope.MANAGE],
            name="demo",
            expires_at=timezone.now() + timedelta(hours=1),
        )
        headers = {"Authorization": f"Bearer {key}"}
        address = f"{self.url}api/v1/campaigns/{CAMPAIGN}/"
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
                yield client
        finally:
            Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now())

    def call(self, client: httpx.Client, method: str, path: str, **options: Any) -> Any:
        return support.answer_of(client.request(method, path, **options)).json()

    def fetch(self, client: httpx.Client, path: str) -> bytes:
        return support.answer_of(client.get(path)).content

    def watch(self, client: httpx.Client, path: str, *, progress_of: Callable[[Any], Any]) -> Iterator[Any]:
        """The answer of this address, again and again. Raises DemoFailed when it shows no progress for too long."""
        waiting = support.Standstill(path)
        while True:
            answer = self.call(client, "GET", path)
            yield answer
            waiting.look((progress_of(answer), answer["state"]))

    @contextmanager
    def bar(self, description: str, total: int) -> Iterator[Callable[[int], None]]:
        self._task = self.progress.add_task(description, total=total)
        started = time.monotonic()
        yield lambda steps: self.progress.advance(self._task, steps)
        self.progress.update(self._task, completed=total)
        self.seconds[description] = round(time.monotonic() - started, 1)
        self._keep_seconds()

    def _completed(self) -> int:
        return int(self.progress.tasks[self._task].completed)

    def _keep_seconds(self) -> None:
        if self.record is not None:
            (self.record / "seconds.json").write_text(json.dumps(self.seconds))
