"""A release is of one moment and of one campaign, and holds nobody who is not in it."""

from __future__ import annotations

import pytest

from annotator import releasing
from annotator.quality import moderation
from annotator.quality.adjudication import Unsafe, retire_pair, undo_adjudication
from tests.factories import CampaignFactory, CrowdIdentityFactory, MemberFactory
from tests.released import card_of, contents, folder_of, make_pair, release_of, rows_of, vote, vote_all

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_who_withdrew_is_left_out(campaign):
    pair = make_pair(campaign)
    vote(pair, "a")
    gone = MemberFactory(campaign=campaign, state="withdrawn")
    vote(pair, "b", member=gone)
    release = release_of(campaign)
    assert gone.public_id not in {row["annotator_id"] for row in rows_of(release, "votes")}
    assert [row["n_votes"] for row in rows_of(release, "pairs")] == [1]


def test_a_withdrawal_leaves_the_person_out_of_the_next_release_and_the_last_one_as_it_was(campaign):
    pair = make_pair(campaign, seats_taken=2, seats_a_on_left=2)
    vote(pair, "a")
    leaving = vote(pair, "b").assignment.member
    before = release_of(campaign)
    moderation.withdraw_member(member=leaving, by=leaving.user)

    after = release_of(campaign)

    assert leaving.public_id in {row["annotator_id"] for row in rows_of(before, "votes")}
    assert leaving.public_id not in repr(rows_of(after, "votes"))
    assert [row["n_votes"] for row in rows_of(after, "pairs")] == [1]


def test_the_names_of_a_crowd_platform_are_in_no_file_of_a_release(campaign):
    """Read back, because columns are compressed in the files."""
    identity = CrowdIdentityFactory(member__campaign=campaign, study="study-of-theirs", session="session-of-theirs")
    vote(make_pair(campaign), "a", member=identity.member)
    release = release_of(campaign)

    said = repr([rows_of(release, config) for config in ("votes", "pairs", "binarized")]).encode()
    said += b"".join(contents(folder_of(release)).values())

    assert identity.member.public_id.encode() in said
    for name in (identity.participant, identity.study, identity.session, identity.member.user.username):
        assert name.encode() not in said


def test_nothing_of_another_campaign_gets_in(campaign, judged):
    alone = release_of(campaign)
    other = CampaignFactory()
    vote_all(make_pair(other, 3), "ab")
    assert release_of(campaign).revision == alone.revision


def test_votes_that_come_while_it_is_built_are_not_in_it(campaign, judged):
    before = release_of(campaign)
    release = releasing.create_release(campaign=campaign, by=None)
    late = []

    def vote_late(share: float) -> None:
        if share and not late:  # the snapshot was taken: some rows of it have been read
            late.append(vote(judged[0], "b"))

    releasing.build_release(release_id=release.pk, on_progress=vote_late)
    release.refresh_from_db()
    assert late
    assert release.revision == before.revision
    assert late[0].pk in {row["vote_id"] for row in rows_of(release_of(campaign), "votes")}


def test_machines_are_in_a_config_of_their_own_and_named_in_the_card(campaign):
    pair = make_pair(campaign)
    machine = MemberFactory(campaign=campaign, kind="machine")
    vote(pair, "b", member=machine)
    vote(pair, "a")
    release = release_of(campaign)
    assert [row["choice"] for row in rows_of(release, "votes")] == [0]
    assert [row["n_votes"] for row in rows_of(release, "pairs")] == [1]
    card = card_of(release)
    assert [row["choice"] for row in rows_of(release, "machine_votes")] == [1]
    assert "`machine_votes` has 1 vote by 1 machine annotator." in card
    assert machine.public_id not in card


def test_a_pair_that_shows_an_unsafe_image_is_in_no_later_release(campaign):
    safe, unsafe = make_pair(campaign, 1), make_pair(campaign, 2)
    for pair in (safe, unsafe):
        vote(pair, "a")
    by = MemberFactory(campaign=campaign, role="reviewer").user
    made = retire_pair(pair=unsafe, reason="unsafe", unsafe=Unsafe(b=True), by=by)

    left = release_of(campaign)
    undo_adjudication(adjudication=made, by=by)
    again = release_of(campaign)

    assert [row["pair_id"] for row in rows_of(left, "pairs")] == [safe.pk]
    assert [row["pair_id"] for row in rows_of(again, "pairs")] == [safe.pk, unsafe.pk]
