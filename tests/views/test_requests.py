"""What views may rely on in a request, in a real one."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from annotator.models import User
from annotator.views.annotate import campaign_list
from tests.factories import UserFactory


@pytest.mark.django_db
@pytest.mark.parametrize("is_piece", [False, True])
def test_a_request_knows_its_user_and_whether_a_piece_is_asked_for(client, monkeypatch, is_piece):
    seen = []
    monkeypatch.setattr(campaign_list, "render", lambda request, *rest: seen.append(request) or HttpResponse())
    user = UserFactory()
    client.force_login(user)

    client.get(reverse("campaigns"), headers={"HX-Request": "true"} if is_piece else {})

    (request,) = seen
    assert isinstance(request.htmx, HtmxDetails)
    assert bool(request.htmx) is is_piece
    assert isinstance(request.user, User)
    assert request.user == user
