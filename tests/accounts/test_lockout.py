"""Log-ins that fail too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotator.accounts import lockout
from annotator.errors import NotAllowed
from annotator.models import FailedLogIn
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RIGHT = "correct horse battery"


def fail(times: int, *, name: str = "ana", address: str = "192.0.2.1", now: datetime = NOW) -> None:
    for _ in range(times):
        lockout.begin_log_in(name=name, address=address, now=now)


def is_locked(*, name: str = "ana", address: str = "192.0.2.1", now: datetime = NOW) -> bool:
    try:
        lockout.clear_attempt(lockout.begin_log_in(name=name, address=address, now=now))
    except NotAllowed as locked:
        return locked.code == "locked_out"
    return False


def test_a_name_is_locked_after_so_many_failures_and_not_before():
    fail(lockout.OF_NAME_AT_ADDRESS - 1)
    assert not is_locked()
    fail(1)
    assert is_locked()


def test_a_lock_ends_by_itself_however_often_somebody_tries_meanwhile():
    fail(lockout.OF_NAME_AT_ADDRESS)
    for minutes in range(15):
        assert is_locked(now=NOW + timedelta(minutes=minutes))

    assert not is_locked(now=NOW + lockout.WINDOW)


@pytest.mark.parametrize("spelling", ["ANA", " ana ", "ａｎａ"])
def test_another_spelling_of_the_name_is_no_way_round(spelling):
    fail(lockout.OF_NAME_AT_ADDRESS, name=spelling)

    assert is_locked(name="ana")


def test_a_stranger_elsewhere_locks_nobody_out_and_many_strangers_do():
    fail(lockout.OF_NAME_AT_ADDRESS)
    assert not is_locked(address="198.51.100.7")
    for number in range(lockout.OF_NAME // lockout.OF_NAME_AT_ADDRESS):
        fail(lockout.OF_NAME_AT_ADDRESS, address=f"203.0.113.{number}", now=NOW + timedelta(seconds=1))
        if is_locked(address="198.51.100.7"):
            break
    assert is_locked(address="198.51.100.7")


def test_an_address_that_tries_many_names_is_locked_for_all():
    for number in range(lockout.OF_ADDRESS):
        fail(1, name=f"name{number}")

    assert is_locked(name="somebody else")
    assert not is_locked(name="somebody else", address="198.51.100.7")


def test_an_address_that_nobody_knows_locks_names_alone():
    for number in range(lockout.OF_ADDRESS):
        fail(1, name=f"name{number}", address="")
    assert not is_locked(name="somebody else", address="")
    fail(lockout.OF_NAME_AT_ADDRESS, address="")
    assert is_locked(address="")


def test_what_is_kept_tells_neither_name_nor_address_and_is_forgotten():
    fail(1, name="my password by mistake", address="192.0.2.1")
    kept = FailedLogIn.objects.values_list("name_digest", "address_digest").get()
    assert all(len(digest) == 64 and digest.isalnum() for digest in kept)

    lockout.forget_old(NOW + lockout.WINDOW - timedelta(seconds=1))
    assert FailedLogIn.objects.exists()
    lockout.forget_old(NOW + lockout.WINDOW)
    assert not FailedLogIn.objects.exists()


# --- at the door


def log_in(client: Client, name: str, password: str, **headers: str) -> str:
    """The page that answers; "" for the way in."""
    response = client.post(reverse("login"), {"username": name, "password": password}, headers=headers)
    return "" if response.status_code == 302 else response.content.decode()


def test_after_too_many_failures_even_the_right_password_is_refused_in_kind_words(client):
    user = UserFactory()
    for _ in range(lockout.OF_NAME_AT_ADDRESS):
        assert "Wrong username or password" in log_in(client, user.username, "wrong")

    assert "Wait 15 minutes and try again" in log_in(client, user.username, RIGHT)
    assert "_auth_user_id" not in client.session
    cache.clear()  # nobody gets another try by emptying it
    assert "Wait 15 minutes and try again" in log_in(Client(), user.username, RIGHT)
    FailedLogIn.objects.update(at=NOW - timedelta(days=900))
    assert log_in(client, user.username, RIGHT) == ""


def test_nobody_learns_whether_there_is_such_an_account(client):
    user = UserFactory(username="known")
    said = {
        name: [without_what_differs(log_in(Client(), name, "wrong"), name) for _ in range(lockout.OF_NAME_AT_ADDRESS + 2)]
        for name in (user.username, "never")
    }

    assert said["known"] == said["never"]
    assert "Wait 15 minutes" in said["never"][-1]


def without_what_differs(page: str, name: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line).replace(name, "NAME")


def test_a_log_in_of_ones_own_buys_no_tries_at_somebody_elses(client):
    mine, theirs = UserFactory(), UserFactory()
    for _ in range(lockout.OF_NAME_AT_ADDRESS):
        log_in(client, theirs.username, "wrong")
        assert log_in(Client(), mine.username, RIGHT) == ""

    assert "Wait 15 minutes" in log_in(client, theirs.username, RIGHT)


def test_a_wrong_password_before_a_change_of_the_account_counts_too(client):
    user = UserFactory()
    client.force_login(user)
    for _ in range(lockout.OF_NAME_AT_ADDRESS):
        client.post(reverse("account_reauthenticate"), {"password": "wrong"})

    assert "Wait 15 minutes" in log_in(Client(), user.username, RIGHT)


def test_addresses_that_a_header_claims_count_only_behind_known_proxies(client, settings):
    user = UserFactory()
    for number in range(lockout.OF_NAME_AT_ADDRESS):
        log_in(client, user.username, "wrong", **{"X-Forwarded-For": f"203.0.113.{number}"})
    assert "Wait 15 minutes" in log_in(client, user.username, RIGHT, **{"X-Forwarded-For": "203.0.113.99"})

    settings.TRUSTED_PROXIES = 1
    assert log_in(client, user.username, RIGHT, **{"X-Forwarded-For": "192.0.2.1, 203.0.113.99"}) == ""


def test_the_administration_has_no_door_of_its_own(client):
    response = client.get("/admin/login/?next=/admin/")

    assert response.url == f"{reverse('login')}?next=/admin/"
    client.force_login(UserFactory())
    assert client.get("/admin/", follow=True).status_code == 403
