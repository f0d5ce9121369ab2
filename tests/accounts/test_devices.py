"""Devices on which somebody has logged in before."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from annotator.accounts.devices import NAMES_MAX, device_of, remember_device
from annotator.models import User


def visit(cookie: str = ""):
    request = RequestFactory().get("/")
    if cookie:
        request.COOKIES[settings.DEVICE_COOKIE_NAME] = cookie
    return request


def log_in(*names: str, cookie: str = "") -> str:
    """The cookie after log-ins by these names."""
    for name in names:
        response = HttpResponse()
        remember_device(visit(cookie), response, User(username=name, email=f"{name}@example.org"))
        cookie = response.cookies[settings.DEVICE_COOKIE_NAME].value
    return cookie


def test_a_device_is_known_to_those_who_logged_in_on_it_by_name_and_by_address():
    shared = visit(log_in("ana", "bert"))

    assert device_of(shared, " ANA") == device_of(shared, "bert@example.org") != ""
    assert device_of(shared, "carla") == device_of(visit(), "ana") == ""
    assert device_of(visit(log_in("ana")), "ana") != device_of(shared, "ana")


def test_the_latest_names_are_kept():
    shared = visit(log_in(*(f"name{number}" for number in range(NAMES_MAX))))

    assert device_of(shared, f"name{NAMES_MAX - 1}")
    assert not device_of(shared, "name0")


@pytest.mark.parametrize(
    "change", [lambda cookie: cookie[:-1], lambda cookie: "x" + cookie, lambda cookie: "::", lambda cookie: ""]
)
def test_a_cookie_that_this_site_did_not_sign_knows_nobody(change):
    assert device_of(visit(change(log_in("ana"))), "ana") == ""


def test_no_script_reads_the_cookie():
    response = HttpResponse()
    remember_device(visit(), response, User(username="ana", email="ana@example.org"))

    assert response.cookies[settings.DEVICE_COOKIE_NAME]["httponly"] is True
