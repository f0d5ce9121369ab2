"""Log-ins that fail too often."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.accounts import lockout
from annotator.errors import NotAllowed
from annotator.models import FailedLogIn
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RIGHT = "correct horse battery"
FREE = lockout.OF_NAME_AT_ADDRESS.free


def fail(times: int, *, name: str = "ana", address: str = "192.0.2.1", device: str = "", now: datetime = NOW) -> None:
    for _ in range(times):
        with suppress(NotAllowed):
            lockout.begin_log_in(name=name, address=address, device=device, now=now)


def is_locked(*, name: str = "ana", address: str = "192.0.2.1", device: str = "", now: datetime = NOW) -> bool:
    try:
        lockout.clear_attempt(lockout.begin_log_in(name=name, address=address, device=device, now=now))
    except NotAllowed as locked:
        return locked.code == "locked_out"
    return False


def test_a_name_is_locked_after_so_many_failures_and_not_before():
    fail(FREE - 1)
    assert not is_locked()
    fail(FREE)
    assert is_locked()


def test_each_further_failure_makes_the_wait_twice_as_long_up_to_an_hour():
    now, waits = NOW, []
    fail(FREE)
    for _ in range(8):
        minutes = next(minutes for minutes in range(1, 100) if not is_refused(now + timedelta(minutes=minutes)))
        waits.append(minutes)
        now += timedelta(minutes=minutes)
        fail(1, now=now)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def is_refused(now: datetime) -> bool:
    try:
        lockout.begin_log_in(name="ana", address="192.0.2.1", now=now).delete()
    except NotAllowed:
        return True
    return False


def test_a_lock_ends_by_itself_however_often_somebody_tries_meanwhile():
    fail(FREE)
    for seconds in range(0, 60, 10):
        assert is_locked(now=NOW + timedelta(seconds=seconds))

    assert not is_locked(now=NOW + lockout.FIRST_WAIT)


def test_a_right_password_forgets_what_failed_for_this_name_here_and_nothing_else():
    fail(FREE - 1)
    fail(1, name="bert")
    fail(1, address="198.51.100.7")

    assert not is_locked()

    assert FailedLogIn.objects.count() == 2


@pytest.mark.parametrize("spelling", ["ANA", " ana ", "ａｎａ"])
def test_another_spelling_of_the_name_is_no_way_round(spelling):
    fail(FREE, name=spelling)

    assert is_locked(name="ana")


def test_no_number_of_strangers_elsewhere_locks_anybody_out():
    for number in range(lockout.ATTACKED_FROM // FREE + 1):
        fail(FREE, address=f"203.0.113.{number}")

    assert not is_locked(address="198.51.100.7")
    fail(1, address="198.51.100.8")  # whoever fails meanwhile waits at once: each machine of an attacker has one try
    assert is_locked(address="198.51.100.8")


def test_a_stranger_at_the_same_address_locks_no_device_on_which_the_owner_logged_in_before():
    fail(FREE)
    for number in range(lockout.OF_ADDRESS.free):
        fail(1, name=f"name{number}")
    assert is_locked()

    assert not is_locked(device="the owner's")
    fail(FREE, device="a stolen one")
    assert is_locked(device="a stolen one")


def test_an_address_that_tries_many_names_is_locked_for_all():
    for number in range(lockout.OF_ADDRESS.free):
        fail(1, name=f"name{number}")

    assert is_locked(name="somebody else")
    assert not is_locked(name="somebody else", address="198.51.100.7")


def test_an_address_that_nobody_knows_locks_names_alone():
    for number in range(lockout.OF_ADDRESS.free):
        fail(1, name=f"name{number}", address="")
    assert not is_locked(name="somebody else", address="")
    fail(FREE, address="")
    assert is_locked(address="")


def test_what_is_kept_tells_neither_name_nor_address_and_is_forgotten():
    fail(1, name="my password by mistake", address="192.0.2.1")
    kept = FailedLogIn.objects.values_list("name_digest", "address_digest").get()
    assert all(len(digest) == 64 and digest.isalnum() for digest in kept)

    lockout.forget_old(NOW + lockout.KEEP - timedelta(seconds=1))
    assert FailedLogIn.objects.exists()
    lockout.forget_old(NOW + lockout.KEEP)
    assert not FailedLogIn.objects.exists()


# --- at the door


def log_in(client: Client, name: str, password: str, **headers: str) -> str:
    """The page that answers; "" for the way in."""
    response = client.post(reverse("login"), {"username": name, "password": password}, headers=headers)
    return "" if response.status_code == 302 else response.content.decode()


def test_after_too_many_failures_even_the_right_password_is_refused_in_kind_words(client):
    user = UserFactory()
    for _ in range(FREE):
        assert "Wrong username or password" in log_in(client, user.username, "wrong")

    assert "Wait 1 minute and try again" in log_in(client, user.username, RIGHT)
    assert "_auth_user_id" not in client.session
    cache.clear()  # nobody gets another try by emptying it
    assert "Wait 1 minute and try again" in log_in(Client(), user.username, RIGHT)
    FailedLogIn.objects.update(at=NOW - timedelta(days=900))
    assert log_in(client, user.username, RIGHT) == ""


def test_nobody_learns_whether_there_is_such_an_account(client):
    user = UserFactory(username="known")
    said = {
        name: [without_what_differs(log_in(Client(), name, "wrong"), name) for _ in range(FREE + 2)]
        for name in (user.username, "never")
    }

    assert said["known"] == said["never"]
    assert "Wait 1 minute" in said["never"][-1]


def without_what_differs(page: str, name: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line).replace(name, "NAME")


def test_a_log_in_of_ones_own_buys_no_tries_at_somebody_elses(client):
    mine, theirs = UserFactory(), UserFactory()
    for _ in range(FREE):
        log_in(client, theirs.username, "wrong")
        assert log_in(Client(), mine.username, RIGHT) == ""

    assert "Wait 1 minute" in log_in(client, theirs.username, RIGHT)


def test_a_wrong_password_before_a_change_of_the_account_counts_too(client):
    user = UserFactory()
    client.force_login(user)
    for _ in range(FREE):
        client.post(reverse("account_reauthenticate"), {"password": "wrong"})

    assert "Wait 1 minute" in log_in(Client(), user.username, RIGHT)


def test_addresses_that_a_header_claims_count_only_behind_known_proxies(client, settings):
    user = UserFactory()
    for number in range(FREE):
        log_in(client, user.username, "wrong", **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert "Wait 1 minute" in log_in(client, user.username, RIGHT, **{"X-Forwarded-For": "203.0.113.99"})

    settings.TRUSTED_PROXIES = 1
    assert log_in(client, user.username, RIGHT, **{"X-Forwarded-For": "192.0.2.1, 203.0.113.99"}) == ""


def test_the_owners_browser_gets_in_while_a_stranger_at_the_same_address_is_locked_out(client):
    user = UserFactory()
    assert log_in(client, user.username, RIGHT) == ""
    client.logout()
    for _ in range(FREE):
        log_in(Client(), user.username, "wrong")
    assert "Wait 1 minute" in log_in(Client(), user.username, RIGHT)

    assert log_in(client, user.email.upper(), RIGHT) == ""


def test_the_administration_has_no_door_of_its_own(client):
    response = client.get("/admin/login/?next=/admin/")

    assert response.url == f"{reverse('login')}?next=/admin/"
    client.force_login(UserFactory())
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.django_db
def test_people_behind_one_address_do_not_keep_each_other_out_by_logging_in_at_the_same_moment():
    now = timezone.now()
    lockout.begin_log_in(name="ann", address="192.0.2.7", now=now + timedelta(milliseconds=20))  # noted first, yet later

    lockout.begin_log_in(name="ben", address="192.0.2.7", now=now)
