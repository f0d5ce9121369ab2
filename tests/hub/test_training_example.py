"""The example of the guide for training jobs, run as it is there on what the demo is made of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files import File
from django.core.files.storage import default_storage

from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import Choice, PairingRule
from annotator.demo.album import Album, draw_album
from annotator.demo.scenes import true_choice
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import create_import
from annotator.importing.stage_upload import read_upload
from annotator.models import Campaign
from tests.factories import MemberFactory
from tests.hub.clients import HubClient
from tests.hub.releases import manager_key
from tests.released import release_of, vote

pytestmark = pytest.mark.django_db(transaction=True)

PROMPTS = 18
RULES = {"pairing_rule": PairingRule.RING, "share_test": 0.4}  # of few prompts, enough to say how well it learnt


@pytest.fixture
def demo(tmp_path) -> Campaign:
    """The demo's pictures, judged by somebody who is always right."""
    campaign = create_campaign(slug="demo", name="Scenes", by=None, state="open", rules=RULES)
    path = tmp_path / "scenes.zip"
    draw_album(path, 0, PROMPTS, on_drawn=lambda: None)
    import_into(campaign, path)
    pictures = Album([path]).by_sha256
    annotator = MemberFactory(campaign=campaign)
    for pair in campaign.pairs.select_related("image_a", "image_b", "campaign"):
        errors = [pictures[image.sha256].error for image in (pair.image_a, pair.image_b)]
        choice = true_choice(*errors)
        if choice in (Choice.A, Choice.B):
            vote(pair, choice, member=annotator)
    return campaign


def import_into(campaign: Campaign, path: Path) -> None:
    """As a worker does."""
    with path.open("rb") as file:
        name = default_storage.save("uploads/scenes", File(file))
    import_ = create_import(campaign=campaign, file_name=path.name, by=None, column_map={}, stored_name=name)
    for batch_id in read_upload(import_id=import_.pk):
        ingest_batch(batch_id=batch_id)


def test_it_learns_what_people_prefer(live_server, tmp_path, demo):
    release_of(demo)
    client = HubClient(f"{live_server.url}/hub", tmp_path / "home", manager_key(demo))

    said = client.run_file("docs/examples/train_preference_model.py", "diptych/demo", "v1")

    match = re.search(r"accuracy on (\d+) pairs of the test split: (\d\.\d+)", said)
    assert match is not None, said
    pairs, accuracy = int(match[1]), float(match[2])
    assert pairs >= 10
    assert accuracy > 0.55, said
