"""Imports that are undone: what goes, what stays, and what keeps an import."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from annotator.errors import Conflict
from annotator.importing import lifecycle, undo
from annotator.models import Assignment, Generator, Image, Pair, PairSeats, Prompt, WaitingSeat
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    FlagFactory,
    ImportFactory,
    ReleaseFactory,
    UserFactory,
    VoteFactory,
)
from tests.importing.imported import counts, imported, lines_file, pair_line, set_line

pytestmark = pytest.mark.django_db


def stored_images() -> int:
    return len(list(Path(default_storage.path("images")).glob("*/*")))


def test_what_only_the_import_made_goes_with_its_files_and_comes_back_when_it_is_imported_again(folder):
    campaign, user = CampaignFactory(), UserFactory()
    imported(campaign, lines_file(folder, pair_line(0, 1)))
    imported(CampaignFactory(), lines_file(folder, pair_line(4, 5)))
    file = lines_file(
        folder, pair_line(0, 1), pair_line(0, 2), pair_line(4, 5), set_line(3, 6, 7, prompt="A dog"), name="more.jsonl"
    )
    import_ = imported(campaign, file)
    assert counts(import_)[4:] == (5, 1)
    waiting = AssignmentFactory(member__campaign=campaign, pair=import_.pairs.first(), shown_at=None)
    assert undo.may_be_undone(import_)

    undone = undo.undo_import(import_=import_, by=user)
    lifecycle.clear_import(import_id=import_.pk)

    assert (undone.state, undone.undone_by) == ("undone", user)
    assert Pair.objects.filter(campaign=campaign).count() == PairSeats.objects.filter(of_campaign=campaign).count() == 1
    assert Image.objects.filter(prompt__campaign=campaign).count() == 2
    assert list(Prompt.objects.filter(campaign=campaign).values_list("text", flat=True)) == ["A red cube"]
    assert not Generator.objects.filter(campaign=campaign).exists()
    assert not Assignment.objects.filter(pk=waiting.pk).exists()
    assert not WaitingSeat.objects.filter(assignment=waiting.pk).exists()
    assert stored_images() == 4  # two of the first import, and two that the other campaign shows
    assert lifecycle.imports_with_leftovers() == []
    assert not undo.may_be_undone(undone)
    assert undo.undo_import(import_=import_, by=None).undone_by == user  # again
    assert counts(imported(campaign, file))[4:] == (5, 1)


def of_votes(pair):
    VoteFactory(assignment__pair=pair, assignment__member__campaign=pair.campaign)


def of_screens(pair):
    now = timezone.now()
    AssignmentFactory(member__campaign=pair.campaign, pair=pair, shown_at=now, lease_expires_at=now + timedelta(minutes=5))


def of_flags(pair):
    FlagFactory(
        assignment=AssignmentFactory(member__campaign=pair.campaign, pair=pair, state="flagged", closed_at=timezone.now())
    )


def of_releases(pair):
    ReleaseFactory(campaign=pair.campaign, state="building")


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        (of_votes, "1 pair of this import has votes"),
        (of_screens, "1 pair of this import is on the screen of an annotator"),
        (of_flags, "were flagged or decided about"),
        (of_releases, "A release of the campaign is being built"),
    ],
)
def test_an_import_stays_whose_pairs_somebody_needs(folder, keep, reason):
    import_ = imported(CampaignFactory(), lines_file(folder, pair_line(), pair_line(2, 3)))
    keep(import_.pairs.first())

    assert not undo.may_be_undone(import_)
    with pytest.raises(Conflict, match=reason):
        undo.undo_import(import_=import_, by=None)

    assert import_.pairs.count() == 2


def test_an_import_that_runs_has_to_be_cancelled_first():
    with pytest.raises(Conflict, match="Cancel it first"):
        undo.undo_import(import_=ImportFactory(state="running"), by=None)
