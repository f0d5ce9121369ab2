from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.accounts import api_tokens
from annotator.errors import Invalid, NotAllowed
from annotator.models import Token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_it_keeps_only_the_hash_of_the_key():
    token, key = api_tokens.create_token(user=UserFactory(), scopes=["export", "annotate"], name="nightly job")

    assert key.startswith("dpt_")
    assert len(key) == 47
    row = Token.objects.filter(pk=token.pk).values().get()
    assert row["digest"] == hashlib.sha256(key.encode()).hexdigest()
    assert row["hint"] == key[:12]
    assert row["scopes"] == ["annotate", "export"]
    assert key not in str(row)


def test_two_keys_are_never_the_same():
    user = UserFactory()

    assert api_tokens.create_token(user=user, scopes=["export"])[1] != api_tokens.create_token(user=user, scopes=["export"])[1]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["export", "everything"]])
def test_it_refuses_scopes_that_are_none(scopes):
    with pytest.raises(Invalid) as error:
        api_tokens.create_token(user=UserFactory(), scopes=scopes)

    assert error.value.errors.keys() == {"scopes"}


def test_it_refuses_a_token_that_would_be_expired_from_the_start():
    with pytest.raises(Invalid) as error:
        api_tokens.create_token(user=UserFactory(), scopes=["export"], expires_at=timezone.now() - timedelta(seconds=1))

    assert error.value.errors.keys() == {"expires_at"}


def test_it_refuses_a_name_that_does_not_fit():
    with pytest.raises(Invalid) as error:
        api_tokens.create_token(user=UserFactory(), scopes=["export"], name="n" * 101)

    assert error.value.errors.keys() == {"name"}


def test_it_finds_the_token_of_a_key():
    user = UserFactory()
    token, key = api_tokens.create_token(user=user, scopes=["export"])

    found = api_tokens.find_token(key)

    assert found == token
    assert found.user == user


@pytest.mark.parametrize(
    "key",
    ["", "dpt_", "dpt_" + "x" * 43, "x" * 47, "dpt_" + "é" * 43, "dpt_\x00" + "x" * 42, "k" * 100_000],
)
def test_it_finds_nothing_for_another_key(key):
    api_tokens.create_token(user=UserFactory(), scopes=["export"])

    assert api_tokens.find_token(key) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revoked_at": timezone.now()}, "token_revoked"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "token_expired"),
    ],
)
def test_a_token_that_is_over_opens_nothing_and_says_why(change, code):
    token, key = api_tokens.create_token(user=UserFactory(), scopes=["export"])
    Token.objects.filter(pk=token.pk).update(**change)

    assert api_tokens.find_token(key) is None
    with pytest.raises(api_tokens.BadToken) as error:
        api_tokens.check_key(key)
    assert error.value.code == code


def test_a_token_expires_at_its_time():
    now = timezone.now()
    _, key = api_tokens.create_token(user=UserFactory(), scopes=["export"], expires_at=now + timedelta(days=1))

    assert api_tokens.find_token(key, now + timedelta(hours=23)) is not None
    assert api_tokens.find_token(key, now + timedelta(days=1)) is None


def test_the_token_of_somebody_who_was_shut_out_opens_nothing():
    user = UserFactory()
    _, key = api_tokens.create_token(user=user, scopes=["export"])
    user.is_active = False
    user.save()

    with pytest.raises(api_tokens.BadToken) as error:
        api_tokens.check_key(key)
    assert error.value.code == "token_user_inactive"


def test_use_is_noted_at_most_once_a_minute(django_assert_num_queries):
    now = timezone.now()
    token, key = api_tokens.create_token(user=UserFactory(), scopes=["export"])

    def noted():
        return Token.objects.get(pk=token.pk).last_used_at

    assert noted() is None
    with django_assert_num_queries(2):
        api_tokens.check_key(key, now=now)
    with django_assert_num_queries(1):
        api_tokens.check_key(key, now=now + timedelta(seconds=59))
    assert noted() == now
    with django_assert_num_queries(2):
        api_tokens.check_key(key, now=now + timedelta(seconds=60))
    assert noted() == now + timedelta(seconds=60)


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "BEARER   {}"])
def test_it_reads_an_authorization_header(scheme):
    token, key = api_tokens.create_token(user=UserFactory(), scopes=["export"])

    assert api_tokens.token_of(scheme.format(key)) == token


@pytest.mark.parametrize("header", ["", "Basic Zm9vOmJhcg==", "Token dpt_x"])
def test_a_header_of_another_kind_has_no_token(header):
    assert api_tokens.token_of(header) is None


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer nonsense", "Bearer a b"])
def test_a_bearer_header_without_a_known_key_is_refused(header):
    with pytest.raises(api_tokens.BadToken):
        api_tokens.token_of(header)


def test_a_scope_is_required():
    token, _ = api_tokens.create_token(user=UserFactory(), scopes=["export"])

    api_tokens.require_scope(token, ["import", "export"])
    with pytest.raises(NotAllowed) as error:
        api_tokens.require_scope(token, ["import", "manage"])
    assert error.value.code == "scope_missing"


def test_all_tokens_of_one_user_are_revoked():
    user = UserFactory()
    keys = [api_tokens.create_token(user=owner, scopes=["export"])[1] for owner in (user, user, UserFactory())]

    assert api_tokens.revoke_tokens(user=user) == 2

    assert [api_tokens.find_token(key) is None for key in keys] == [True, True, False]
    assert api_tokens.revoke_tokens(user=user) == 0
