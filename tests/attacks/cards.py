"""Hostile names and texts, from their import to the card, the files and the tables of a real release."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from django.urls import reverse

from annotator.accounts.api_tokens import create_token
from annotator.campaigns.guidelines import publish_guideline
from annotator.choices import Role, Scope
from annotator.models import Campaign, User
from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor
from tests.cards import html_of
from tests.factories import CampaignFactory, MemberFactory
from tests.judges import judge_all
from tests.pictures import picture_file

SECONDS = 120.0
SCRIPT = "<script>alert(1)</script>"
LINK = "[x](javascript:alert(1))"
FORMULA = '=HYPERLINK("https://evil.test","x")'
FORMULAS = [FORMULA, "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"]
# What runs or loads something where a page shows it uncleaned.
RUNS = re.compile(
    r"<\s*(script|iframe|object|embed)\b|<[^<>]*\bon[a-z]+\s*=|(href|src)\s*=\s*[\"']?\s*(javascript|data|vbscript):",
    re.IGNORECASE,
)
OWN_SCRIPTS = re.compile(r'<script (?:defer |type="module" )?src="/static/[^"<>]+"[^<>]*></script>')
WINDOWS = re.compile(r'[<>:"\\|?*\x00-\x1f]|(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)|[. ](/|$)', re.IGNORECASE)


def run(target: Target) -> Iterator[Finding]:
    campaign, key, manager = make_campaign()
    with Visitor(target, token=key) as program:
        release = built(program, campaign)
        paths = [file["path"] for file in release.get("files", [])]
        card = program.get(f"/api/v1/campaigns/{campaign.slug}/releases/{release['number']}/files/README.md").text
    yield card_is_harmless(release, card)
    unsafe = [path for path in paths if WINDOWS.search(path)]
    yield Finding(
        "cards: names of files", bool(paths) and not unsafe, f"{len(paths)} files, unsafe on Windows: {unsafe or 'none'}"
    )
    with Visitor(target) as browser:
        browser.log_in(manager.username)
        yield pages_are_harmless(browser, campaign)
    yield tables_are_harmless()


def make_campaign() -> tuple[Campaign, str, User]:
    """Of hostile texts wherever its managers give one."""
    text = f"{SCRIPT} {LINK} {FORMULA}"
    campaign = CampaignFactory(slug="hostile", name=text[:100], description=text, votes_wanted=2)
    campaign.questions.update(text=text[:200])
    manager = User.objects.create_user("cards-manager", password=PASSWORD)
    MemberFactory(campaign=campaign, user=manager, role=Role.MANAGER)
    guideline = f"# {SCRIPT}\n\n{LINK}\n\n<img src=x onerror=alert(1)>\n\n<javascript:alert(1)>"
    publish_guideline(campaign=campaign, text=guideline, by=manager)
    return campaign, create_token(user=manager, scopes=[Scope.EXPORT, Scope.IMPORT, Scope.MANAGE])[1], manager


def hostile_zip() -> bytes:
    """Pairs whose names and texts are code, in files whose names are none of Windows."""
    lines, images = [], {}
    for number, formula in enumerate(FORMULAS):
        names = [f"con{number}.png", f"={number}.png"]
        images |= {name: picture_file(2 * number + slot) for slot, name in enumerate(names)}
        lines.append(
            {
                "prompt": f"{formula} {SCRIPT} {LINK} {number}",
                "image_a": names[0],
                "image_b": names[1],
                "generator_a": f"{FORMULA}{SCRIPT}",
                "generator_b": f"{LINK}{SCRIPT}|",
                "category": f"{formula}{SCRIPT}{LINK}",
                "external_id": f"{formula}{number}",
            }
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pairs.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        for name, image in images.items():
            archive.writestr(name, image)
    return buffer.getvalue()


def built(program: Visitor, campaign: Campaign) -> dict[str, Any]:
    """The release of an import and its votes, as far as it came."""
    address = f"/api/v1/campaigns/{campaign.slug}/"
    sent = program.post(f"{address}imports/", files={"file": ("=1.zip", hostile_zip())})
    assert sent.status_code == 202, sent.text
    imported = wait_for(program, sent, {"done", "failed"})
    assert imported["pairs_added"] == len(FORMULAS), imported
    for member in MemberFactory.create_batch(2, campaign=campaign):
        judge_all(member)
    made = program.post(f"{address}releases/")
    assert made.status_code == 202, made.text
    return wait_for(program, made, {"ready", "failed"})


def wait_for(program: Visitor, sent: httpx.Response, states: set[str]) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = program.get(httpx.URL(sent.headers["Location"]).path).json()
        if found["state"] in states or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def card_is_harmless(release: dict[str, Any], card: str) -> Finding:
    ran = {match[0] for match in RUNS.finditer(html_of(without_charts(card)))}
    is_whole = release["state"] == "ready" and "alert(1)" in card  # the texts are there, and are texts
    return Finding(
        "cards: script and javascript: links on a card", is_whole and not ran, f"{release['state']}; runs: {ran or 'none'}"
    )


def without_charts(card: str) -> str:
    """Charts are pictures of our own beside the card."""
    return card.partition("---\n")[2].partition("---\n")[2] or card


def pages_are_harmless(browser: Visitor, campaign: Campaign) -> Finding:
    ran, count = set(), 0
    names = ("campaign_page", "pairs", "statistics", "releases", "imports", "members", "edit_guideline", "questions")
    for path in (*(reverse(name, args=[campaign.slug]) for name in names), reverse("guideline", args=[campaign.slug]), "/"):
        page = browser.get(path)
        count += page.status_code == 200 and "alert(1)" in page.text
        ran |= {match[0] for match in RUNS.finditer(OWN_SCRIPTS.sub("", page.text))}
    return Finding(f"cards: script and javascript: links on {count} pages", count >= 6 and not ran, f"runs: {ran or 'none'}")


def tables_are_harmless() -> Finding:
    """The command is all of Diptych that writes CSV."""
    with tempfile.TemporaryDirectory() as folder:
        votes = Path(folder) / "votes.csv"
        with votes.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["task", "worker", "label"])
            for formula in FORMULAS:
                rows.writerows([formula, f"worker {number}", formula] for number in range(3))
        command = [sys.executable, "-m", "annotator.consensus", "majority", str(votes)]
        table = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    run = [cell for cell in cells if re.match(r"[=+\-@\t\r](?!\d*\.?\d+$)", cell)]
    is_whole = sum("SUM(A1)" in cell for cell in cells) >= 2
    return Finding("cards: formulas in a table", is_whole and not run, f"{len(cells)} cells, formulas: {run or 'none'}")
