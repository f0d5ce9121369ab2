"""Consensus and releases: what the database refuses."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.models import (
    ImageShard,
    Release,
    ReleaseAnnotator,
    ReleaseFile,
    ReleaseShard,
    TakeDown,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, delete, release_in

pytestmark = pytest.mark.django_db


def release_file() -> ReleaseFile:
    return ReleaseFile.objects.create(release=make.ReleaseFactory(), path="README.md", size=1, sha256="b" * 64)


ATTEMPTS = Attempts(
    {
        "consensus_label_known": lambda: make.ConsensusFactory(label="left"),
        "consensus_method_known": lambda: make.ConsensusFactory(method="guess"),
        "consensus_confidence_is_probability": lambda: make.ConsensusFactory(confidence=1.5),
        "consensus_share_is_share": lambda: make.ConsensusFactory(share=1.5),
        "consensus_agreement_is_share": lambda: make.ConsensusFactory(agreement=-0.1),
        "consensus_soft_label_in_range": lambda: make.ConsensusFactory(p_b=2.0),
        "label_fit_method_known": lambda: make.LabelFitFactory(method="guess"),
        "release_state_known": lambda: change(make.ReleaseFactory(), state="lost"),
        "release_number_from_one": lambda: make.ReleaseFactory(number=0),
        "release_progress_is_share": lambda: change(make.ReleaseFactory(), progress=1.5),
        "release_ready_has_revision": lambda: change(make.ReleaseFactory(), state="ready"),
        "release_never_deleted": lambda: delete(make.ReleaseFactory()),
        "release_number_is_fixed": lambda: change(make.ReleaseFactory(), number=7),
        "release_ready_is_fixed": lambda: change(release_in("ready"), revision="c" * 40),
        "release_yanked_has_reason": lambda: change(release_in("ready"), state="yanked"),
        "release_yanked_stays_yanked": lambda: change(yanked_release(), state="ready"),
        "take_down_sha256_form": lambda: take_down(sha256="none"),
        "take_down_has_reason": lambda: take_down(reason=""),
        "image_shard_sha256_form": lambda: image_shard(sha256="none"),
        "release_file_sha256_form": lambda: ReleaseFile.objects.create(
            release=make.ReleaseFactory(), path="README.md", size=1, sha256="none"
        ),
        "release_file_is_fixed": lambda: change(release_file(), sha256="c" * 64),
    }
)


@ATTEMPTS.refused_by("consensus_once_per_pair_question_method")
def _() -> None:
    consensus = make.ConsensusFactory()
    make.ConsensusFactory(pair=consensus.pair, question=consensus.question)


def yanked_release() -> Release:
    release = release_in("ready")
    change(release, state="yanked", yanked_at=timezone.now(), yank_reason="A mistake.")
    return release


def take_down(**fields: object) -> TakeDown:
    return TakeDown.objects.create(**{"campaign": make.CampaignFactory(), "sha256": "a" * 64, "reason": "Asked for.", **fields})


@ATTEMPTS.refused_by("take_down_once_in_campaign")
def _() -> None:
    take_down(campaign=take_down().campaign)


@ATTEMPTS.refused_by("release_annotator_once")
def _() -> None:
    member = make.MemberFactory()
    release = make.ReleaseFactory(campaign=member.campaign)
    for _ in range(2):
        ReleaseAnnotator.objects.create(release=release, member=member)


def image_shard(**fields: object) -> ImageShard:
    about = {"campaign": make.CampaignFactory(), "number": 0, "members": b"", "size": 1, "sha256": "a" * 64}
    return ImageShard.objects.create(**{**about, "rows": 1, "num_bytes": 1, **fields})


@ATTEMPTS.refused_by("image_shard_number_unique_in_campaign")
def _() -> None:
    image_shard(campaign=image_shard().campaign)


@ATTEMPTS.refused_by("release_number_unique_in_campaign")
def _() -> None:
    make.ReleaseFactory(campaign=make.ReleaseFactory().campaign)


@ATTEMPTS.refused_by("release_shard_path_unique")
def _() -> None:
    release = make.ReleaseFactory()
    for _ in range(2):
        ReleaseShard.objects.create(release=release, path="pairs/train-00000-of-00001.parquet")


@ATTEMPTS.refused_by("release_shard_finished_is_described")
def _() -> None:
    ReleaseShard.objects.create(release=make.ReleaseFactory(), path="pairs/x.parquet", finished_at=timezone.now(), size=1)


@ATTEMPTS.refused_by("release_file_path_unique")
def _() -> None:
    file = release_file()
    ReleaseFile.objects.create(release=file.release, path=file.path, size=1, sha256="b" * 64)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_ready_release_may_say_how_far_it_is() -> None:
    change(release_in("ready"), progress=1.0)


def test_votes_of_a_consensus_are_summed_over_the_choices() -> None:
    assert make.ConsensusFactory(n_a=4, n_b=3, n_both_good=2, n_both_bad=1).n_votes == 10
