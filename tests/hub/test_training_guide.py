"""What docs/training-jobs.md tells a training job to do, done."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from annotator import releasing
from annotator.choices import COMPACT_CONFIGS
from tests.factories import CampaignFactory, GuidelineFactory
from tests.hub.clients import HubClient
from tests.hub.releases import manager_key
from tests.released import make_pair, release_of, vote_all

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "training-jobs.md"
SNIPPETS = [dedent(found) for found in re.findall(r"^ *```python\n(.*?)^ *```", GUIDE.read_text(), re.M | re.S)]


@pytest.fixture
def birds():
    campaign = CampaignFactory(slug="birds", name="Birds")
    GuidelineFactory(campaign=campaign)
    for number, (choices, split) in enumerate([("aab", "train"), ("bb", "train"), ("ab", "train"), ("a", "test")]):
        vote_all(make_pair(campaign, number, split=split), choices)
    release_of(campaign)
    compact = releasing.create_release(campaign=campaign, by=None, configs=COMPACT_CONFIGS)
    releasing.build_release(release_id=compact.pk)
    return campaign


def test_every_snippet_runs_as_it_stands_on_a_fresh_machine(live_server, tmp_path, birds):
    """As a newcomer runs it: alone, with nothing in the cache."""
    printed = []
    for number, snippet in enumerate(SNIPPETS):
        client = HubClient(f"{live_server.url}/hub", tmp_path / f"home{number}", manager_key(birds))
        program = tmp_path / f"snippet{number}.py"
        program.write_text(snippet)
        # To its very end, where a stream that is left in the middle would abort; the others leave nothing to end.
        run = client.run_to_the_end if "streaming=True" in snippet else client.run_file
        printed.append(run(str(program)))
    assert len(printed) == 10
    assert "'a', 'b', 'both_good', 'both_bad'" in printed[0]
    assert printed[1].count("pair_id") == 3
    assert "overall" in printed[6]
    assert "<PIL." in printed[9]
    assert "good-model" in printed[7] or "bad-model" in printed[7]
