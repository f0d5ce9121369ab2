"""What the log says of a request."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from annotator.campaigns.invites import key_of
from annotator.views.middleware.request_log import path_of, user_of, view_of
from tests.factories import InviteFactory, UserFactory


def asked(path: str, *, is_resolved: bool = True):
    request = RequestFactory().get(path)
    request.resolver_match = resolve(request.path) if is_resolved else None
    return request


@pytest.mark.parametrize(
    ("path", "is_resolved", "view"),
    [
        ("/c/shapes/", True, "annotate"),
        ("/c/another/?token=hush", True, "annotate"),
        ("/static/base.css", False, "static"),
        ("/wp-admin.php", False, "unknown"),
    ],
)
def test_a_view_is_named_and_never_a_path(path, is_resolved, view):
    assert view_of(asked(path, is_resolved=is_resolved)) == view


@pytest.mark.django_db
def test_of_an_address_that_lets_somebody_in_only_the_pattern_is_logged():
    key = key_of(InviteFactory())
    for path in (
        reverse("join", args=[key]),
        reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "hush-key"}),
        reverse("account_confirm_email", args=["hush-key"]),
    ):
        request = asked(path)
        logged = path_of(request, view_of(request))
        assert key not in logged
        assert "hush-key" not in logged
        assert logged.startswith("/")


def test_a_query_is_not_logged_and_a_path_cannot_break_its_line():
    assert path_of(asked("/c/shapes/?token=hush"), "annotate") == "/c/shapes/"
    request = asked("/x", is_resolved=False)
    request.path = "/a\nb é"
    assert path_of(request, "unknown") == "/a%0Ab%20%C3%A9"


def test_the_user_is_named_where_they_are_known_and_never_looked_up():
    user = UserFactory.build(pk=7)
    request = asked("/c/shapes/")
    assert user_of(request) is None
    request.user = AnonymousUser()
    assert user_of(request) is None
    request.user = user
    assert user_of(request) == 7

    request.user = SimpleLazyObject(lambda: pytest.fail("looked up"))
    assert user_of(request) is None
    request._cached_user = user  # the view asked for them
    assert user_of(request) == 7
