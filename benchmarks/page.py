"""The annotation page in a real Chromium over a slow network: how long a person waits for the next pair.

Pairs of one-megapixel images that are made here, from the real web server, through 200 ms of delay and 10 Mbit/s. One
annotator judges them at a person's pace, another as fast as the page lets them, a third on a phone; every vote is then looked for
in Postgres. Of eight screens it says what share the images get. Last, somebody on a phone has no network for five minutes.

    make bench-page                         100 pairs
    make bench-page ARGS="--tunnel 30"      half a minute without a network
    make bench-page ARGS="--pairs 30"       fewer; with --json page.json also into a file
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.support import screens
from benchmarks.support.pictures import drawn_file
from benchmarks.support.results import Row, provenance, rounded, write_rows
from benchmarks.support.start import prepare

HOST = "http://127.0.0.1"
DELAY_MS = 200
MEGABITS = 10
PACE = (0.7, 1.5)  # seconds that a person looks at a pair, least and most
TARGET_MS = 30
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PROBE = Path(__file__).parent / "support" / "annotating.js"


@dataclass(frozen=True)
class Measured:
    """One annotator's session. Times in milliseconds; a key whose next pair was not there yet is `late`."""

    first_votable: float
    painted: list[float]
    events: list[float]
    late: int
    seconds: float
    bytes: int
    shift: float
    pressed: dict[int, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--tunnel", type=int, default=300, help="seconds without a network")
    parser.add_argument("--json", type=Path, help="a file for the rows")
    arguments = parser.parse_args()
    count = arguments.pairs
    prepare()
    from annotator.scoring.progress import roll_up  # noqa: PLC0415
    from benchmarks.support.campaigns import make_annotators  # noqa: PLC0415 - the settings are named in `prepare`
    from benchmarks.support.site import granian, running  # noqa: PLC0415

    campaign = load_pictures(count)
    roll_up(campaign=campaign)
    users = make_annotators(campaign, 4, name=f"page-{count}")
    with running(granian(workers=2, threads=4, pool=True)) as port:
        print(f"{count} pairs of 1 MP, {DELAY_MS} ms and {MEGABITS} Mbit/s, {os.cpu_count()} cores\n")
        shares = shares_of_screens(port, campaign.slug, users[0].username)
        sessions = {
            "at a person's pace": annotate(port, campaign.slug, users[0].username, count, PACE),
            "as fast as it goes": annotate(port, campaign.slug, users[1].username, count, (0, 0)),
            "on a phone": annotate(port, campaign.slug, users[2].username, count, PACE, screens.PHONE),
        }
        tunnel = judge_in_a_tunnel(port, campaign.slug, users[3].username, arguments.tunnel)
    rows = []
    for (name, measured), user in zip(sessions.items(), users[:3], strict=True):
        assert_as_pressed(user, measured.pressed)
        report(name, measured)
        rows.append({"pace": name} | row_of(measured) | {"bytes_per_image": stored_bytes(campaign)} | provenance())
    report_shares(shares)
    assert_as_pressed(users[3], tunnel.pressed)
    print(
        f"in a tunnel of {arguments.tunnel} s\n"
        f"  {tunnel.held} pairs held when the network went, {tunnel.judged} judged until it was back, all recorded as pressed\n"
        f"  sent {tunnel.sent_after:.1f} s after it was back"
    )
    rows.append({"pace": "in a tunnel", "seconds": arguments.tunnel, "held": tunnel.held, "judged": tunnel.judged} | provenance())
    write_rows(arguments.json, rows)


def stored_bytes(campaign: Any) -> float:
    """Of the files of an image, on average."""
    from django.core.files.storage import default_storage  # noqa: PLC0415

    from annotator.importing.images import image_folder  # noqa: PLC0415
    from annotator.lib.storage import stored_files  # noqa: PLC0415
    from annotator.models import Image  # noqa: PLC0415

    images = Image.objects.filter(prompt__campaign=campaign).values_list("sha256", flat=True)
    sizes = [default_storage.size(name) for sha256 in images for name in stored_files(image_folder(sha256))]
    return rounded(sum(sizes) / len(images))


def load_pictures(count: int) -> Any:
    """An open campaign of `count` pairs with stored images, made once for a data folder."""
    from annotator.campaigns.lifecycle import create_campaign  # noqa: PLC0415
    from annotator.choices import CampaignState  # noqa: PLC0415
    from annotator.models import Campaign  # noqa: PLC0415

    slug = f"bench-page-{count}"
    campaign = Campaign.objects.filter(slug=slug).first()
    if campaign is None:
        campaign = create_campaign(slug=slug, name=f"{count} pairs to look at", by=None, rules={"votes_wanted": 100})
        with ProcessPoolExecutor() as pool:
            files = pool.map(drawn_file, ["JPEG"] * (2 * count), range(2 * count), chunksize=4)
            for number, (one, other) in enumerate(zip(files, files, strict=True)):
                add_pair(campaign, number, one, other)
        Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.OPEN)
    return campaign


def add_pair(campaign: Any, number: int, *files: bytes) -> None:
    import hashlib  # noqa: PLC0415

    from annotator.importing.images import ingest_image, store_image  # noqa: PLC0415
    from annotator.models import Image, Pair, Prompt  # noqa: PLC0415

    text = f"Soft shapes in fine grain, as seen by nobody for the {number + 1}th time"
    prompt = Prompt.objects.create(campaign=campaign, text=text, text_sha256=hashlib.sha256(text.encode()).hexdigest())
    images = []
    for data in files:
        clean = ingest_image(data)
        store_image(clean)
        images.append(
            Image.objects.create(
                prompt=prompt,
                sha256=clean.sha256,
                format=clean.format,
                width=clean.width,
                height=clean.height,
                byte_size=len(clean.data),
            )
        )
    ring = random.randrange(2**31 - 1)
    Pair.objects.create(campaign=campaign, prompt=prompt, image_a=images[0], image_b=images[1], votes_wanted=100, ring=ring)


@contextmanager
def logged_in(port: int, username: str, screen: screens.Screen) -> Iterator[Any]:
    """A window of a Chromium of its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from benchmarks.support.passwords import PASSWORD  # noqa: PLC0415

    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        raise SystemExit("Chromium is missing. Get it with `apt-get install chromium`, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_context(base_url=f"{HOST}:{port}", **screen.options).new_page()
        page.goto("/login/")
        page.get_by_label("Username or email").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/")
        yield page
        browser.close()


def shares_of_screens(port: int, slug: str, username: str) -> dict[screens.Screen, float]:
    """What the images of the first pair get of each screen."""
    with logged_in(port, username, screens.DESKTOP) as page:
        page.goto(f"/c/{slug}/")
        page.locator("article.card.current[data-state=open]").wait_for(timeout=60_000)
        return screens.shares(page)


def annotate(
    port: int, slug: str, username: str, count: int, pace: tuple[float, float], screen: screens.Screen = screens.DESKTOP
) -> Measured:
    """Log in, then judge `count` pairs with the keys, over the slow network from the first byte of the page on."""
    with logged_in(port, username, screen) as page:
        received: list[int] = []
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.clearBrowserCache")
        rate = MEGABITS * 1_000_000 / 8
        conditions = {"offline": False, "latency": DELAY_MS, "downloadThroughput": rate, "uploadThroughput": rate}
        network.send("Network.emulateNetworkConditions", conditions)
        network.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
        page.add_init_script(path=PROBE)
        pressed: dict[int, str] = {}
        page.goto(f"/c/{slug}/", wait_until="commit")
        last = ""
        start = time.perf_counter()
        for number in range(count):
            card = page.locator(f"article.card.current[data-state=open]:not([data-assignment='{last}'])")
            card.wait_for(timeout=60_000)
            page.locator("button.choice:not([aria-disabled])").first.wait_for(state="attached")  # shown for long enough
            last = str(card.get_attribute("data-assignment"))
            if number == 0:
                start = time.perf_counter()
            if pace[1]:
                time.sleep(random.uniform(*pace))
            key = random.choice("1234")
            pressed[int(last)] = key
            page.keyboard.press(key)
        page.locator("#deck[data-unsent='0']").wait_for(timeout=60_000)
        seconds = time.perf_counter() - start
        page.wait_for_timeout(500)  # the observers are told a moment later
        seen = json.loads(page.evaluate("JSON.stringify(window.measured)"))
    due = [(at, seen["painted"].get(card)) for at, card in seen["keys"] if card]
    return Measured(
        first_votable=seen["firstVotable"],
        painted=sorted(painted - at for at, painted in due if painted),
        events=sorted(seen["events"]),
        late=max(0, count - 1 - len(due)),
        seconds=seconds,
        bytes=sum(received) // count,
        shift=sum(value for value, _ in seen["shifts"]),
        pressed=pressed,
    )


@dataclass(frozen=True)
class Tunnel:
    """A time without a network: the pairs that the page held, how many were judged, and how soon all were sent."""

    held: int
    judged: int
    sent_after: float
    pressed: dict[int, str]


def judge_in_a_tunnel(port: int, slug: str, username: str, seconds: int) -> Tunnel:
    """On a phone, at a pace that leaves a pair of those that were held."""
    with logged_in(port, username, screens.PHONE) as page:
        page.goto(f"/c/{slug}/")
        page.locator(".card.current[data-state=open]").wait_for()
        page.wait_for_function("() => document.querySelectorAll('.card:not(.gone)').length > 10")
        page.wait_for_function("() => [...document.querySelectorAll('.card img')].every((image) => image.complete)")
        held = page.locator(".card:not(.gone)").count()
        page.context.set_offline(True)
        end, pressed, last = time.perf_counter() + seconds, {}, ""
        while time.perf_counter() < end and len(pressed) < held - 1:
            card = page.locator(f"article.card.current[data-state=open]:not([data-assignment='{last}'])")
            card.wait_for(timeout=10_000)
            last = str(card.get_attribute("data-assignment"))
            time.sleep(seconds / held * random.uniform(0.8, 1.2))
            key = random.choice("1234")
            pressed[int(last)] = key
            page.keyboard.press(key)
        time.sleep(max(0.0, end - time.perf_counter()))
        page.context.set_offline(False)
        start = time.perf_counter()
        page.locator("#deck[data-unsent='0']").wait_for(timeout=60_000)
        return Tunnel(held, len(pressed), time.perf_counter() - start, pressed)


def assert_as_pressed(user: Any, pressed: dict[int, str]) -> None:
    """What Postgres holds is what was pressed."""
    from annotator.lib.public_ids import ASSIGNMENTS  # noqa: PLC0415
    from annotator.models import Vote  # noqa: PLC0415

    votes = Vote.objects.live().filter(assignment__member__user=user)
    stored = {
        ASSIGNMENTS.show(seat): (choice, a_on_left)
        for seat, choice, a_on_left in votes.values_list("assignment", "choice", "assignment__a_on_left")
    }
    for seat, key in pressed.items():
        choice, a_on_left = stored[seat]
        meant = {"1": "a" if a_on_left else "b", "2": "b" if a_on_left else "a", "3": "both_good", "4": "both_bad"}[key]
        assert choice == meant, f"{seat}: pressed {key}, stored {choice}"
    assert len(stored) == len(pressed)


def rank(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def row_of(measured: Measured) -> Row:
    return {
        "painted_p50_ms": rounded(rank(measured.painted, 0.50)),
        "painted_p95_ms": rounded(rank(measured.painted, 0.95)),
        "painted_p99_ms": rounded(rank(measured.painted, 0.99)),
        "first_votable_ms": rounded(measured.first_votable),
        "bytes_per_pair": measured.bytes,
        "pairs_per_s": rounded(len(measured.pressed) / measured.seconds),
        "layout_shift": rounded(measured.shift),
        "late": measured.late,
    }


def report(name: str, measured: Measured) -> None:
    p50, p95, p99 = (rank(measured.painted, share) for share in (0.50, 0.95, 0.99))
    judged = len(measured.pressed)
    bound = MEGABITS * 1_000_000 / 8 / measured.bytes
    print(name)
    print(
        f"  key press to next pair painted   p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms ({len(measured.painted)} pairs)"
    )
    if measured.events:
        slowest = measured.events[-1]
        print(f"  by event timing                  {len(measured.events)} keys took 16 ms or more, the slowest {slowest:.0f} ms")
    print(f"  next pair not there yet          {measured.late} of {judged} times")
    print(f"  first load to first votable pair {measured.first_votable:.0f} ms")
    print(f"  bytes a pair                     {measured.bytes / 1000:.0f} kB, so the network brings {bound:.1f} pairs a second")
    print(f"  judged                           {judged / measured.seconds:.2f} pairs a second")
    print(f"  layout shift                     {measured.shift:.4f} in all, also just after a key, which CLS leaves out")
    print(f"  within {TARGET_MS} ms at the 95th percentile: {'yes' if p95 <= TARGET_MS else 'NO'}\n")


def report_shares(shares: dict[screens.Screen, float]) -> None:
    print("both images, of the window")
    for screen, share in shares.items():
        enough = "yes" if share >= screen.least_share else "NO"
        print(f"  {screen!s:>12}  {share:.1%}, at least {screen.least_share:.0%}: {enough}")


if __name__ == "__main__":
    main()
