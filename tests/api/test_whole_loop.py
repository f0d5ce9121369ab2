"""A campaign over the API alone, with a real Celery worker: import, judge, release, download."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT
from PIL import Image

from annotator.campaigns import members
from annotator.choices import Choice
from annotator.lib import public_ids
from annotator.models import Campaign
from tests.api.clients import ApiClient, client_of
from tests.factories import UserFactory
from tests.waiting import wait_until

PAIRS = 3


def pairs_zip() -> bytes:
    data = BytesIO()
    with ZipFile(data, "w") as archive:
        lines = []
        for number in range(PAIRS):
            line = {"prompt": f"Shade {number}", "generator_a": "light", "generator_b": "dark"}
            for slot, shade in (("a", 200 + number), ("b", 20 + number)):
                image = BytesIO()
                Image.new("RGB", (32, 24), (shade, shade, shade)).save(image, "PNG")
                archive.writestr(f"{number}{slot}.png", image.getvalue())
                line[f"image_{slot}"] = f"{number}{slot}.png"
            lines.append(json.dumps(line))
        archive.writestr("pairs.jsonl", "\n".join(lines))
    return data.getvalue()


def wait_for(client: ApiClient, address: str, *states: str) -> dict:
    def over():
        body = client.get(address).json()
        return body if body["state"] in states else None

    return wait_until(over, seconds=60, why=f"{address} to be {' or '.join(states)}")


@pytest.mark.worker
def test_a_campaign_runs_from_import_to_download(celery_worker_process):
    manager = client_of(UserFactory(is_staff=True))
    home = manager.post("/api/v1/campaigns/", {"slug": "shades", "name": "Shades", "votes_wanted": 1, "state": "open"})[
        "Location"
    ]
    annotator = UserFactory()
    members.add_member(campaign=Campaign.objects.get(), user=annotator)
    judge = client_of(annotator, "annotate")

    form = {"file": SimpleUploadedFile("shades.zip", pairs_zip())}
    sent = manager.post(f"{home}imports/", form, content_type=MULTIPART_CONTENT)
    done = wait_for(manager, sent["Location"], "done", "failed")
    assert (done["state"], done["pairs_added"], done["line_errors"]) == ("done", PAIRS, [])

    judged = {}
    while (response := judge.post(f"{home}assignments/")).status_code == 200:
        assignment = response.json()
        shades = {}
        for side in (assignment["left"], assignment["right"]):
            assert (side["width"], side["height"]) == (32, 24)
            image = judge.get(side["url"])
            shades[side["slot"]] = Image.open(BytesIO(image.getvalue())).convert("L").getpixel((16, 12))
        lighter = max(shades, key=shades.__getitem__)
        vote = judge.post(f"/api/v1/assignments/{assignment['id']}/vote/", {"choice": lighter, "elapsed_ms": 500})
        assert vote.status_code == 201
        judged[public_ids.PAIRS.find(vote.json()["pair_id"])] = lighter  # releases have the ids themselves
    assert (response.status_code, len(judged)) == (204, PAIRS)

    release = manager.post(f"{home}releases/")["Location"]
    ready = wait_for(manager, release, "ready", "failed")
    assert ready["state"] == "ready", ready["error"]
    voted = {}
    for file in ready["files"]:
        data = manager.get(f"{release}files/{file['path']}").getvalue()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size"], file["sha256"])
        if file["path"].startswith("votes/"):
            voted |= {row["pair_id"]: row["choice"] for row in pq.read_table(BytesIO(data)).to_pylist()}
    assert {pair_id: Choice.values[index] for pair_id, index in voted.items()} == judged
