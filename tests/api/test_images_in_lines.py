"""Images in JSON lines, sent as docs/rest.md shows it, and one's own keys as they come back."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.stage_upload import read_upload
from tests.api.clients import client_of
from tests.factories import MemberFactory
from tests.pictures import picture_file

pytestmark = pytest.mark.django_db(transaction=True)  # an import is read and committed in steps

GUIDE = (Path(__file__).resolve().parent.parent.parent / "docs" / "rest.md").read_text()


def lines_of_the_guide(folder: Path) -> bytes:
    """What the shell makes of the example in `folder`, with two pictures there."""
    (folder / "left.png").write_bytes(picture_file(1, "PNG"))
    (folder / "right.png").write_bytes(picture_file(2, "PNG"))
    [example] = re.findall(r"^(cat > lines\.jsonl <<END\n.*?^END\n)", GUIDE, re.MULTILINE | re.DOTALL)
    subprocess.run(["sh", "-euc", example], cwd=folder, check=True)
    return (folder / "lines.jsonl").read_bytes()


def test_base64_and_data_urls_become_pairs_whose_keys_come_back(tmp_path, storage_folder):
    member = MemberFactory(campaign__slug="birds", role="manager")
    client = client_of(member.user, "import", "export")
    address = "/api/v1/campaigns/birds/"

    sent = client.post(address + "imports/", lines_of_the_guide(tmp_path), content_type="application/jsonl")
    assert sent.status_code == 202, sent.content
    for batch_id in read_upload(import_id=sent.json()["id"]):
        ingest_batch(batch_id=batch_id)

    done = client.get(sent["Location"]).json()
    assert (done["state"], done["pairs_added"], done["line_errors"]) == ("done", 2, [])
    [pair] = client.get(address + "pairs/", {"external_id": "row-17"}).json()["results"]
    assert (pair["prompt"], pair["metadata"], pair["width_a"]) == ("a red bird", {"run": 4}, 24)
    # By chance, the first image of a line is `a` or `b`.
    assert sorted((pair[f"seed_{slot}"] or 0, *pair[f"parameters_{slot}"]) for slot in "ab") == [(0,), (7, "steps")]
    prompts = {row["prompt"]: row for row in client.get(address + "prompts/").json()["results"]}
    assert {image["seed"] for image in prompts["a blue bird"]["images"]} == {1, 2}
    picture = client.get(pair["image_a"])
    assert (picture.status_code, picture["Content-Type"], picture.getvalue()[1:4]) == (200, "image/png", b"PNG")
