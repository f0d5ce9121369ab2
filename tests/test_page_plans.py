"""Every list and page reads as much of a campaign ten times as large: counted in rows and buffers, which no busy machine changes.

Pages are looked at as the benchmark does (`make bench-pages`), which goes on to a million pairs.
"""

from __future__ import annotations

import pytest
from django.db import connection

from annotator.judging.assigning import refill_queue
from annotator.scoring import pair_list
from annotator.views.manage import pairs
from benchmarks.support.pages import FilledCampaign, Read, addresses, filled_campaign, logged_in, look_at

pytestmark = pytest.mark.django_db

SMALL, LARGE = 500, 2_500  # pairs; of flagged ones the small campaign has more than are counted
FLAT, NOISE = 1.2, 300  # of which rows are that were updated, and no vacuum has been by
# What it looks at for a page is bounded, at more pairs than these campaigns have; or joins as a whole what is small here.
BOUNDED = {"api: votes, the latest"}
LOOKED_AT = 200  # pairs for a page of a list whose filters hardly any passes: fewer than these campaigns have


def test_every_page_costs_the_same_at_any_size(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pair_list, "LOOKED_AT", LOOKED_AT)
    monkeypatch.setattr(pairs, "PER_PAGE", 8)  # the small campaign has as many of all kinds
    small, large = filled_campaign(SMALL), filled_campaign(LARGE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT brin_summarize_new_values('vote_times')")  # as autovacuum does
        # Tables of some pages are read as a whole, as those of a million rows never would be.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_hashjoin = off")

    of_small, of_large = reads(small), reads(large)

    assert of_small.keys() == of_large.keys()
    assert {name: (of_small[name], read) for name, read in of_large.items() if has_grown(of_small[name], read)} == {}


def reads(filled: FilledCampaign) -> dict[str, Read]:
    refill_queue(member_id=filled.annotator.pk)
    found = {}
    for name, (user, address) in addresses(filled).items():
        if name not in BOUNDED:
            client = logged_in(user)
            look_at(client, address)  # what it makes or caches at the first time
            found[name] = look_at(client, address)
    return found


def has_grown(before: Read, after: Read) -> bool:
    return any(now > FLAT * then + NOISE for then, now in zip(before, after, strict=True))
