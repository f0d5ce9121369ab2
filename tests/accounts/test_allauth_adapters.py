"""Signing up, getting back in, and what one changes about one's account."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from celery import current_app
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from annotator.accounts import lockout
from annotator.accounts.api_tokens import create_token, find_token
from annotator.campaigns import invites
from annotator.models import FailedLogIn, User
from annotator.tasks import forget_what_is_over
from tests.accounts.counting_hasher import CountingHasher
from tests.factories import CrowdUserFactory, InviteFactory, UserFactory

pytestmark = pytest.mark.django_db

RIGHT = "correct horse battery"
NEW = {"username": "ana", "email": "Ana@Example.org", "password1": "a long new phrase"}


def log_in(client: Client, name: str, password: str = RIGHT) -> bool:
    return client.post(reverse("login"), {"username": name, "password": password}).status_code == 302


# --- logging in


@pytest.mark.parametrize("name", ["Ana", "ana", "ANA@example.org"])
def test_people_log_in_by_user_name_or_address(client, name):
    user = UserFactory(username="Ana", email="ana@example.org")

    assert log_in(client, name)
    assert client.session["_auth_user_id"] == str(user.pk)


def test_an_account_that_is_switched_off_is_told_so(client):
    user = UserFactory(is_active=False)

    page = client.post(reverse("login"), {"username": user.username, "password": RIGHT}, follow=True)

    assert "deactivated" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_log_in_page_loads_nothing_inline_and_has_the_fields_that_programs_fill_in(client):
    html = client.get(reverse("login"), {"next": "/c/x/"}).content.decode()

    assert re.findall(r'<input[^>]* name="(\w+)"', html)[:4] == ["csrfmiddlewaretoken", "next", "username", "password"]
    assert " style=" not in html
    assert "<script>" not in html


def test_what_is_over_is_forgotten():
    Client().force_login(UserFactory())
    lockout.begin_log_in(name="ana")
    forget_what_is_over()
    assert (Session.objects.count(), FailedLogIn.objects.count()) == (1, 1)

    Session.objects.update(expire_date="2020-01-01T00:00Z")
    FailedLogIn.objects.update(at="2020-01-01T00:00Z")
    forget_what_is_over()
    assert (Session.objects.count(), FailedLogIn.objects.count()) == (0, 0)


# --- signing up


def sign_up(client: Client, **changes: str) -> str:
    """The page that answers; "" for the way in."""
    response = client.post(reverse("account_signup"), NEW | changes)
    return "" if response.status_code == 302 else response.content.decode()


def test_nobody_signs_up_without_an_invite(client):
    assert "By invitation" in client.get(reverse("account_signup")).content.decode()
    assert "By invitation" in sign_up(client)
    assert not User.objects.exists()


def test_everybody_signs_up_where_the_site_is_open(client, settings):
    settings.OPEN_SIGN_UP = True

    assert sign_up(client) == ""

    user = User.objects.get()
    assert (user.username, user.email, user.is_staff, user.is_superuser, user.is_crowd) == (
        "ana",
        "ana@example.org",
        *[False] * 3,
    )
    assert client.session["_auth_user_id"] == str(user.pk)
    assert log_in(Client(), "ana@example.org", NEW["password1"])
    assert mail.outbox == []  # nobody has to confirm an address unless the site wants it


def test_whoever_opened_an_invite_link_signs_up_until_it_is_revoked(client):
    invite = InviteFactory()
    client.get(reverse("join", args=[invites.key_of(invite)]))
    invites.revoke_invite(invite=invite, by=UserFactory())
    assert "By invitation" in sign_up(client)
    invite = InviteFactory()
    client.get(reverse("join", args=[invites.key_of(invite)]))
    assert sign_up(client) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"username": "BERT"}, "This username is taken."),
        ({"email": "nowhere"}, "Enter a valid email address."),
        ({"password1": "12345678"}, "This password is too common."),
        ({"password1": "short&odd"}, "at least 12 characters"),
        ({"username": "bеrt"}, "looks like that of somebody else"),
        ({"username": "a b"}, "Enter a valid username."),
        ({"username": "x" * 151}, "at most 150 characters"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, settings, changes, words):
    settings.OPEN_SIGN_UP = True
    UserFactory(username="bert", email="bert@example.org")

    assert words in sign_up(client, **changes)
    assert User.objects.count() == 1


def test_which_names_are_taken_is_not_told_to_one_address_without_end(client, settings):
    settings.OPEN_SIGN_UP = True
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"username_taken": "3/h/ip"}
    UserFactory(username="bert")
    for name in ("bert", "bеrt", "Bert"):
        assert "Too many" not in sign_up(client, username=name)
    for name in ("bert", "nobody"):
        assert "Too many taken usernames" in sign_up(client, username=name)

    assert client.post(reverse("account_signup"), NEW, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_an_address_is_confirmed_by_a_link_where_the_site_wants_it(client, settings):
    settings.OPEN_SIGN_UP = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    sign_up(client)
    assert "_auth_user_id" not in client.session
    assert not log_in(Client(), "ana", "wrong")
    link = re.search(r"/account/email/[-:\w]+/", mail.outbox[0].body)[0]
    assert mail.outbox[0].subject.startswith("[Diptych] ")

    client.get(link)
    assert not EmailAddress.objects.get().verified  # a mail scanner that follows links confirms nothing
    client.post(link)

    assert EmailAddress.objects.get().verified
    browser = Client()
    assert log_in(browser, "ana", NEW["password1"])
    assert "_auth_user_id" in browser.session


# --- passwords and addresses


@pytest.fixture
def hashed(settings) -> list[str]:
    """Grows with each password that is hashed, which is what takes time."""
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    CountingHasher.hashed.clear()
    return CountingHasher.hashed


@pytest.fixture
def at_once():
    """Tasks run where they are sent."""
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


def test_a_new_password_is_set_by_a_link_and_opens_a_lock(client, at_once):
    user = UserFactory()
    for _ in range(lockout.OF_NAME_AT_ADDRESS.free + 1):
        log_in(client, user.username, "wrong")
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"/account/password/reset/\S+/", mail.outbox[0].body)[0]

    form = client.get(link, follow=True)
    done = client.post(form.context["action_url"], {"password1": "a new long phrase", "password2": "a new long phrase"})

    assert done.url == reverse("account_reset_password_from_key_done")
    assert "This link is not valid" in Client().get(link).content.decode()
    assert not log_in(Client(), user.username)
    assert log_in(Client(), user.username, "a new long phrase")


def test_who_has_an_account_is_not_told_to_who_forgot_their_password(client, at_once):
    UserFactory(email="known@example.org")

    pages = [
        client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in ("known@example.org", "never@example.org")
    ]

    assert [page.redirect_chain for page in pages] == [[(reverse("account_reset_password_done"), 302)]] * 2
    tokens = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')  # of the choice of a language, different in every page
    assert tokens.sub(b"", pages[0].content) == tokens.sub(b"", pages[1].content)
    assert [sent.to for sent in mail.outbox] == [["known@example.org"], ["never@example.org"]]


def test_before_the_answer_nobody_is_looked_up_who_forgot_their_password(client, django_assert_num_queries):
    UserFactory(email="known@example.org")
    for email in ("known@example.org", "never@example.org"):
        with django_assert_num_queries(0):
            client.post(reverse("account_reset_password"), {"email": email})

    assert mail.outbox == []  # the worker's


def test_a_log_in_hashes_one_password_whoever_asks_for_whatever_account(client, hashed):
    UserFactory(username="known", email="known@example.org")
    UserFactory(username="again", email="known@example.org")
    UserFactory(username="provider", password="!unusable")
    UserFactory(username="closed", is_active=False)
    for name in ("known", "known@example.org", "provider", "closed", "never", "never@example.org"):
        hashed.clear()
        assert not log_in(client, name, "wrong")
        assert len(hashed) == 1, name


@pytest.mark.parametrize("verification", ["none", "optional", "mandatory"])
def test_a_sign_up_looks_the_same_for_an_address_that_has_an_account(settings, hashed, verification):
    settings.OPEN_SIGN_UP = True
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    UserFactory(email="known@example.org")
    seen = []
    for number, email in enumerate(["known@example.org", "never@example.org"]):
        hashed.clear()
        client = Client()
        response = client.post(reverse("account_signup"), NEW | {"email": email, "username": f"ana{number}"})
        seen.append((response.status_code, response.url, "_auth_user_id" in client.session, len(hashed)))

    assert seen[0] == seen[1]
    assert User.objects.filter(email="known@example.org").count() == (1 if verification == "mandatory" else 2)


def test_a_password_is_changed_by_whoever_knows_it(client):
    user = UserFactory()
    client.force_login(user)
    new = {"password1": "a new long phrase", "password2": "a new long phrase"}

    refused = client.post(reverse("account_change_password"), {"oldpassword": "wrong"} | new)
    assert "type your current password" in refused.content.decode()
    client.post(reverse("account_change_password"), {"oldpassword": RIGHT} | new)

    assert client.get(reverse("account")).status_code == 200  # and stays logged in
    assert log_in(Client(), user.username, "a new long phrase")


@pytest.mark.parametrize("is_wished", [True, False])
def test_tokens_are_revoked_with_a_new_password_if_wished(client, is_wished):
    user = UserFactory()
    client.force_login(user)
    assert "revoke my API tokens" not in client.get(reverse("account_change_password")).content.decode()
    _, key = create_token(user=user, scopes=["export"])
    assert "revoke my API tokens" in client.get(reverse("account_change_password")).content.decode()

    new = {"oldpassword": RIGHT, "password1": "a new long phrase", "password2": "a new long phrase"}
    client.post(reverse("account_change_password"), new | ({"revoke_tokens": "on"} if is_wished else {}))

    assert log_in(Client(), user.username, "a new long phrase")
    assert (find_token(key) is None) is is_wished


@pytest.mark.parametrize(
    "name", ["account", "account_email", "account_change_password", "account_set_password", "socialaccount_connections"]
)
def test_people_from_a_crowd_platform_get_no_other_way_in(client, name):
    client.force_login(CrowdUserFactory())

    assert client.get(reverse(name)).status_code == 403
    assert (
        client.post(
            reverse(name), {"email": "a@example.org", "action_add": "", "password1": RIGHT, "password2": RIGHT}
        ).status_code
        == 403
    )
    assert not EmailAddress.objects.exists()
    assert "Your account" not in client.get(reverse("campaigns")).content.decode()


@pytest.mark.parametrize(
    "name", ["account", "account_email", "account_change_password", "socialaccount_connections", "account_reauthenticate"]
)
def test_an_account_is_for_whoever_is_logged_in(client, name):
    assert client.get(reverse(name)).url.startswith(f"{reverse('login')}?next=")
