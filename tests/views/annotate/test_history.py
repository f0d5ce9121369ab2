"""The page of one's own answers."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.choices import MemberState
from annotator.views.annotate import history
from tests.factories import MemberFactory, VoteFactory

pytestmark = pytest.mark.django_db


def test_pages_lead_from_the_newest_to_the_oldest(client, monkeypatch):
    monkeypatch.setattr(history, "PER_PAGE", 2)
    member = MemberFactory()
    votes = [VoteFactory(assignment__member=member) for _ in range(3)]
    client.force_login(member.user)
    page = reverse("history", args=[member.campaign.slug])

    first = client.get(page).context
    second = client.get(page, {"before": first["cursor"]}).context

    assert [len(shown["judged"]) for shown in (first, second)] == [2, 1]
    assert [shown["is_first"] for shown in (first, second)] == [True, False]
    assert not second["cursor"]
    assert second["judged"][0].assignment.pk == votes[0].assignment_id


@pytest.mark.parametrize("state", [MemberState.PAUSED, MemberState.SUSPENDED])
def test_somebody_who_may_not_judge_still_sees_their_answers(client, state):
    member = VoteFactory(assignment__member__state=state).assignment.member
    client.force_login(member.user)

    response = client.get(reverse("history", args=[member.campaign.slug]))

    assert response.status_code == 200
    assert len(response.context["judged"]) == 1
