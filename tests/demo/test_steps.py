"""The steps of the demo: what they do again and what they leave as it is."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rich.console import Console

from annotator.demo.scenes import plan_scenes
from annotator.demo.steps import Demo
from tests.factories import CampaignFactory, PairFactory, ReleaseFactory


@pytest.mark.django_db
def test_what_a_visitor_undid_after_the_release_is_not_done_again(settings, tmp_path):
    """As when somebody was suspended: their votes are void, and pairs that had all of theirs are open."""
    settings.DATA_DIR = tmp_path
    demo = Demo(url="http://127.0.0.1:9/", pairs=4, console=Console(quiet=True))
    demo.campaign = CampaignFactory()
    (scene,) = plan_scenes(demo.prompts)
    PairFactory(campaign=demo.campaign, prompt__campaign=demo.campaign, prompt__text=scene.prompt)
    ReleaseFactory(campaign=demo.campaign, state="ready", revision="0" * 40, finished_at=timezone.now())

    demo.judge()
    demo.score()

    assert not demo.judged_now
