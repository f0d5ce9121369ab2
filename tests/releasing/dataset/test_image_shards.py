"""Each image in one file, which stays as it is while its images stay."""

from __future__ import annotations

import pytest

from annotator.models import ImageShard, Prompt
from tests.released import folder_of, make_image, rows_of
from tests.releasing.test_sharing import compact_release

# What is released has to be committed: it is read on a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


def test_each_image_is_embedded_once_however_many_pairs_it_is_in(campaign):
    prompt = Prompt.objects.create(campaign=campaign, text="One prompt", text_sha256="a" * 64)
    images = [make_image(prompt, number) for number in range(4)]
    for place, image_a in enumerate(images):
        for image_b in images[place + 1 :]:
            campaign.pairs.create(prompt=prompt, image_a=image_a, image_b=image_b, votes_wanted=1, ring=place)
    release = compact_release(campaign)
    assert len(rows_of(release, "pair_info")) == 6
    assert sorted(row["sha256"] for row in rows_of(release, "images")) == sorted(image.sha256 for image in images)


def test_a_file_of_images_is_written_again_where_one_of_them_left_or_no_release_has_it(campaign, judged):
    unpaired = make_image(judged[0].prompt, 50)
    compact_release(campaign)
    [shard] = ImageShard.objects.all()
    members = bytes(shard.members)
    assert len(members) == 32 * (len(judged) * 2 + 1)
    unpaired.delete()
    release = compact_release(campaign)
    shard.refresh_from_db()
    assert bytes(shard.members) == members[:-32]
    assert len(rows_of(release, "images")) == 2 * len(judged)
    for number in (1, 2):
        (folder_of(release).with_name(str(number)) / "images/train-00000.parquet").unlink()
    again = compact_release(campaign)
    assert again.files.get(path="images/train-00000.parquet").sha256 == shard.sha256
    assert again.revision == release.revision
