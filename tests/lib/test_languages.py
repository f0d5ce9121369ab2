from __future__ import annotations

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from annotator.lib.languages import known_language, language_of, remember_language
from annotator.models import User


@pytest.mark.parametrize(
    ("code", "known"),
    [("de", "de"), ("zh-hans", "zh-hans"), ("zh-cn", "zh-hans"), ("tlh", ""), ("", ""), ("../de", ""), ("d" * 600, "")],
)
def test_a_language_is_one_of_the_site_or_none(code, known):
    assert known_language(code) == known


@pytest.mark.parametrize(
    ("account", "chosen", "asked", "language"),
    [
        ("ja", "fr", "de", "ja"),
        ("", "fr", "de", "fr"),
        ("", "", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "", "zh-CN,zh;q=0.9", "zh-hans"),
        ("", "", "ar-EG", "ar"),
        ("", "", "sv", "en"),
        ("", "", "", "en"),
        ("", "none", "es", "es"),
        ("xx", "", "es", "es"),
    ],
)
def test_the_account_comes_before_the_browser_s_choice_and_that_before_what_it_asks_for(account, chosen, asked, language):
    request = RequestFactory().get("/", headers={"Accept-Language": asked})
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = chosen

    assert language_of(request, User(language=account)) == language


def test_a_browser_remembers_a_choice_and_forgets_it():
    response = HttpResponse()

    remember_language(response, "ar")
    kept = response.cookies[settings.LANGUAGE_COOKIE_NAME].value
    remember_language(response, "")

    assert kept == "ar"
    assert response.cookies[settings.LANGUAGE_COOKIE_NAME]["max-age"] == 0
