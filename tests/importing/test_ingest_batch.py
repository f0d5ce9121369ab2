"""Batches of lines become images, prompts and pairs, once, whatever happens meanwhile."""

from __future__ import annotations

import csv
import importlib
import json
import zipfile
from base64 import b64encode
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as PillowImage

from annotator.importing import stage_upload
from annotator.importing.images import DISPLAY_WIDTHS, display_name, full_name
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import create_import, pending_batches
from annotator.importing.stage_upload import read_upload
from annotator.lib.storage import put_file
from annotator.models import Generator, Image, Import, ImportBatch, Pair, Prompt
from annotator.models.material import NEAR_IDENTICAL_DISTANCE
from tests.factories import CampaignFactory
from tests.importing.imported import (
    at_once,
    counts,
    errors_of,
    imported,
    ingested,
    lines_file,
    pair_line,
    set_line,
    staged,
    uploads,
)
from tests.pictures import decoded, encoded, picture, picture_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(votes_wanted=4)


# --- what comes in


def test_a_pair_line_becomes_a_pair_with_all_that_belongs_to_it(campaign, folder):
    line = pair_line(
        external_id="x-1",
        generator_a="FLUX.1-dev",
        generator_b="SDXL",
        category="cubes",
        language="en",
        gold_choice="a",
        gold_note="The other is a ball.",
        metadata={"round": 3},
    )

    import_ = imported(campaign, lines_file(folder, line))

    assert counts(import_) == ("done", 1, 1, 0, 1, 0)
    assert import_.finished_at is not None
    pair = Pair.objects.get()
    assert (pair.campaign, pair.prompt.campaign) == (campaign, campaign)
    assert (pair.prompt.text, pair.prompt.category, pair.prompt.language) == ("A red cube", "cubes", "en")
    assert (pair.external_id, pair.metadata, pair.votes_wanted) == ("x-1", {"round": 3}, 4)
    assert (pair.prompt.external_id, pair.prompt.metadata) == (None, {})
    image = Image.objects.get(generator__name="FLUX.1-dev")
    assert {pair.image_a, pair.image_b} == {image, Image.objects.get(generator__name="SDXL")}
    assert (pair.gold_choice, pair.gold_note) == ("a" if pair.image_a == image else "b", "The other is a ball.")
    assert (image.format, image.width, image.height) == ("PNG", 24, 16)
    assert image.byte_size == len(picture_file(0))


def test_images_are_stored_clean_with_their_derivatives(campaign, folder):
    (folder / "0.png").write_bytes(encoded(picture(100), "JPEG", comment=b"SecretModel"))

    imported(campaign, lines_file(folder, pair_line()))

    image = Image.objects.get(format="JPEG")
    with default_storage.open(full_name(image.sha256, "JPEG")) as file:
        data = file.read()
    assert b"SecretModel" not in data
    assert len(data) == image.byte_size
    assert image.displays_made == len(DISPLAY_WIDTHS)
    for width in DISPLAY_WIDTHS:
        with default_storage.open(display_name(image.display_id, width)) as file:
            assert decoded(file.read()).size == (24, 16)


def test_k_images_become_all_their_pairs(campaign, folder):
    line = set_line(*range(6), external_id="p-1", category="cubes", metadata={"x": 1})

    import_ = imported(campaign, lines_file(folder, line))

    assert counts(import_) == ("done", 1, 1, 0, 15, 0)
    prompt = Prompt.objects.get()
    assert (prompt.external_id, prompt.category, prompt.metadata) == ("p-1", "cubes", {"x": 1})
    assert set(Pair.objects.values_list("external_id", flat=True)) == {None}
    assert sorted(Image.objects.values_list("seed", "generator__name")) == [(n, f"g{n}") for n in range(6)]
    seen = Counter(n for pair in Pair.objects.all() for n in (pair.image_a_id, pair.image_b_id))
    assert set(seen.values()) == {5}


def test_k_images_become_a_ring_that_is_the_same_at_the_next_import(folder):
    campaign = CampaignFactory(pairing_rule="ring")
    path = lines_file(folder, set_line(*range(6)))
    assert counts(imported(campaign, path)) == ("done", 1, 1, 0, 6, 0)
    assert counts(imported(campaign, path)) == ("done", 1, 1, 0, 0, 6)
    turned = lines_file(folder, set_line(*reversed(range(6))))
    assert imported(campaign, turned).pairs_known > 0


def test_all_four_formats_bring_in_the_same(folder):
    lines = [pair_line(n, n + 1, f"prompt {n}, “quoted”", generator_a="x", external_id=f"id {n}") for n in range(3)]
    jsonl = lines_file(folder, *lines)
    with (folder / "pairs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    rows = [
        line | {key: {"bytes": (folder / line[key]).read_bytes(), "path": line[key]} for key in ("image_a", "image_b")}
        for line in lines
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "pairs.parquet")
    with zipfile.ZipFile(folder / "pairs.zip", "w") as archive:
        archive.write(jsonl, "set/pairs.jsonl")
        for n in range(4):
            archive.write(folder / f"{n}.png", f"set/{n}.png")

    found = []
    for name, has_folder in {"pairs.jsonl": True, "pairs.csv": True, "pairs.parquet": False, "pairs.zip": False}.items():
        campaign, path = CampaignFactory(), folder / name
        assert counts(imported(campaign, path, has_folder=has_folder)) == ("done", 3, 3, 0, 3, 0)
        found.append(
            {
                (pair.external_id, pair.prompt.text, frozenset((pair.image_a.sha256, pair.image_b.sha256)))
                for pair in Pair.objects.filter(campaign__slug=campaign.slug).select_related("prompt", "image_a", "image_b")
            }
        )
    assert found[0] == found[1] == found[2] == found[3]


def test_bytes_in_a_line_need_no_folder(campaign):
    images = [{"bytes": b64encode(picture_file(n)).decode(), "path": None} for n in range(2)]
    upload = default_storage.save("uploads/some-upload", ContentFile(json.dumps({"prompt": "p", "images": images}).encode()))
    import_ = create_import(campaign=campaign, file_name="x.jsonl", by=None, stored_name=upload)
    assert len(read_upload(import_id=import_.pk)) == 1
    assert counts(ingested(import_)) == ("done", 1, 1, 0, 1, 0)


def test_a_column_map_renames(campaign, folder):
    path = lines_file(folder, {"text": "p", "image_quality_dev": "0.png", "image_quality_sd": "1.png"})
    columns = {"prompt": "text", "image_a": "image_quality_dev", "image_b": "image_quality_sd"}
    assert imported(campaign, path, column_map=columns).pairs_added == 1


# --- again


@pytest.mark.parametrize(
    "line", [pair_line(generator_a="x", external_id="1", gold_choice="b"), set_line(0, 1, 2, external_id="1")]
)
def test_the_same_file_again_adds_nothing(campaign, folder, line):
    path = lines_file(folder, line)
    first = imported(campaign, path)
    before = [model.objects.count() for model in (Prompt, Generator, Image, Pair)]

    again = imported(campaign, path)

    assert counts(again) == ("done", 1, 1, 0, 0, first.pairs_added)
    assert [model.objects.count() for model in (Prompt, Generator, Image, Pair)] == before


def test_an_image_that_was_ingested_before_is_not_decoded_again(campaign, folder):
    path = lines_file(folder, pair_line())
    imported(campaign, path)
    import_ = staged(CampaignFactory(), path)
    for name in uploads():
        Path(name).write_bytes(b"what is staged is not looked at")
    assert ingested(import_).pairs_added == 1


def test_an_image_whose_files_are_gone_is_ingested_again(campaign, folder):
    path = lines_file(folder, pair_line())
    imported(campaign, path)
    image = Image.objects.all()[0]
    default_storage.delete(full_name(image.sha256, image.format))
    imported(campaign, path)
    assert default_storage.exists(full_name(image.sha256, image.format))


# --- lines that are refused


def test_a_bad_line_is_reported_and_does_not_stop_the_rest(campaign, folder):
    (folder / "cut.png").write_bytes(picture_file(50)[:-20])
    (folder / "text.png").write_text("no image")
    (folder / "empty.png").touch()
    (folder / "twin.png").write_bytes(picture_file(0))
    path = folder / "pairs.jsonl"
    lines = [
        pair_line(),
        {"prompt": "p"},
        "{",
        pair_line() | {"image_a": "nothing.png"},
        pair_line() | {"image_a": "../in/0.png", "image_b": "../../elsewhere.png"},
        pair_line() | {"image_a": "cut.png"},
        pair_line() | {"image_b": "text.png"},
        pair_line() | {"image_b": "empty.png"},
        pair_line() | {"image_b": "twin.png"},
        {"prompt": "q", "images": ["0.png", "1.png", "twin.png"]},
        pair_line(gold_choice="left"),
        pair_line(2, 3),
    ]
    path.write_text("\n\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))

    import_ = imported(campaign, path)

    assert counts(import_) == ("done", 12, 12, 10, 2, 0)
    found = errors_of(import_)
    assert [number for number, _, _ in found] == list(range(3, 23, 2))
    expected = [
        ("image_a", "missing"),
        ("", "Invalid JSON"),
        ("image_a", "no file “nothing.png”"),
        ("image_b", "outside the folder"),
        ("image_a", "damaged or incomplete"),
        ("image_b", "not an image in a supported format"),
        ("image_b", "empty"),
        ("image_b", "same image as image_a"),
        ("images[2].image", "same image as images[0]"),
        ("gold_choice", "not a choice"),
    ]
    for (_, field, message), (expected_field, words) in zip(found, expected, strict=True):
        assert field == expected_field
        assert words in message


def test_a_file_of_bad_lines_alone_is_done_at_once(campaign, folder):
    import_ = staged(campaign, lines_file(folder, {"prompt": ""}, {"prompt": 5}))
    assert counts(import_) == ("done", 2, 2, 2, 0, 0)
    assert import_.finished_at is not None


# --- batches


def test_a_batch_is_worked_once(campaign, folder):
    import_ = staged(campaign, lines_file(folder, pair_line(), {"prompt": ""}))
    [batch_id] = pending_batches(import_id=import_.pk)
    for _ in range(3):
        ingest_batch(batch_id=batch_id)
    import_.refresh_from_db()
    assert counts(import_) == ("done", 2, 2, 1, 1, 0)
    batch = ImportBatch.objects.get()
    assert (batch.lines, batch.done_at is not None) == ([], True)
    ingest_batch(batch_id=0)


def test_the_last_batch_finishes_the_import_and_removes_what_was_staged(campaign, folder, monkeypatch):
    monkeypatch.setattr(stage_upload, "LINES_PER_BATCH", 1)
    other = staged(campaign, lines_file(folder, pair_line()))
    import_ = staged(campaign, lines_file(folder, pair_line(), pair_line(2, 3)))
    first, last = pending_batches(import_id=import_.pk)
    ingest_batch(batch_id=last)
    import_.refresh_from_db()
    assert counts(import_) == ("running", 2, 1, 0, 1, 0)
    ingest_batch(batch_id=first)
    import_.refresh_from_db()
    assert counts(import_) == ("done", 2, 2, 0, 2, 0)
    assert len(uploads()) == 2  # of the other import, which still needs them
    assert counts(ingested(other)) == ("done", 1, 1, 0, 0, 1)
    assert uploads() == []


def test_a_worker_that_was_killed_before_it_tidied_up_is_made_good_for_by_the_next(campaign, folder):
    import_ = imported(campaign, lines_file(folder, pair_line()))
    put_file(stage_upload.staged_name(import_.pk, "ab" * 32), b"left over")
    ingest_batch(batch_id=ImportBatch.objects.get().pk)
    assert uploads() == []


def test_originals_that_are_gone_fail_their_line(campaign, folder):
    import_ = staged(campaign, lines_file(folder, pair_line()))
    for name in uploads():
        Path(name).unlink()
    assert counts(ingested(import_)) == ("done", 1, 1, 1, 0, 0)
    assert "no longer in storage" in errors_of(import_)[0][2]


def test_a_batch_of_an_import_that_failed_is_left_alone(campaign):
    import_ = Import.objects.create(campaign=campaign, file_name="x.jsonl", state="failed")
    batch = ImportBatch.objects.create(batch_of=import_, number=1, lines=[{"number": 1, "line": {}}])
    ingest_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert batch.done_at is None


def test_a_url_that_is_refused_fails_its_line_alone(campaign, folder):
    line = pair_line(2, 3) | {"image_a": "https://127.0.0.1:1/x.png"}
    import_ = imported(campaign, lines_file(folder, pair_line(), line))
    assert counts(import_) == ("done", 2, 2, 1, 1, 0)
    assert errors_of(import_) == [(2, "image_a", "The URL leads to an address that is not public.")]


def test_images_behind_urls_are_fetched_by_the_batch(campaign, folder, monkeypatch):
    """The fetching itself is tested with a real server; here only where its bytes go."""
    served = {f"https://images.test/{n}.png": picture_file(n) for n in range(3)}
    served["https://images.test/twin.png"] = picture_file(0)
    monkeypatch.setattr(importlib.import_module("annotator.importing.ingest_batch"), "fetch_image", served.__getitem__)
    urls = list(served)
    lines = [pair_line() | {"image_a": a, "image_b": b} for a, b in ((urls[0], urls[1]), (urls[0], urls[3]), (urls[3], urls[2]))]

    import_ = imported(campaign, lines_file(folder, *lines, pair_line()))

    assert counts(import_) == ("done", 4, 4, 1, 2, 1)
    assert errors_of(import_) == [(2, "image_b", "This is the same image as image_a: the files have the same content.")]
    assert uploads() == []


def test_queries_do_not_grow_with_the_lines(campaign, folder, django_assert_max_num_queries):
    imported(campaign, lines_file(folder, pair_line(gold_choice="a")))
    lines = [pair_line(n % 8, (n + 1) % 8, f"prompt {n}", generator_a=f"g{n}", external_id=str(n)) for n in range(25)]
    import_ = staged(campaign, lines_file(folder, *lines))
    [batch_id] = pending_batches(import_id=import_.pk)
    with django_assert_max_num_queries(30 + 6):  # one for each image that is decoded
        ingest_batch(batch_id=batch_id)
    assert Pair.objects.count() == 26


@pytest.mark.django_db(transaction=True)
def test_batches_with_the_same_things_can_be_worked_at_the_same_time(campaign, folder, monkeypatch):
    monkeypatch.setattr(stage_upload, "LINES_PER_BATCH", 3)
    lines = [pair_line(n % 8, (n + 3) % 8, f"prompt {n % 4}", generator_a="g") for n in range(12)]
    imports = [staged(campaign, lines_file(folder, *order)) for order in (lines, lines[::-1])]
    batch_ids = [batch_id for import_ in imports for batch_id in pending_batches(import_id=import_.pk)]

    raised = at_once(*[lambda batch_id=batch_id: ingest_batch(batch_id=batch_id) for batch_id in batch_ids * 2])

    assert raised == [None] * 16
    for import_ in imports:
        import_.refresh_from_db()
        assert counts(import_)[:4] == ("done", 12, 12, 0)
    assert sum(import_.pairs_added for import_ in imports) == Pair.objects.count()
    assert sum(import_.pairs_added + import_.pairs_known for import_ in imports) == 24
    assert (Prompt.objects.count(), Generator.objects.count()) == (4, 1)
    assert uploads() == []


# --- images that look alike


def scene(seed: int, size: int = 96) -> PillowImage.Image:
    """Soft shapes, unlike those of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return PillowImage.fromarray(coarse).resize((size, size), PillowImage.Resampling.BICUBIC)


def test_pairs_whose_images_look_nearly_the_same_are_found_at_import(campaign, tmp_path):
    for name, image, options in (
        ("0.png", scene(1), {}),
        ("1.png", scene(1, size=160), {}),
        ("2.jpg", scene(1), {"format": "JPEG", "quality": 60}),
        ("3.png", scene(2), {}),
    ):
        image.save(tmp_path / name, **options)
    lines = [{"prompt": f"to {other}", "image_a": "0.png", "image_b": other} for other in ("1.png", "2.jpg", "3.png")]

    imported(campaign, lines_file(tmp_path, *lines))

    distance = dict(Pair.objects.values_list("prompt__text", "image_distance"))
    assert distance["to 1.png"] <= NEAR_IDENTICAL_DISTANCE
    assert distance["to 2.jpg"] <= NEAR_IDENTICAL_DISTANCE
    assert distance["to 3.png"] > 3 * NEAR_IDENTICAL_DISTANCE
    alike = campaign.pairs.filter(image_distance__lte=NEAR_IDENTICAL_DISTANCE)
    assert set(alike) == set(Pair.objects.exclude(prompt__text="to 3.png"))


def test_an_image_that_was_imported_before_there_were_hashes_is_compared_with_nothing(campaign, folder):
    imported(campaign, lines_file(folder, pair_line(0, 1)))
    Image.objects.update(phash=None)
    imported(campaign, lines_file(folder, pair_line(0, 1, prompt="Another"), name="more.jsonl"))
    assert Pair.objects.get(prompt__text="Another").image_distance is None


def test_an_image_that_is_known_keeps_its_hash(campaign, folder):
    imported(campaign, lines_file(folder, pair_line(0, 1)))
    imported(campaign, lines_file(folder, pair_line(0, 1, prompt="Another"), name="more.jsonl"))
    assert Image.objects.filter(phash=None).count() == 0
    assert len(set(Pair.objects.values_list("image_distance", flat=True))) == 1
