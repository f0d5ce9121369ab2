"""An image that is taken down is nowhere any more, and its rows say so."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS
from annotator.errors import Conflict, Invalid, NotFound
from annotator.importing.images import full_name, image_folder
from annotator.judging.pair_holds import return_pairs
from annotator.models import PairSeats
from annotator.releasing.take_down import take_down_image
from tests.factories import CampaignFactory, MemberFactory, UserFactory
from tests.released import card_of, folder_of, make_pair, release_of, rows_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


@pytest.fixture
def manager(campaign):
    return MemberFactory(campaign=campaign, role="manager").user


def test_its_bytes_leave_storage_and_releases_and_its_rows_say_so(campaign, judged, manager):
    usual = release_of(campaign)
    compact = releasing.create_release(campaign=campaign, by=None, configs=[*COMPACT_CONFIGS, "pairs", "binarized"])
    releasing.build_release(release_id=compact.pk)
    pair = judged[0]
    image = pair.image_a
    with default_storage.open(full_name(image.sha256, image.format)) as file:
        data = file.read()
    done = take_down_image(campaign=campaign, sha256=image.sha256, reason="The artist asked for it.", by=manager)
    assert (done.pairs_held, done.releases_yanked, done.remains_elsewhere) == (1, 2, False)
    assert not default_storage.exists(full_name(image.sha256, image.format))
    assert not default_storage.exists(image_folder(image.sha256))
    [new] = done.new
    releasing.build_release(release_id=new.pk)
    for release in done.ended:
        releasing.clear_release(release_id=release.pk)
    new.refresh_from_db()
    assert (new.state, new.error, new.configs) == ("ready", "", ["pairs", "binarized", *COMPACT_CONFIGS])
    files = [file for file in folder_of(usual).parent.rglob("*") if file.is_file()]
    assert {file.relative_to(folder_of(usual).parent).parts[0] for file in files} == {"3"}
    assert not any(data in file.read_bytes() for file in files)
    rows = {row["pair_id"]: row for row in rows_of(new, "pairs")}
    assert (rows[pair.pk]["image_a"], rows[pair.pk]["taken_down"], rows[pair.pk]["sha256_a"]) == (None, "a", image.sha256)
    assert rows[pair.pk]["image_b"]["bytes"]
    assert rows[judged[1].pk]["taken_down"] is None
    assert pair.pk not in {row["id"] for row in rows_of(new, "binarized")}
    assert image.sha256 not in {row["sha256"] for row in rows_of(new, "images")}
    assert "1 held by the managers" in card_of(new)


def test_its_pairs_stay_out_of_circulation(campaign, judged, manager):
    pair = judged[6]
    take_down_image(campaign=campaign, sha256=pair.image_b.sha256, reason="Unlawful.", by=manager)
    assert return_pairs(pair_ids=[pair.pk], by=manager) == 0
    assert PairSeats.objects.get(pk=pair.pk).state == "held"


def test_a_file_that_a_campaign_of_others_has_stays_for_them(campaign, judged, manager):
    theirs = make_pair(CampaignFactory(), 0)
    sha256 = theirs.image_a.sha256
    assert sha256 == judged[0].image_a.sha256
    done = take_down_image(campaign=campaign, sha256=sha256, reason="Unlawful.", by=manager)
    assert done.remains_elsewhere
    assert default_storage.exists(full_name(sha256, theirs.image_a.format))
    done = take_down_image(campaign=theirs.campaign, sha256=sha256, reason="Here too.", by=UserFactory(is_superuser=True))
    assert not done.remains_elsewhere
    assert not default_storage.exists(full_name(sha256, theirs.image_a.format))


def test_it_goes_from_all_campaigns_that_one_manages(campaign, judged, manager):
    other = make_pair(MemberFactory(campaign__slug="other", user=manager, role="manager").campaign, 0)
    done = take_down_image(campaign=campaign, sha256=other.image_a.sha256, reason="Unlawful.", by=manager)
    assert sorted(taken.campaign.slug for taken in done.take_downs) == ["other", "scenes"]
    assert (done.pairs_held, done.remains_elsewhere) == (2, False)


def test_what_is_not_there_and_what_was_taken_down_is_refused(campaign, judged, manager):
    sha256 = judged[0].image_a.sha256
    with pytest.raises(NotFound):
        take_down_image(campaign=campaign, sha256="0" * 64, reason="Unlawful.", by=manager)
    with pytest.raises(Invalid):
        take_down_image(campaign=campaign, sha256=sha256, reason=" ", by=manager)
    take_down_image(campaign=campaign, sha256=sha256, reason="Unlawful.", by=manager)
    with pytest.raises(Conflict):
        take_down_image(campaign=campaign, sha256=sha256, reason="Unlawful.", by=manager)
