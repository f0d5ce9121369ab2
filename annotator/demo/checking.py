"""Checks every step's result against what is known from elsewhere: the plan, the diary of the people, a recount of the votes."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pyarrow as pa
from django.db.models import Count
from django.urls import reverse
from PIL import Image
from rich.console import Console
from rich.text import Text

from annotator.choices import Choice, Label
from annotator.demo.findings import Findings, percent
from annotator.demo.pages import Page
from annotator.demo.people import GENERATOR_NAMES
from annotator.demo.scenes import GENERATORS
from annotator.demo.steps import (
    ANNOTATOR,
    CAMPAIGN,
    MANAGER,
    MORE_SCENES,
    PAIRS_PER_PROMPT,
    SCENES,
    VOTES_WANTED,
    Demo,
)
from annotator.demo.support import answer_of
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Consensus

ENOUGH_PAIRS = 40  # what is a matter of luck is only checked on this many


class CheckFailed(Exception):
    """What was found is not what must be; the message says both."""


@dataclass
class Checks:
    """`counts` is passed and failed."""

    console: Console
    passed: int = 0
    failed: int = 0

    def run(self, demo: Demo, findings: Findings) -> bool:
        """One line per check. Returns whether all passed."""
        for name, check in CHECKS:
            try:
                said = check(demo, findings)
            except CheckFailed as failure:
                self.failed += 1
                self.console.print(Text.assemble(("✗ ", "red"), f"{name}: {failure}"), soft_wrap=True)
            else:
                self.passed += 1
                self.console.print(Text.assemble(("✓ ", "green"), f"{name}: {said}"), soft_wrap=True)
        self.console.print(f"{self.passed} checks passed, {self.failed} failed.")
        return not self.failed


def must(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise CheckFailed(otherwise)


def must_equal(what: str, found: Any, expected: Any) -> None:
    must(found == expected, f"{what}: {found!r}, expected {expected!r}")


def check_pairs(demo: Demo, findings: Findings) -> str:
    must_equal("pairs", len(findings.truths) + demo.gold_pairs().count(), demo.prompts * PAIRS_PER_PROMPT)
    must_equal("prompts", findings.prompts, demo.prompts)
    must_equal("generators", findings.generators, len(GENERATORS))
    truths = Counter(findings.truths.values())
    if len(findings.truths) >= ENOUGH_PAIRS:
        must(set(truths) == set(Choice.values), f"true answers {dict(truths)} do not cover all four answers")
    return f"{len(findings.truths)} pairs, {findings.prompts} prompts, {findings.generators} generators; truths {dict(truths)}"


def check_imports(demo: Demo, findings: Findings) -> str:
    for name, prompts in ((SCENES, demo.prompts), (MORE_SCENES, demo.visitor_prompts)):
        import_ = demo.campaign.imports.filter(file_name=name, state="done").latest("pk")
        must_equal(
            f"{name}: state, lines, rejected", (import_.state, import_.lines_done, import_.lines_failed), ("done", prompts, 0)
        )
        pairs = import_.pairs_added + import_.pairs_known
        must_equal(f"{name}: pairs", pairs, prompts * PAIRS_PER_PROMPT)
    return "all lines of both files imported, none rejected"


def check_people(demo: Demo, findings: Findings) -> str:
    must(min(score.total for score in findings.people.values()) > 0, "an annotator has no votes")
    biggest = max(score.total for score in findings.people.values()) / findings.votes
    must(biggest < 0.25, f"one annotator has {percent(biggest)} of the votes")
    return f"{len(findings.people)} annotators, {findings.votes} votes, {findings.skips} skips"


def check_votes_as_pressed(demo: Demo, findings: Findings) -> str:
    """The people wrote down what they pressed and which image they meant, before the site knew."""
    diary = demo.diary
    shown = ("assignment__member__user", "assignment__pair__image_a", "assignment__pair__image_b")
    votes = {ASSIGNMENTS.show(vote.assignment_id): vote for vote in demo.all_votes().select_related(*shown)}
    lost = diary.acknowledged - votes.keys()
    must(not lost, f"{len(lost)} acknowledged votes are not in the database")
    invented = votes.keys() - diary.sent.keys()
    must(not invented, f"{len(invented)} votes in the database were never sent")
    for assignment, vote in votes.items():
        entry = diary.sent[assignment]
        seat = vote.assignment
        must_equal(f"assignment {assignment}", (seat.member.user.username, vote.choice), (entry["who"], entry["choice"]))
        must_equal(f"elapsed_ms of assignment {assignment}", vote.elapsed_ms, entry["elapsed_ms"])
        if entry["better"]:
            image = seat.pair.image_a if vote.choice == Choice.A else seat.pair.image_b
            must_equal(f"image chosen in assignment {assignment}", demo.album.by_sha256[image.sha256].file_name, entry["better"])
    skips = [ASSIGNMENTS.find(shown) for shown in diary.skipped]
    stored = Assignment.objects.filter(pk__in=skips, state="skipped").count()
    must(stored == len(skips), f"{len(skips) - stored} skips are not in the database")
    return f"all {len(diary.acknowledged)} acknowledged answers are stored, each for the intended image"


def check_seats(demo: Demo, findings: Findings) -> str:
    pairs = demo.own_pairs()
    given = dict(demo.own_votes().values_list("assignment__pair").annotate(Count("pk")))
    must(set(given.values()) == {VOTES_WANTED}, f"votes per pair: {Counter(given.values())}, expected {VOTES_WANTED} each")
    must_equal("pairs with seats left", pairs.exclude(seats_taken=VOTES_WANTED).count(), 0)
    twice = demo.own_votes().values("assignment__pair", "assignment__member").annotate(n=Count("pk")).filter(n__gt=1).count()
    must_equal("pairs judged twice by one annotator", twice, 0)
    sides = Counter(demo.own_votes().values_list("assignment__pair", "assignment__a_on_left"))
    lopsided = [pair for pair in given if abs(sides[pair, True] - sides[pair, False]) > 1]
    must(not lopsided, f"{len(lopsided)} pairs were shown more often one way round")
    return f"{VOTES_WANTED} votes on each pair by different people, with balanced sides"


def check_secrets(demo: Demo, findings: Findings) -> str:
    """The people search every answer they get, its bytes and headers, and end the run when they find a generator's name."""
    return f"no generator name in {demo.diary.answers_read} pages and images sent to annotators in this run"


def check_consensus(demo: Demo, findings: Findings) -> str:
    counted: dict[int, Counter[str]] = {}
    for pair, choice in demo.own_votes().values_list("assignment__pair", "choice"):
        counted.setdefault(pair, Counter())[choice] += 1
    rows = Consensus.objects.filter(pair__in=demo.own_pairs(), question__position=0)
    must_equal("pairs with a consensus", len(rows), len(findings.truths))
    for row in rows:
        votes = counted[row.pair_id]
        numbers = {choice: getattr(row, f"n_{choice}") for choice in Choice.values}
        must_equal(f"counts of pair {row.pair_id}", numbers, {choice: votes[choice] for choice in Choice.values})
        must_equal(f"label of pair {row.pair_id}", row.label, majority(votes))
    unsettled = demo.own_pairs().exclude(state="settled").count()
    must_equal("pairs not settled", unsettled, 0)
    return f"recounted on {len(rows)} pairs, {findings.ties} ties"


def majority(votes: Counter[str]) -> str:
    """The choice with most votes, or a tie."""
    best = max(votes.values())
    leaders = [choice for choice, number in votes.items() if number == best]
    return leaders[0] if len(leaders) == 1 else Label.TIE.value


def check_accuracy(demo: Demo, findings: Findings) -> str:
    must(
        findings.consensus.share > findings.one_alone or len(findings.truths) < ENOUGH_PAIRS,
        f"consensus {percent(findings.consensus.share)}, one annotator alone {percent(findings.one_alone)}",
    )
    return f"consensus {percent(findings.consensus.share)}, one annotator alone {percent(findings.one_alone)}"


def check_release_files(demo: Demo, findings: Findings) -> str:
    release = demo.campaign.releases.get(number=demo.release.number)
    must(len(demo.release.revision or "") == 40, f"the revision is {demo.release.revision!r}")
    must_equal("revision", demo.release.revision, release.revision)
    must({"votes", "pairs", "binarized"} <= demo.release.tables.keys(), f"configs: {sorted(demo.release.tables)}")
    must(release.files.filter(path="README.md").exists(), "README.md is missing")
    return f"v{release.number}, {release.files.count()} files with the sizes and hashes of the manifest"


def check_release_votes(demo: Demo, findings: Findings) -> str:
    table = demo.release.tables["votes"]
    columns = [table[name].to_pylist() for name in ("vote_id", "pair_id", "annotator_id")] + [values_of(table, "choice")]
    released = {vote: rest for vote, *rest in zip(*columns, strict=True)}
    own = demo.all_votes().values_list("pk", "assignment__pair", "assignment__member__public_id", "choice")
    for pk, *rest in own:
        must_equal(f"vote {pk}", released.get(pk), rest)
    must_equal("votes released", len(released), len(own))
    names = {*GENERATOR_NAMES, *findings.people}
    must(not names & set(columns[2]), "user names of annotators are in the release")
    return f"all {len(released)} votes, under pseudonyms"


def check_release_pairs(demo: Demo, findings: Findings) -> str:
    table = demo.release.tables["pairs"]
    labels = dict(Consensus.objects.filter(pair__in=demo.own_pairs(), question__position=0).values_list("pair", "label"))
    released = dict(zip(table["pair_id"].to_pylist(), values_of(table, "label"), strict=True))
    must_equal("labels", {pair: label for pair, label in released.items() if label is not None}, labels)
    rows = table.select(["prompt", "image_a", "image_b", "generator_a", "generator_b", "sha256_a", "sha256_b"]).to_pylist()
    for row in rows:
        for slot in "ab":
            picture = demo.album.by_sha256[row[f"sha256_{slot}"]]
            must_equal("generator", row[f"generator_{slot}"], picture.generator)
            must_equal("prompt", row["prompt"], picture.prompt)
            data = row[f"image_{slot}"]["bytes"]
            must_equal("released image", demo.album.recognise(data).file_name, picture.file_name)
            must_equal("image size", Image.open(io.BytesIO(data)).size, picture.size)
    return f"{len(rows)} pairs with both original images"


def check_release_binarized(demo: Demo, findings: Findings) -> str:
    table = demo.release.tables["binarized"]
    labels = Consensus.objects.filter(pair__in=demo.own_pairs(), question__position=0).values_list("label", flat=True)
    decided = sum(label in (Choice.A, Choice.B) for label in labels)
    must_equal("decided pairs", table.num_rows, decided)
    winners = Counter[bool]()
    for row in table.select(["chosen", "rejected"]).to_pylist():
        chosen, rejected = (demo.album.recognise(row[name]["bytes"]) for name in ("chosen", "rejected"))
        winners[chosen.error < rejected.error] += 1
    is_most = winners[True] > 0.75 * decided or len(findings.truths) < ENOUGH_PAIRS
    must(is_most, f"the better image was chosen in only {winners[True]} of {decided} decided pairs")
    return f"{decided} decided pairs; the chosen image is the better one in {winners[True]}"


def check_log_ins(demo: Demo, findings: Findings) -> str:
    """The two log-ins that are printed open what they are for."""
    with logged_in(demo, MANAGER, demo.log_ins.manager) as client:
        for address in (reverse("campaign_page", args=[CAMPAIGN]), reverse("admin:index")):
            must_equal(f"{address} for the manager", client.get(address).status_code, 200)
    with logged_in(demo, ANNOTATOR, demo.log_ins.annotator) as client:
        address = reverse("annotate", args=[CAMPAIGN])
        must_equal(f"{address} for the annotator", client.get(address).status_code, 200)
        refused = client.get(reverse("campaign_page", args=[CAMPAIGN])).status_code
        must(refused in (403, 404), f"the annotator gets {refused} from the manager's page")
    left = demo.pairs_left()
    must(left > 0, "no pairs left for the annotator")
    return f"manager and annotator can log in; {left} pairs left to judge"


@contextmanager
def logged_in(demo: Demo, name: str, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.url, follow_redirects=True, timeout=30, trust_env=False) as client:
        form = Page(answer_of(client.get(reverse("login"))).text).form(with_field="password")
        must(form is not None, "no log-in form")
        assert form is not None
        answer = client.post(reverse("login"), data={**form.fields, "username": name, "password": password})
        must(answer.is_success and Page(answer.text).form(with_field="password") is None, f"{name} cannot log in")
        yield client


def values_of(table: pa.Table, column: str) -> list[Any]:
    """The column's values, with the names of a ClassLabel for its numbers."""
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    names = features[column].get("names")
    values = table[column].to_pylist()
    return values if names is None else [None if value is None else names[value] for value in values]


CHECKS: list[tuple[str, Callable[[Demo, Findings], str]]] = [
    ("pairs", check_pairs),
    ("imports", check_imports),
    ("people", check_people),
    ("votes as pressed", check_votes_as_pressed),
    ("seats and sides", check_seats),
    ("secrets", check_secrets),
    ("consensus", check_consensus),
    ("truth", check_accuracy),
    ("release files", check_release_files),
    ("release votes", check_release_votes),
    ("release pairs", check_release_pairs),
    ("release binarized", check_release_binarized),
    ("log-ins", check_log_ins),
]
