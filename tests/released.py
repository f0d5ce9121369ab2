"""Campaigns with real images and votes, for the tests that release them, and the files of what was released."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads

from annotator import releasing
from annotator.choices import Choice
from annotator.importing.images import ingest_image, store_image
from annotator.models import Assignment, Campaign, Image, Member, Pair, Prompt, Question, Release, Vote
from annotator.releasing.dataset.layout import SPLITS
from tests.factories import AssignmentFactory, GeneratorFactory, MemberFactory, PairFactory, PromptFactory, VoteFactory
from tests.pictures import picture_file


def text_in(split: str, number: int = 0) -> str:
    """A prompt's text that the default shares put into this split; another one for another number."""
    low, high = {"train": (0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1)}[split]
    texts = (f"A red cube beside {count} blue spheres" for count in range(10_000))
    fitting = (text for text in texts if low <= int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32 < high)
    return [text for text, _ in zip(fitting, range(number + 1), strict=False)][number]


def make_image(prompt: Prompt, number: int, *, format: str = "PNG", generator: str | None = None) -> Image:
    """An image with its files in storage."""
    clean = ingest_image(picture_file(number, format))
    store_image(clean)
    maker = None
    if generator is not None:
        maker = prompt.campaign.generators.filter(name=generator).first()
        maker = maker or GeneratorFactory(campaign=prompt.campaign, name=generator)
    return Image.objects.create(
        prompt=prompt,
        generator=maker,
        sha256=clean.sha256,
        format=clean.format,
        width=clean.width,
        height=clean.height,
        byte_size=len(clean.data),
    )


def make_pair(campaign: Campaign, number: int = 0, *, split: str = "train", **fields: object) -> Pair:
    """A pair of two images of their own, under a prompt of its own in the split."""
    prompt = PromptFactory(campaign=campaign, text=text_in(split, number), category="shapes", language="en")
    return PairFactory(
        campaign=campaign,
        prompt=prompt,
        image_a=make_image(prompt, 2 * number, generator="good-model"),
        image_b=make_image(prompt, 2 * number + 1, format="JPEG", generator="bad-model"),
        **fields,
    )


def vote(pair: Pair, choice: str, *, member: Member | None = None, question: Question | None = None, **fields) -> Vote:
    """A vote of somebody new unless told, on the primary question unless told. Fields of the assignment begin with it."""
    member = member or MemberFactory(campaign=pair.campaign)
    its = {name.removeprefix("assignment__"): fields.pop(name) for name in list(fields) if name.startswith("assignment__")}
    assignment = its.pop("assignment", None) or AssignmentFactory(
        member=member, pair=pair, **{"state": "answered", "guideline": pair.campaign.guidelines.first(), **its}
    )
    question = question or pair.campaign.questions.get(position=0)
    return VoteFactory(assignment=assignment, question=question, choice=choice, **fields)


def vote_at_once(campaign: Campaign, answers: Iterable[tuple[Pair, Member, str]]) -> None:
    """What `vote` makes of each answer, in two statements for all of them."""
    answers, guideline = list(answers), campaign.guidelines.first()
    question = campaign.questions.get(position=0)
    seats = [
        AssignmentFactory.build(campaign=campaign, member=member, pair=pair, guideline=guideline, state="answered")
        for pair, member, _ in answers
    ]
    Assignment.objects.bulk_create(seats)
    Vote.objects.bulk_create(
        VoteFactory.build(assignment=seat, campaign=campaign, question=question, choice=choice)
        for seat, (_, _, choice) in zip(seats, answers, strict=True)
    )


def vote_all(pair: Pair, choices: str) -> None:
    """A vote per letter, each by somebody else: a, b, g (both good), x (both bad)."""
    words = {"a": Choice.A, "b": Choice.B, "g": Choice.BOTH_GOOD, "x": Choice.BOTH_BAD}
    # The same few people for every pair; nobody twice on one.
    members = list(pair.campaign.members.exclude(assignments__pair=pair)[: len(choices)])
    members += [MemberFactory(campaign=pair.campaign) for _ in choices[len(members) :]]
    vote_at_once(pair.campaign, [(pair, member, words[letter]) for letter, member in zip(choices, members, strict=True)])


def release_of(campaign: Campaign) -> Release:
    """Make a release, and build it here."""
    release = releasing.create_release(campaign=campaign, by=None)
    releasing.build_release(release_id=release.pk)
    release.refresh_from_db()
    return release


def folder_of(release: Release) -> Path:
    folder = releasing.local_folder(release)
    assert folder is not None
    return folder


def card_of(release: Release) -> str:
    with releasing.open_file(release, "README.md") as file:
        return file.read().decode()


def rows_of(release: Release, config: str) -> list[dict]:
    """All rows of a config, each with its split, as they are in the files."""
    rows = []
    for split in SPLITS:
        files = sorted(str(file) for file in (folder_of(release) / config).glob(f"{split}-*"))
        if files:
            table: pa.Table = pads.dataset(files).to_table()
            rows += [{**row, "split": split} for row in table.to_pylist()]
    return rows


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
