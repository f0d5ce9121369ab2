"""A demo that has been judged, without drawing a picture or asking a site: rows and a diary as a run leaves them."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import cast

from rich.console import Console

from annotator.choices import Choice
from annotator.demo.album import Album
from annotator.demo.people import PEOPLE, Diary
from annotator.demo.scenes import GENERATORS, Picture, plan_pictures, true_choice
from annotator.demo.steps import ANNOTATOR, CAMPAIGN, VOTES_WANTED, Demo
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Member, Pair
from annotator.scoring.consensus_writer import score_campaign
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    GeneratorFactory,
    ImageFactory,
    MemberFactory,
    PairFactory,
    PromptFactory,
    VoteFactory,
)

PAIRS = len(GENERATORS)  # of one prompt: each image with its two neighbours
VOTERS = [person.name for person in PEOPLE[:VOTES_WANTED]]
CONTRARY = VOTERS[0]  # always gives another answer than the true one


def judged_demo(url: str = "http://127.0.0.1:9/", console: Console | None = None) -> Demo:
    """One prompt with four pairs and five votes a pair, four of which are the true answer.

    Expects `settings.DATA_DIR` to be a folder of the test's own.
    """
    demo = Demo(url=url, pairs=PAIRS, console=console or Console(quiet=True))
    demo.campaign = CampaignFactory(slug=CAMPAIGN, votes_wanted=VOTES_WANTED)
    demo.diary = Diary(demo.folder / "votes.jsonl")
    pictures = plan_pictures(0, 1)
    demo.album = cast(Album, SimpleNamespace(by_sha256={sha256_of(picture): picture for picture in pictures}))
    members = [MemberFactory(campaign=demo.campaign, user__username=name) for name in VOTERS]
    MemberFactory(campaign=demo.campaign, user__username=ANNOTATOR)
    prompt = PromptFactory(campaign=demo.campaign, text=pictures[0].prompt)
    images = [
        ImageFactory(
            prompt=prompt,
            generator=GeneratorFactory(campaign=demo.campaign, name=picture.generator),
            sha256=sha256_of(picture),
        )
        for picture in pictures
    ]
    ring = list(zip(pictures, images, strict=True))
    for (first, image_a), (second, image_b) in zip(ring, ring[1:] + ring[:1], strict=True):
        pair = PairFactory(prompt=prompt, campaign=demo.campaign, image_a=image_a, image_b=image_b, state="settled")
        _judge(demo, pair, members, first, second)
    score_campaign(campaign=demo.campaign)
    return demo


def sha256_of(picture: Picture) -> str:
    return hashlib.sha256(picture.file_name.encode()).hexdigest()


def _judge(demo: Demo, pair: Pair, members: list[Member], first: Picture, second: Picture) -> None:
    truth = true_choice(first.error, second.error)
    for number, member in enumerate(members):
        name = member.user.username
        choice = other_than(truth) if name == CONTRARY else truth
        seat: Assignment = AssignmentFactory(member=member, pair=pair, a_on_left=number % 2 == 0, state="answered")
        VoteFactory(assignment=seat, choice=choice.value, elapsed_ms=2000 + number)
        better = {Choice.A: first.file_name, Choice.B: second.file_name}.get(choice, "")
        shown = ASSIGNMENTS.show(seat.pk)
        demo.diary.write("sent", shown, who=name, choice=choice.value, better=better, elapsed_ms=2000 + number)
        demo.diary.write("acknowledged", shown)
    Pair.objects.filter(pk=pair.pk).update(seats_taken=len(members))


def other_than(truth: Choice) -> Choice:
    return Choice.B if truth == Choice.A else Choice.A
