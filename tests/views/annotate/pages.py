"""What the tests of the annotation page share: what they send, and what the page shows."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Member

HTMX = {"HX-Request": "true"}


def page_of(member: Member) -> str:
    return reverse("annotate", args=[member.campaign.slug])


def seat_shown(html: str) -> Assignment:
    return Assignment.objects.get(pk=cards_in(html)[0])


def cards_in(html: str) -> list[int]:
    """The ids of the assignments, which the page shows as other numbers."""
    return [ASSIGNMENTS.find(int(found)) for found in re.findall(r'data-assignment="(\d+)"', html)]


def shown(*pks: int) -> str:
    """As the page says what it has."""
    return ",".join(str(ASSIGNMENTS.show(pk)) for pk in pks)


def queue_state_of(html: str) -> tuple[list[int], str]:
    """Which cards the page should have, and what undo takes back."""
    found = re.search(r'<data class="queue-state"\s+value="([\d,]*)"\s+data-lease="\d+"\s+data-undo="(\d*)"', html)
    undo = str(ASSIGNMENTS.find(int(found[2]))) if found[2] else ""
    return [ASSIGNMENTS.find(int(number)) for number in found[1].split(",") if number], undo


def open_page(browser: Client, member: Member) -> Assignment:
    """The assignment that the page puts before the member."""
    return seat_shown(browser.get(page_of(member)).content.decode())


def vote(browser: Client, seat: Assignment, choice: str = "a", *, htmx: bool = True, **fields):
    data = {"question": "overall", "choice": choice} | fields
    return browser.post(reverse("vote", args=[seat.pk]), data, headers=HTMX if htmx else {})


def reason_of(html: str) -> str | None:
    found = re.search(r'data-reason="(\w+)"', html)
    return found and found[1]


def flag(browser: Client, seat: Assignment, *, htmx: bool = True, **fields):
    return browser.post(reverse("flag", args=[seat.pk]), fields, headers=HTMX if htmx else {})


def undo(browser: Client, seat: Assignment, *, htmx: bool = True, **fields):
    return browser.post(reverse("undo", args=[seat.pk]), fields, headers=HTMX if htmx else {})
