"""What pages for managers say of the site itself."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string

from annotator.templatetags.site import disk_warning
from tests.factories import UserFactory


def test_nothing_while_there_is_room(settings):
    settings.DISK_RESERVE_BYTES = 0
    assert disk_warning() == ""


@pytest.mark.django_db
def test_pages_for_managers_say_that_the_disk_is_full(settings, rf):
    settings.DISK_RESERVE_BYTES = 10**18
    request = rf.get("/")
    request.user = UserFactory()
    assert "The disk is full." in render_to_string("manage/base.html", {"request": request})
    assert "The disk is full." not in render_to_string("base.html", {"request": request})
