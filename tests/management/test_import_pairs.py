from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from annotator.models import Campaign, Import, Pair
from tests.celery_worker import database_url
from tests.factories import CampaignFactory
from tests.pictures import write_pictures
from tests.settings import with_database_number

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path) -> Path:
    write_pictures(tmp_path / "in", 8)
    return tmp_path / "in"


def lines_file(folder: Path, *lines: dict | str) -> Path:
    path = folder / "pairs.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def pair_line(first: int, second: int, prompt: str, **more) -> dict:
    return {"prompt": prompt, "image_a": f"{first}.png", "image_b": f"{second}.png"} | more


def error_of(*arguments: object) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("import_pairs", *map(str, arguments))
    return caught.value


# --- what cannot be read; no worker is needed to say so


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "The file does not exist"),
        (b"", "The file is empty"),
        (b'{"prompt": "caf\xe9"}', "not UTF-8"),
        (b"\n\n", "has no lines"),
        (b"[\n", "a JSON list"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path, content, words):
    campaign = CampaignFactory()
    path = tmp_path / "pairs.jsonl"
    if content is not None:
        path.write_bytes(content)
    error = error_of(campaign.slug, path)
    assert error.returncode == 2
    assert str(error).startswith(f"{path}: ")
    assert words in str(error)


@pytest.mark.django_db
def test_a_file_whose_head_cannot_be_read_makes_no_campaign(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"no parquet")
    assert "ends in .parquet" in str(error_of("new-one", tmp_path / "x.parquet", "--create"))
    assert not Campaign.objects.exists()


@pytest.mark.django_db
def test_a_campaign_that_is_not_there_is_made_only_when_asked_for(folder):
    path = lines_file(folder, pair_line(0, 1, "p"))
    error = error_of("new-one", path)
    assert "Add --create" in str(error)
    assert error.returncode == 2
    for slug in ("New One", "a\0b", "x" * 200):
        error = error_of(slug, path, "--create")
        assert "slug" in str(error)
        assert "\0" not in str(error)
    assert not Campaign.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (["image_a"], "OURS=THEIRS"),
        (["image_a="], "empty"),
        (["picture=x"], "'picture' is not a Diptych column"),
        (["image_a=x", "image_a=y"], "image_a twice"),
    ],
)
def test_a_map_that_is_none_is_refused(folder, entries, words):
    path = lines_file(folder, pair_line(0, 1, "p"))
    error = error_of("any", path, "--create", *[f"--map={entry}" for entry in entries])
    assert words in str(error)


@pytest.mark.django_db
def test_many_bad_lines_are_shown_in_part_and_counted_all(folder, capsys):
    campaign = CampaignFactory()
    lines = ['{"prompt": "\\u001b[2J\\u0007", "image_a": "\\u001b[31m.png", "image_b": "1.png"}', *["{"] * 24]
    with pytest.raises(SystemExit) as caught:
        call_command("import_pairs", campaign.slug, str(lines_file(folder, *lines)), no_color=True)
    assert caught.value.code == 1
    printed = capsys.readouterr().out
    assert "line 1, image_a: There is no file “�[31m.png”" in printed
    assert "line 20: Invalid JSON" in printed
    assert "line 21" not in printed
    assert "… and 5 more rejected lines." in printed
    assert "pairs.jsonl into campaign" in printed
    assert "25 lines, 25 rejected; 0 pairs added, 0 already imported." in printed
    assert "\x1b" not in printed
    assert "\x07" not in printed


# --- with a worker


@pytest.mark.worker
@pytest.mark.usefixtures("celery_worker_process")
def test_workers_do_the_work_and_the_command_waits_for_them(folder, capsys):
    lines = [{"text": f"prompt {n}", "x": f"{n % 8}.png", "image_b": f"{(n + 1) % 8}.png"} for n in range(60)]
    path = lines_file(folder, *lines, {"text": "p", "x": "nothing.png", "image_b": "1.png"})
    arguments = ["import_pairs", "new-one", str(path), "--create", "--map=prompt=text", "--map=image_a=x"]

    with pytest.raises(SystemExit) as caught:
        call_command(*arguments)

    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert "line 61, image_a: There is no file “nothing.png” in the folder of the import file." in printed.out
    assert "61 lines, 1 rejected; 60 pairs added, 0 already imported." in printed.out
    assert "as a draft" in printed.out
    assert "61 of 61 lines" in printed.err
    campaign = Campaign.objects.get()
    assert (campaign.slug, campaign.state, campaign.created_by) == ("new-one", "draft", None)
    assert campaign.pairs.count() == 60

    path.write_text("".join(path.read_text().splitlines(keepends=True)[:60]))
    call_command(*arguments)
    printed = capsys.readouterr()
    assert "60 lines, 0 rejected; 0 pairs added, 60 already imported." in printed.out
    assert "as a draft" not in printed.out


# --- without one


@pytest.mark.django_db(transaction=True)
def test_without_a_worker_the_command_works_on_all_cores_itself(folder, storage_folder):
    path = lines_file(folder, *[pair_line(n % 8, (n + 1) % 8, f"prompt {n}") for n in range(60)], "{")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "annotator.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": with_database_number(settings.CACHES["default"]["LOCATION"], 0),  # where no worker listens
        "SECRET_KEY": settings.SECRET_KEY,
        "STORAGE_URL": str(storage_folder),
    }
    ran = subprocess.run(
        [sys.executable, "manage.py", "import_pairs", "new-one", str(path), "--create"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    assert "61 lines, 1 rejected; 60 pairs added, 0 already imported." in ran.stdout
    assert "line 61: Invalid JSON" in ran.stdout
    assert "Traceback" not in ran.stderr
    assert Pair.objects.count() == 60
    assert Import.objects.get().state == "done"
    assert len(list((storage_folder / "images").glob("*/*/full.png"))) == 8
    assert not list((storage_folder / "uploads").rglob("*.*"))
