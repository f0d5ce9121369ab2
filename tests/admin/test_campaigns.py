"""Campaigns and guidelines in the admin: changes go through the verbs, and refusals are shown."""

from __future__ import annotations

import pytest
from django.forms import model_to_dict
from django.test import Client

from annotator.campaigns import guidelines
from annotator.choices import CampaignState, Role
from annotator.models import Campaign, Guideline, Question, Release, User
from annotator.models.campaign_rules import SETTINGS
from tests.admin.pages import address, run
from tests.factories import CampaignFactory, GuidelineFactory, PairFactory

pytestmark = pytest.mark.django_db


RULES = {
    **{name: value for name, value in model_to_dict(Campaign(), SETTINGS).items() if value is not None and value is not False},
    "votes_wanted": 4,
    "votes_max": 7,
    "lease_seconds": 600,
    "pairing_rule": "ring",
}


def test_a_campaign_made_here_has_what_the_verb_gives_it(client: Client, boss: User) -> None:
    form = {"name": "Scenes", "slug": "scenes"} | RULES
    assert client.post(address(Campaign, "add"), form).status_code == 302
    campaign = Campaign.objects.get(slug="scenes")
    assert (campaign.votes_wanted, campaign.votes_max, campaign.limit_per_day, campaign.created_by) == (4, 7, None, boss)
    assert campaign.progress.votes_live == 0
    assert campaign.questions.get().is_primary
    assert campaign.members.get().role == Role.MANAGER


@pytest.mark.parametrize(
    ("field", "value"), [("slug", "Not a slug"), ("slug", "taken"), ("votes_wanted", 0), ("votes_max", 3), ("name", "")]
)
def test_a_campaign_with_a_bad_value_is_refused_in_the_form(client: Client, field: str, value: object) -> None:
    CampaignFactory(slug="taken")
    response = client.post(address(Campaign, "add"), {"name": "Scenes", "slug": "scenes"} | RULES | {field: value})
    assert response.status_code == 200
    assert list(response.context["adminform"].errors) == [field]


def test_changing_the_votes_wanted_reaches_the_pairs(client: Client) -> None:
    campaign = CampaignFactory(state=CampaignState.OPEN)
    pair = PairFactory(campaign=campaign)
    question = campaign.questions.get()
    form = {"name": "New name", "slug": "other"} | RULES | {"votes_wanted": 7}
    inline = {"questions-TOTAL_FORMS": 1, "questions-INITIAL_FORMS": 1, "questions-0-id": question.pk}
    inline |= {"questions-0-campaign": campaign.pk, "questions-0-text": "Which one?", "questions-0-slug": "changed"}
    assert client.post(address(Campaign, "change", campaign.pk), form | inline).status_code == 302
    slug = campaign.slug
    campaign.refresh_from_db()
    pair.refresh_from_db()
    question.refresh_from_db()
    assert (campaign.slug, campaign.name, campaign.votes_wanted, pair.votes_wanted) == (slug, "New name", 7, 7)
    assert (question.text, question.slug) == ("Which one?", "overall")


def questions_form(campaign: Campaign, *rows: dict[str, object]) -> dict[str, object]:
    """What the form of a draft posts, with these questions."""
    form: dict[str, object] = {"name": "Draft"} | RULES
    form |= {"questions-TOTAL_FORMS": len(rows), "questions-INITIAL_FORMS": sum("id" in row for row in rows)}
    for number, row in enumerate(rows):
        filled = {"choices": ["a", "b"], "text": "Which?", "campaign": campaign.pk, **row}
        form |= {f"questions-{number}-{name}": value for name, value in filled.items()}
    return form


def test_questions_of_a_draft_can_be_added_and_taken_away(client: Client) -> None:
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    first = campaign.questions.get()
    second = {"position": 1, "slug": "adherence", "text": "Which follows the prompt?"}
    form = questions_form(campaign, {"id": first.pk, "position": 0, "slug": "overall"}, second)
    assert client.post(address(Campaign, "change", campaign.pk), form).status_code == 302
    added = campaign.questions.get(position=1)
    assert added.choices == ["a", "b"]
    form = questions_form(
        campaign,
        {"id": first.pk, "position": 0, "slug": "overall"},
        {"id": added.pk, "position": 1, "slug": "adherence", "DELETE": "on"},
    )
    assert client.post(address(Campaign, "change", campaign.pk), form).status_code == 302
    assert campaign.questions.get() == first


@pytest.mark.parametrize(
    "change",
    [
        [{"position": 1, "slug": "overall"}],  # no primary question
        [{"position": 0, "slug": "overall", "DELETE": "on"}],
        [{"position": 0, "slug": "overall"}, {"position": 0, "slug": "second"}],
        [{"position": 0, "slug": "overall"}, {"position": 1, "slug": "overall"}],
        [{"position": 0, "slug": "overall", "choices": ["a", "both_good"]}],
        [{"position": 0, "slug": "overall", "choices": ["a", "b", "left"]}],
        [{"position": 0, "slug": "Not A Slug"}],
    ],
)
def test_questions_that_cannot_be_are_refused_in_the_form(client: Client, change: list[dict[str, object]]) -> None:
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    first = campaign.questions.get()
    response = client.post(
        address(Campaign, "change", campaign.pk), questions_form(campaign, {"id": first.pk, **change[0]}, *change[1:])
    )
    assert response.status_code == 200
    assert Question.objects.get(campaign=campaign).slug == "overall"


def test_campaigns_are_opened_paused_and_closed_and_refused_steps_are_said(client: Client) -> None:
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    for action, state in (("open_them", "open"), ("pause_them", "paused"), ("close_them", "closed")):
        run(client, Campaign, action, campaign)
        campaign.refresh_from_db()
        assert campaign.state == state
    assert "cannot become paused" in run(client, Campaign, "pause_them", campaign)


def test_a_release_is_asked_for_from_the_list_of_campaigns(client: Client, boss: User) -> None:
    campaign = CampaignFactory()
    assert "Releases queued: 1." in run(client, Campaign, "build_releases", campaign)
    assert Release.objects.get(campaign=campaign).created_by == boss


# --- guidelines


def test_a_draft_of_a_guideline_is_written_changed_and_published(client: Client, boss: User) -> None:
    campaign = CampaignFactory()
    GuidelineFactory(campaign=campaign, version=1)
    assert client.post(address(Guideline, "add"), {"campaign": campaign.pk, "text": "First."}).status_code == 302
    draft = campaign.guidelines.get(version=2)
    assert (draft.published_at, draft.author) == (None, boss)
    assert client.post(address(Guideline, "change", draft.pk), {"text": "# Better <script>"}).status_code == 302
    page = client.get(address(Guideline, "change", draft.pk)).content.decode()
    assert "Better &lt;script&gt;</h" in page
    assert Campaign.objects.get(pk=campaign.pk).guideline.version == 1
    run(client, Guideline, "publish", draft)
    assert Campaign.objects.get(pk=campaign.pk).guideline.text == "# Better <script>"


def test_a_draft_is_published_after_what_was_published_meanwhile(client: Client) -> None:
    campaign = CampaignFactory()
    draft = GuidelineFactory(campaign=campaign, version=1, published_at=None)
    guidelines.publish_guideline(campaign=campaign, text="Newer.", by=None)
    run(client, Guideline, "publish", draft)
    assert Campaign.objects.get(pk=campaign.pk).guideline == draft
    assert "is already published" in run(client, Guideline, "publish", draft)


def test_a_published_guideline_cannot_be_changed(client: Client) -> None:
    guideline = GuidelineFactory()
    assert client.post(address(Guideline, "change", guideline.pk), {"text": "Other."}).status_code == 403
    guideline.refresh_from_db()
    assert guideline.text == "Judge the *whole* image."
