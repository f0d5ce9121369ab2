"""Strangers at the log-in, the sign-up and the reset: they lock nobody out, and learn nothing of who has an account."""

from __future__ import annotations

import re
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count

import httpx

from annotator.accounts import lockout
from annotator.models import User
from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor
from tests.observables import tells

FREE = lockout.OF_NAME_AT_ADDRESS.free
TIMES = 12
WAIT = "Too many failed logins"


def run(target: Target) -> Iterator[Finding]:
    places = count(1000)
    victim = User.objects.create_user(f"victim-{target.tag}", f"victim-{target.tag}@example.org", PASSWORD)
    yield locked_out(target, victim, places)
    yield guessed_behind_claimed_addresses(target, places)
    yield sprayed_behind_claimed_addresses(target, places)
    for ask, unknown in ((log_in, "nobody@example.org"), (reset, "nobody@example.org"), (sign_up, "nobody{}@example.org")):
        yield looks_the_same(target, ask, victim.email, f"{target.tag}-{unknown}", places)
    yield names_counted(target, victim, places)


# --- locks


def locked_out(target: Target, victim: User, places: Iterator[int]) -> Finding:
    """Strangers fail at a name from many addresses, and from its owner's. The owner comes on their device, and from elsewhere."""
    home = target.address(next(places))
    with Visitor(target, address=home) as device:
        device.log_in(victim.username)
        device.submit("/logout/", {})
        machines = lockout.ATTACKED_FROM // FREE + 1
        for _ in range(machines):
            with Visitor(target, address=target.address(next(places))) as stranger:
                for _ in range(FREE):
                    stranger.log_in(victim.username, "wrong")
        with Visitor(target, address=home) as neighbour:
            for _ in range(FREE + 2):
                last = neighbour.log_in(victim.username, "wrong")
            is_locked = WAIT in last.text
        at_home = device.log_in(victim.username).status_code
    with Visitor(target, address=target.address(next(places))) as elsewhere:
        away = elsewhere.log_in(victim.username).status_code
    is_held = is_locked and at_home == away == 302
    seen = f"strangers {'wait' if is_locked else 'go on'}, the owner on their device {at_home}, elsewhere {away}"
    return Finding(f"accounts: {machines * FREE + FREE} failures at somebody's name", is_held, seen)


def guessed_behind_claimed_addresses(target: Target, places: Iterator[int]) -> Finding:
    """One machine, one name, and each time another address in the header."""
    user = User.objects.create_user(f"guessed-{target.tag}", password=PASSWORD)
    told = 0
    with Visitor(target, address=target.address(next(places))) as stranger:
        for number in range(FREE + 5):
            stranger.headers["X-Forwarded-For"] = f"203.0.113.{number}"
            told += WAIT in stranger.log_in(user.username, "wrong").text
    return Finding(f"accounts: {FREE + 5} guesses behind claimed addresses", told == 5, f"{told} refused")


def sprayed_behind_claimed_addresses(target: Target, places: Iterator[int]) -> Finding:
    """One machine on the internet, many names, and each time another address in the header."""
    tries, told = lockout.OF_ADDRESS.free + 5, 0
    with Visitor(target, address=target.public_address) as stranger:
        for number in range(tries):
            stranger.headers["X-Forwarded-For"] = f"203.0.113.{number}"
            told += WAIT in stranger.log_in(f"sprayed-{target.tag}-{number}", "wrong").text
    return Finding(f"accounts: {tries} names tried behind claimed addresses", told == 5, f"{told} refused")


# --- who has an account


def log_in(stranger: Visitor, name: str) -> httpx.Response:
    return stranger.log_in(name, "wrong")


def reset(stranger: Visitor, name: str) -> httpx.Response:
    return stranger.submit("/account/password/reset/", {"email": name})


def sign_up(stranger: Visitor, name: str) -> httpx.Response:
    form = {"username": f"new-{secrets.token_hex(6)}", "email": name, "password1": secrets.token_hex(12)}
    return stranger.submit("/account/sign-up/", form)


def looks_the_same(
    target: Target, ask: Callable[[Visitor, str], httpx.Response], known: str, unknown: str, places: Iterator[int]
) -> Finding:
    """What is said to a known and to an unknown address, and how long it takes, by turns."""
    answers: dict[bool, set[tuple[int, str, str]]] = {True: set(), False: set()}
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * TIMES):
        is_known = number % 2 == 0
        name = known if is_known else unknown.format(number)
        with Visitor(target, address=target.address(next(places))) as stranger:
            stranger.get("/login/")
            began = time.perf_counter()
            answer = ask(stranger, name)
            seconds[is_known].append(time.perf_counter() - began)
            answers[is_known].add((answer.status_code, answer.headers.get("Location", ""), without(answer.text, name)))
    is_held = answers[True] == answers[False] and not tells(seconds[True], seconds[False], surely=1e-3)
    words = "alike" if answers[True] == answers[False] else "different"
    medians = " and ".join(f"{1000 * statistics.median(seconds[is_known]):.0f} ms" for is_known in (True, False))
    what = f"accounts: {ask.__name__.replace('_', ' ')} with a known and an unknown address"
    return Finding(what, is_held, f"answers {words}, {medians}")


def without(page: str, name: str) -> str:
    """The page without what differs each time."""
    page = re.sub(r'(csrfmiddlewaretoken"\s+value="|X-CSRFToken": ")\w+', r"\1", page)
    return re.sub(r"new-[0-9a-f]{12}", "NEW", page.replace(name, "NAME"))


def names_counted(target: Target, victim: User, places: Iterator[int]) -> Finding:
    """Which user names are taken, asked by sign-ups that cannot succeed."""
    tries, told = 70, 0
    with Visitor(target, address=target.address(next(places))) as stranger:
        for _ in range(tries):
            form = {"username": victim.username, "email": "x", "password1": "x"}
            told += "is taken" in stranger.submit("/account/sign-up/", form).text
    return Finding(f"accounts: {tries} questions whether a name is taken", told == 60, f"{told} answered")
