"""Checked lines become rows: what is new, what is known already, and what contradicts it."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction

from annotator.importing.create_rows import Added, ReadyLine, StoredImage, add_lines, is_swapped, oriented, text_hash
from annotator.models import Campaign, Generator, Image, Import, Pair, Prompt
from annotator.models.pair_seats import RING_SIZE
from tests.factories import CampaignFactory, PromptFactory
from tests.importing.imported import at_once, counts, errors_of, imported, ingested, lines_file, pair_line, set_line, staged
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(votes_wanted=4, pairing_rule="all_pairs")


def ready(number: int, *images: int, prompt: str = "A red cube", is_pair: bool = True, **changes: Any) -> ReadyLine:
    """A line with these images; image `n` has the sha256 of n and the perceptual hash n."""
    line = {
        "prompt": prompt,
        "category": "",
        "language": "",
        "external_id": None,
        "metadata": {},
        "is_pair": is_pair,
        "gold_choice": None,
        "gold_note": "",
        "images": [{"field": f"image {n}", "generator": f"g{n}", "seed": n, "parameters": {"steps": n}} for n in images],
    }
    stored = [StoredImage(f"{n:064x}", "PNG", 64, 48, 1000 + n, phash=n) for n in images]
    return ReadyLine(number, line | changes, stored)


def add(campaign: Campaign, *lines: ReadyLine) -> Added:
    return add_lines(campaign=campaign, lines=lines)


def test_a_pair_has_all_that_its_line_says(campaign):
    added = add(campaign, ready(1, 1, 2, category="shapes", language="en", external_id="p-1", metadata={"round": 3}))

    assert (added.pairs_added, added.pairs_known, added.errors) == (1, 0, {})
    pair = Pair.objects.get()
    assert (pair.external_id, pair.metadata, pair.votes_wanted, pair.image_distance) == ("p-1", {"round": 3}, 4, 2)
    assert 0 <= pair.ring < RING_SIZE
    assert (pair.prompt.text, pair.prompt.category, pair.prompt.language) == ("A red cube", "shapes", "en")
    assert pair.prompt.text_sha256 == text_hash("A red cube")
    assert {(image.generator.name, image.seed, image.parameters["steps"], image.byte_size) for image in pair.images} == {
        ("g1", 1, 1, 1001),
        ("g2", 2, 2, 1002),
    }


def audit_share(campaign: Campaign) -> tuple[int, int]:
    """How many pairs are of the audit share, and how many there are."""
    return campaign.pairs.filter(is_audit=True).count(), campaign.pairs.count()


def test_the_audit_share_is_drawn_as_often_as_the_campaign_says(campaign):
    for rate, low, high in ((0.0, 0, 0), (1.0, 45, 45), (0.3, 2, 27)):  # 0.3 of 45: outside once in a million times
        prompt = f"A prompt at {rate}"
        Campaign.objects.filter(pk=campaign.pk).update(audit_rate=rate)
        campaign.refresh_from_db()
        before, _ = audit_share(campaign)
        add(campaign, ready(1, *range(10), is_pair=False, prompt=prompt))
        assert low <= audit_share(campaign)[0] - before <= high


def test_a_changed_audit_rate_leaves_known_pairs_as_they_are(campaign):
    lines = [ready(1, 1, 2), ready(2, 3, 4)]
    Campaign.objects.filter(pk=campaign.pk).update(audit_rate=0.0)
    campaign.refresh_from_db()
    add(campaign, *lines)
    Campaign.objects.filter(pk=campaign.pk).update(audit_rate=1.0)
    campaign.refresh_from_db()

    add(campaign, *lines, ready(3, 5, 6))

    assert audit_share(campaign) == (1, 3)


def test_a_gold_pair_which_gets_no_votes_is_not_of_the_audit_share(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(audit_rate=1.0)
    campaign.refresh_from_db()
    add(campaign, ready(1, 1, 2, gold_choice="a"), ready(2, 3, 4))
    assert list(campaign.pairs.order_by("pk").values_list("is_audit", flat=True)) == [False, True]


def test_what_is_there_is_found_again_within_and_across_calls(campaign):
    lines = [ready(1, 1, 2), ready(2, 2, 1), ready(3, 1, 2, 3, is_pair=False)]
    first, again = add(campaign, *lines), add(campaign, *lines)

    assert (first.pairs_added, first.pairs_known) == (3, 2)
    assert (again.pairs_added, again.pairs_known) == (0, 5)
    assert [model.objects.count() for model in (Prompt, Generator, Image, Pair)] == [1, 3, 3, 3]


def test_a_refused_line_adds_nothing_and_the_others_come_in(campaign):
    twin = ready(2, 7, 7, prompt="Another prompt")
    taken = ready(4, 5, 6, prompt="A third prompt", external_id="p-1")

    added = add(campaign, ready(1, 1, 2, external_id="p-1"), twin, ready(3, 3, 4), taken)

    assert {number: error.field for number, error in added.errors.items()} == {2: "image 7", 4: "external_id"}
    assert added.pairs_added == Pair.objects.count() == 2
    assert set(Generator.objects.values_list("name", flat=True)) == {"g1", "g2", "g3", "g4"}
    assert set(Prompt.objects.values_list("text", flat=True)) == {"A red cube"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gold_choice": "b"}, "gold_choice"),  # the known answer is another one
        ({"external_id": "p-2"}, "external_id"),  # the pair has another name
    ],
)
def test_a_line_that_contradicts_what_is_known_changes_nothing(campaign, changes, field):
    add(campaign, ready(1, 1, 2, gold_choice="a", external_id="p-1"))
    before = Pair.objects.values().get()

    added = add(campaign, ready(1, 1, 2, **changes))

    assert added.errors[1].field == field
    assert Pair.objects.values().get() == before


def test_another_campaign_shares_nothing(campaign):
    other = CampaignFactory(votes_wanted=2)
    add(campaign, ready(1, 1, 2, external_id="p-1"))

    added = add(other, ready(1, 1, 2, external_id="p-1"))

    assert (added.pairs_added, added.errors) == (1, {})
    assert set(Pair.objects.values_list("campaign", "votes_wanted")) == {(campaign.pk, 4), (other.pk, 2)}


def test_sides_are_shuffled_by_content_and_not_by_order():
    hashes = [f"{n:064x}" for n in range(400)]
    swapped = [is_swapped(1, first, second) for first, second in zip(hashes[::2], hashes[1::2], strict=True)]
    assert 60 < sum(swapped) < 140
    for first, second in zip(hashes[::2], hashes[1::2], strict=True):
        assert is_swapped(1, first, second) != is_swapped(1, second, first)
    assert swapped != [is_swapped(2, first, second) for first, second in zip(hashes[::2], hashes[1::2], strict=True)]


def test_a_choice_follows_its_image():
    table = [("a", "b"), ("b", "a"), ("both_good", "both_good"), ("both_bad", "both_bad"), (None, None)]
    for choice, other in table:
        assert oriented(choice, swapped=False) == choice
        assert oriented(choice, swapped=True) == other


@pytest.mark.parametrize(
    ("first", "second", "field", "words"),
    [
        (pair_line(external_id="x"), pair_line(2, 3, external_id="x"), "external_id", "“x” already belongs to another"),
        (pair_line(external_id="x"), pair_line(prompt="q", external_id="x"), "external_id", "already belongs to another pair"),
        (
            pair_line(external_id="x"),
            pair_line(1, 0, external_id="y"),
            "external_id",
            "already imported with the external_id “x”",
        ),
        (
            set_line(0, 1, external_id="x"),
            set_line(2, 3, prompt="q", external_id="x"),
            "external_id",
            "already belongs to another prompt",
        ),
        (set_line(0, 1, external_id="x"), set_line(2, 3, external_id="y"), "external_id", "with the external_id “x”"),
        (pair_line(gold_choice="a"), pair_line(gold_choice="b"), "gold_choice", "with the gold_choice a"),
        (pair_line(gold_choice="a"), pair_line(1, 0, gold_choice="a"), "gold_choice", "with the gold_choice b"),
        (pair_line(gold_choice="both_bad"), pair_line(gold_choice="b"), "gold_choice", "with the gold_choice both_bad"),
        (pair_line(), pair_line(gold_choice="b"), "gold_choice", "without a gold_choice"),
    ],
)
@pytest.mark.parametrize("in_one_file", [True, False])
def test_a_line_that_contradicts_what_is_known_is_refused(campaign, folder, first, second, field, words, in_one_file):
    if in_one_file:
        import_ = imported(campaign, lines_file(folder, first, second))
    else:
        imported(campaign, lines_file(folder, first))
        import_ = imported(campaign, lines_file(folder, second))
    [(number, found_field, message)] = errors_of(import_)
    assert (number, found_field) == (2 if in_one_file else 1, field)
    assert words in message


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_way_of_adding_puts_in_meanwhile_is_found(campaign, folder):
    import_ = staged(campaign, lines_file(folder, pair_line()))
    raised: list[Exception | None] = []
    with transaction.atomic():
        prompt = PromptFactory(campaign=campaign, text="A red cube")
        ingest_batch = threading.Thread(target=lambda: raised.extend(at_once(lambda: ingested(import_))))
        ingest_batch.start()
        wait_until(somebody_waits_for_a_lock, why="the batch to meet the row that is not committed yet")
    ingest_batch.join(30)
    assert raised == [None]
    assert counts(Import.objects.get()) == ("done", 1, 1, 0, 1, 0)
    assert Pair.objects.get().prompt == prompt


def test_a_pair_is_known_in_either_order_and_from_either_form(campaign, folder):
    imported(campaign, lines_file(folder, pair_line(0, 1, generator_a="g0", generator_b="g1")))
    again = imported(campaign, lines_file(folder, pair_line(1, 0, generator_a="g1", generator_b="g0")))
    assert (again.pairs_added, again.pairs_known) == (0, 1)
    line = {"prompt": "A red cube", "images": [{"image": f"{n}.png", "generator": f"g{n}"} for n in range(3)]}
    as_set = imported(campaign, lines_file(folder, line))
    assert (as_set.pairs_added, as_set.pairs_known) == (2, 1)


def test_twice_in_one_file_is_once(campaign, folder):
    import_ = imported(campaign, lines_file(folder, pair_line(), pair_line(1, 0), pair_line()))
    assert counts(import_) == ("done", 3, 3, 0, 1, 2)


def test_the_same_images_of_another_prompt_or_campaign_are_other_pairs(campaign, folder):
    path = lines_file(folder, pair_line(), pair_line(prompt="A blue ball"))
    assert imported(campaign, path).pairs_added == 2
    assert imported(CampaignFactory(), path).pairs_added == 2
    assert Image.objects.count() == 8
    assert len(list(Path(default_storage.path("images")).glob("*/*"))) == 2


def test_blanks_of_a_known_prompt_are_filled_and_the_rest_is_left(campaign, folder):
    imported(campaign, lines_file(folder, pair_line(language="en")))
    imported(campaign, lines_file(folder, set_line(2, 3, category="cubes", language="de", external_id="p-1")))
    prompt = Prompt.objects.get()
    assert (prompt.category, prompt.language, prompt.external_id) == ("cubes", "en", "p-1")


def test_a_known_pair_takes_an_external_id_it_did_not_have(campaign, folder):
    imported(campaign, lines_file(folder, pair_line()))
    assert imported(campaign, lines_file(folder, pair_line(external_id="x"), pair_line(external_id="x"))).pairs_known == 2
    assert Pair.objects.get().external_id == "x"


@pytest.mark.parametrize("gold", ["a", "b", "both_good", "both_bad"])
def test_the_gold_choice_names_the_same_image_whichever_way_a_line_has_them(campaign, folder, gold):
    lines = [pair_line(n, n + 1, f"prompt {n}", gold_choice=gold) for n in range(7)]
    imported(campaign, lines_file(folder, *lines))
    hash_of = {n: hashlib.sha256((folder / f"{n}.png").read_bytes()).hexdigest() for n in range(8)}
    for n, line in enumerate(lines):
        pair = Pair.objects.get(prompt__text=line["prompt"])
        if gold in ("a", "b"):
            winner = pair.image_a if pair.gold_choice == "a" else pair.image_b
            assert winner.sha256 == hash_of[n if gold == "a" else n + 1]
        else:
            assert pair.gold_choice == gold

    turned = [pair_line(n + 1, n, f"prompt {n}", gold_choice=oriented(gold, swapped=True)) for n in range(7)]
    again = imported(campaign, lines_file(folder, *turned))
    assert counts(again) == ("done", 7, 7, 0, 0, 7)


def test_a_refused_line_leaves_no_rows_behind(campaign, folder):
    imported(campaign, lines_file(folder, pair_line(external_id="taken")))
    before = [model.objects.count() for model in (Prompt, Generator, Image, Pair)]
    line = pair_line(2, 3, "another prompt", external_id="taken", generator_a="another")
    assert imported(campaign, lines_file(folder, line)).lines_failed == 1
    assert [model.objects.count() for model in (Prompt, Generator, Image, Pair)] == before


def test_a_pair_and_a_prompt_may_have_the_same_external_id(campaign, folder):
    import_ = imported(campaign, lines_file(folder, pair_line(external_id="x"), set_line(2, 3, external_id="x")))
    assert import_.lines_failed == 0


def test_a_known_gold_pair_without_gold_in_the_line_is_just_known(campaign, folder):
    imported(campaign, lines_file(folder, pair_line(gold_choice="a")))
    assert imported(campaign, lines_file(folder, pair_line())).pairs_known == 1
    assert Pair.objects.get().gold_choice is not None
