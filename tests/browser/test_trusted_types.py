"""Trusted Types in a real browser: pages put HTML into themselves as before, and no text becomes a script."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import Open, session_of
from tests.browser.driver import Remote
from tests.factories import MemberFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Which ways of making a script of text are not refused. (Not eval: a browser that is driven lets its driver have that.)
TRY = """() => {
  const attempts = {
    address: () => { document.createElement("script").src = "data:,1"; },
    text: () => { document.createElement("script").text = "1"; },
    handler: () => document.body.setAttribute("onclick", "1"),
    worker: () => new Worker("data:,1"),
    policy: () => trustedTypes.createPolicy("another", {}),
  };
  const refused = (attempt) => {
    try {
      attempt();
    } catch {
      return true;
    }
    return false;
  };
  return Object.keys(attempts).filter((name) => !refused(attempts[name]));
}"""


def test_no_text_becomes_a_script(chromium: Remote, server: LiveServer, member):
    context = chromium.new_context(base_url=server.url)
    context.add_cookies([{"url": server.url, "name": settings.SESSION_COOKIE_NAME, "value": session_of(member)}])
    page = context.new_page()
    page.goto(reverse("annotate", args=[member.campaign.slug]))

    assert page.evaluate("typeof trustedTypes") == "object"
    assert page.evaluate(TRY) == []
    context.close()


@pytest.mark.parametrize("name", ["annotator_user_changelist", "annotator_campaign_add"])
def test_the_scripts_of_the_administration_run(open_page: Open, name):
    staff = MemberFactory(user__is_staff=True, user__is_superuser=True)

    page = open_page(staff, reverse(f"admin:{name}"))

    assert page.evaluate("django.jQuery('<p>x</p>').text()") == "x"
