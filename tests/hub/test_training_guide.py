"""What docs/training-jobs.md tells a training job to do, done."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.factories import CampaignFactory, GuidelineFactory
from tests.hub.clients import HubClient
from tests.hub.releases import manager_key
from tests.released import make_pair, release_of, vote_all

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "training-jobs.md"
SNIPPETS = [dedent(found) for found in re.findall(r"^ *```python\n(.*?)^ *```", GUIDE.read_text(), re.M | re.S)]
END = "--- done ---\n"


@pytest.fixture
def birds():
    campaign = CampaignFactory(slug="birds", name="Birds")
    GuidelineFactory(campaign=campaign)
    for number, (choices, split) in enumerate([("aab", "train"), ("bb", "train"), ("ab", "train"), ("a", "test")]):
        vote_all(make_pair(campaign, number, split=split), choices)
    release_of(campaign)
    return campaign


def test_every_snippet_runs_as_it_stands(live_server, tmp_path, birds):
    client = HubClient(f"{live_server.url}/hub", tmp_path / "home", manager_key(birds))
    program = tmp_path / "all.py"  # each begins with nothing of the one before it; what they import is imported once
    lines = ["import runpy"]
    for number, snippet in enumerate(SNIPPETS):
        path = tmp_path / f"snippet{number}.py"
        path.write_text(snippet)
        lines += [f"runpy.run_path({str(path)!r}, run_name='__main__')", f"print({END!r}, end='')"]
    program.write_text("\n".join(lines))
    printed = client.run_file(str(program)).split(END)[:-1]
    assert len(printed) == 9
    assert "'a', 'b', 'both_good', 'both_bad'" in printed[0]
    assert "overall" in printed[6]
    assert "good-model" in printed[7] or "bad-model" in printed[7]
