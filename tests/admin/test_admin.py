"""The administration: every page opens, lists cost the same for any number of rows, and changes go through the verbs."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator import models
from annotator.admin.base import BoundedPaginator
from annotator.campaigns import guidelines
from annotator.choices import AssignmentState, CampaignState, MemberState, PairState, Role
from annotator.models import Assignment, Campaign, Guideline, Member, Pair, Question, Release, Token, User, Vote
from annotator.models.campaign_rules import SETTINGS
from tests.factories import (
    AnnotatorStatsFactory,
    AppealFactory,
    AssignmentFactory,
    CampaignFactory,
    ConsensusFactory,
    FlagFactory,
    GeneratorFactory,
    GuidelineFactory,
    ImportFactory,
    MemberFactory,
    ModerationActionFactory,
    PairFactory,
    ReleaseFactory,
    ReviewRuleFactory,
    TokenFactory,
    UserFactory,
    VoteFactory,
)
from tests.judges import judge_all

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model.__name__)
READ_ONLY = {
    "ModerationAction",
    "Appeal",
    "Assignment",
    "Consensus",
    "Flag",
    "Generator",
    "Image",
    "Import",
    "Prompt",
    "Release",
    "ReviewRule",
    "AnnotatorStats",
    "Vote",
}


@pytest.fixture
def boss() -> User:
    return UserFactory(username="boss", is_staff=True, is_superuser=True)


@pytest.fixture
def client(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def one_of_each() -> dict[type, object]:
    """A row of every table, all of one campaign."""
    vote = VoteFactory(assignment__member__campaign__slug=f"slug-{Campaign.objects.count()}")
    member, pair = vote.assignment.member, vote.assignment.pair
    campaign = member.campaign
    pair.image_a.generator = GeneratorFactory(campaign=campaign)
    pair.image_a.save()
    import_ = ImportFactory(campaign=campaign, lines_failed=1)
    models.LineError.objects.create(line_of=import_, number=3, field="prompt", message="The prompt is <empty>.")
    release = ReleaseFactory(campaign=campaign)
    models.ReleaseFile.objects.create(release=release, path="pairs/train-00000-of-00001.parquet", size=1, sha256="0" * 64)
    rows = [
        *(vote, vote.assignment, member, member.user, pair, pair.prompt, pair.image_a, pair.image_a.generator, campaign),
        *(import_, release, GuidelineFactory(campaign=campaign), TokenFactory(user=member.user)),
        *(
            FlagFactory(assignment__member=member, assignment__pair=pair, assignment__kind="repeat"),
            ConsensusFactory(pair=pair),
            Group.objects.create(name=campaign.slug),
            models.HubAccount.objects.create(campaign=campaign, repository="flowers/birds", sealed_token="sealed"),
            models.Publication.objects.create(release=release, repository="flowers/birds"),
            models.ReleaseShard.objects.create(release=release, path="pairs/train-00000-of-00001.parquet"),
            *(AnnotatorStatsFactory(member=member), ReviewRuleFactory(campaign=campaign)),
            *(ModerationActionFactory(member=member), AppealFactory(member=member)),
        ),
    ]
    return {type(row): row for row in rows}


INLINE = re.compile(r"<[^>]+\sstyle=|<style|<script(?![^>]*(\ssrc=|application/json|text/template))|<[^>]+\son[a-z]+=")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens_without_inline_scripts_or_styles(client: Client, model: type) -> None:
    row = one_of_each()[model]
    for page in (address(model, "changelist"), address(model, "change", row.pk)):
        response = client.get(page)
        assert response.status_code == 200
        assert not INLINE.search(response.content.decode())
    assert client.get(address(model, "history", row.pk)).status_code == 200
    is_made_here = admin.site._registry[model].has_add_permission(response.wsgi_request)
    assert client.get(address(model, "add")).status_code == (200 if is_made_here else 403)
    assert client.get(address(model, "changelist"), {"q": "x'\"%_7"}).status_code == 200
    assert client.get(address(model, "changelist"), {"nonsense": "1"}).status_code in (200, 302)


def test_lists_cost_the_same_for_ten_times_the_rows(client: Client, django_assert_max_num_queries) -> None:
    def queries(model: type) -> int:
        with django_assert_max_num_queries(12, info=model.__name__) as captured:
            assert client.get(address(model, "changelist")).status_code == 200
        return len(captured)

    one_of_each()
    client.get(address(User, "changelist"))
    few = {model.__name__: queries(model) for model in MODELS}
    for _ in range(9):
        one_of_each()
    assert {model.__name__: queries(model) for model in MODELS} == few


def test_nothing_is_deleted_that_the_database_protects(client: Client) -> None:
    rows = one_of_each()
    for model in MODELS:
        row = rows[model]
        data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        assert client.post(address(model, "changelist"), data).status_code in (200, 302), model
        response = client.post(address(model, "delete", row.pk), {"post": "yes"})
        assert response.status_code == (302 if model is Group else 200 if model is User else 403), model
        assert model.objects.filter(pk=row.pk).exists() == (model is not Group), model


@pytest.mark.parametrize("name", sorted(READ_ONLY))
def test_what_people_said_and_what_follows_from_it_is_read_only(client: Client, name: str) -> None:
    model = getattr(models, name)
    row = one_of_each()[model]
    before = model.objects.filter(pk=row.pk).values().get()
    assert client.post(address(model, "add"), {}).status_code == 403
    assert client.post(address(model, "change", row.pk), {"choice": "b", "state": "failed"}).status_code == 403
    assert model.objects.filter(pk=row.pk).values().get() == before
    page = client.get(address(model, "change", row.pk)).content.decode()
    assert 'name="_save"' not in page


def test_staff_without_rights_see_nothing_and_those_with_rights_see_what_they_may() -> None:
    rows = one_of_each()
    helper = UserFactory(is_staff=True)
    client = Client()
    client.force_login(helper)
    assert client.get(address(Vote, "changelist")).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="view_vote"))
    assert client.get(address(Vote, "changelist")).status_code == 200
    assert client.get(address(Vote, "change", rows[Vote].pk)).status_code == 200
    assert client.get(address(Pair, "changelist")).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="view_pair"))
    answer = client.post(address(Pair, "changelist"), {"action": "hold", "_selected_action": [rows[Pair].pk]})
    assert answer.status_code in (200, 302, 403)
    rows[Pair].refresh_from_db()
    assert rows[Pair].state == PairState.OPEN


def test_strangers_are_sent_to_the_log_in() -> None:
    assert Client().get(address(Vote, "changelist")).status_code == 302


# --- lists of any length


def test_a_small_list_is_counted_exactly() -> None:
    MemberFactory.create_batch(3)
    assert BoundedPaginator(Member.objects.order_by("-pk"), 2).count == 3


def test_a_long_list_is_not_counted_to_its_end(monkeypatch, django_assert_num_queries) -> None:
    monkeypatch.setattr(BoundedPaginator, "EXACT_UP_TO", 3)
    monkeypatch.setattr(BoundedPaginator, "LAST_PAGE", 2)
    MemberFactory.create_batch(5)
    with django_assert_num_queries(2) as captured:
        whole = BoundedPaginator(Member.objects.order_by("-pk"), 1)
        assert whole.count >= 4
    assert "LIMIT 4" in captured[0]["sql"]
    assert "reltuples" in captured[1]["sql"]
    assert whole.num_pages == 2
    assert BoundedPaginator(Member.objects.filter(pk__gt=0), 1).count == 4


@pytest.mark.parametrize("model", [Assignment, Vote])
def test_judgments_are_found_by_pair_user_name_and_pseudonym(client: Client, model: type) -> None:
    rows, others = one_of_each(), one_of_each()
    member = rows[Member]
    for term in (str(rows[Pair].pk), member.user.username, member.public_id):
        page = client.get(address(model, "changelist"), {"q": term}).content.decode()
        assert address(model, "change", rows[model].pk) in page
        assert address(model, "change", others[model].pk) not in page


# --- campaigns

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


def run(client: Client, model: type, action: str, *rows: object) -> str:
    """Run an action on rows, and return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(address(model, "changelist"), data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


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


def test_a_release_lists_its_files_as_links(client: Client) -> None:
    release = one_of_each()[Release]
    page = client.get(address(Release, "change", release.pk)).content.decode()
    assert reverse("api:release_file", args=[release.campaign.slug, 1, "pairs/train-00000-of-00001.parquet"]) in page


def test_an_import_says_why_lines_were_refused(client: Client) -> None:
    page = client.get(address(models.Import, "change", one_of_each()[models.Import].pk)).content.decode()
    assert "The prompt is &lt;empty&gt;." in page


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


# --- pairs


def test_pairs_show_both_images_and_their_generators(client: Client) -> None:
    pair = one_of_each()[Pair]
    page = client.get(address(Pair, "changelist")).content.decode()
    for image in (pair.image_a, pair.image_b):
        assert reverse("image", args=[image.public_id, 640]) in page
    assert pair.image_a.generator.name in page


def test_pairs_are_filtered_and_searched(client: Client) -> None:
    rows, others = one_of_each(), one_of_each()
    pair, other = rows[Pair], others[Pair]
    Pair.objects.filter(pk=pair.pk).update(state=PairState.HELD, gold_choice="a", external_id="ext-7")
    models.Prompt.objects.filter(pk=pair.prompt_id).update(text="A heron at dusk")
    for query in (
        {"campaign__id__exact": pair.campaign_id},
        {"state__exact": "held"},
        {"gold": "yes"},
        {"generator": pair.image_a.generator.name},
        {"generator": pair.image_a.generator.name, "campaign__id__exact": pair.campaign_id},
        {"q": "heron"},
        {"q": "ext-7"},
    ):
        found = client.get(address(Pair, "changelist"), query).context["cl"].result_list
        assert [row.pk for row in found] == [pair.pk], query
    found = client.get(address(Pair, "changelist"), {"gold": "no"}).context["cl"].result_list
    assert other.pk in [row.pk for row in found]
    assert pair.pk not in [row.pk for row in found]


def test_pairs_are_held_and_put_back(client: Client) -> None:
    pair = PairFactory(seats_taken=2, seats_a_on_left=2)
    shown = AssignmentFactory(pair=pair, member__campaign=pair.campaign, shown_at=timezone.now())
    unseen = AssignmentFactory(pair=pair, member__campaign=pair.campaign)
    assert "Held: 1." in run(client, Pair, "hold", pair)
    for row in (pair, shown, unseen):
        row.refresh_from_db()
    assert (pair.state, pair.seats_taken) == (PairState.HELD, 1)
    assert (shown.state, unseen.state) == (AssignmentState.OPEN, AssignmentState.EXPIRED)
    assert "Held: 0." in run(client, Pair, "hold", pair)
    assert "Released: 1." in run(client, Pair, "put_back", pair)
    pair.refresh_from_db()
    assert pair.state == PairState.OPEN


@pytest.mark.parametrize(("action", "priority"), [("first_in_line", 1), ("end_of_line", -1), ("middle_of_line", 0)])
def test_pairs_are_moved_in_the_line(client: Client, action: str, priority: int) -> None:
    pair = PairFactory(priority=5)
    run(client, Pair, action, pair)
    pair.refresh_from_db()
    assert pair.priority == priority


def test_a_pair_is_made_gold_and_ordinary_again(client: Client) -> None:
    pair = PairFactory()
    form = {"priority": 2, "gold_choice": "b", "gold_note": "The cube is red."}
    assert client.post(address(Pair, "change", pair.pk), form).status_code == 302
    pair.refresh_from_db()
    assert (pair.priority, pair.gold_choice, pair.gold_note) == (2, "b", "The cube is red.")
    form = {"priority": 2, "gold_choice": "", "gold_note": ""}
    assert client.post(address(Pair, "change", pair.pk), form).status_code == 302
    pair.refresh_from_db()
    assert pair.gold_choice is None


def test_the_known_answer_is_fixed_once_somebody_works_on_the_pair_but_the_note_is_not(client: Client) -> None:
    pair = PairFactory(gold_choice="a")
    AssignmentFactory(pair=pair, member__campaign=pair.campaign, kind="gold")
    form = {"priority": 0, "gold_choice": "b", "gold_note": ""}
    response = client.post(address(Pair, "change", pair.pk), form)
    assert response.status_code == 200
    assert "already measured by this known answer" in response.context["adminform"].errors["gold_choice"][0]
    form = {"priority": 0, "gold_choice": "a", "gold_note": "Better said."}
    assert client.post(address(Pair, "change", pair.pk), form).status_code == 302
    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_note) == ("a", "Better said.")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"priority": 0, "gold_choice": "both_good", "gold_note": ""}, "gold_choice"),
        ({"priority": 0, "gold_choice": "left", "gold_note": ""}, "gold_choice"),
        ({"priority": 0, "gold_choice": "", "gold_note": "Why?"}, "gold_note"),
        ({"priority": 40000, "gold_choice": "a", "gold_note": ""}, "priority"),
        ({"priority": "", "gold_choice": "a", "gold_note": ""}, "priority"),
    ],
)
def test_a_pair_with_a_bad_value_is_refused_in_the_form(client: Client, form: dict[str, object], field: str) -> None:
    pair = PairFactory()
    pair.campaign.questions.update(choices=["a", "b"])
    response = client.post(address(Pair, "change", pair.pk), form)
    assert response.status_code == 200
    assert response.context["adminform"].errors[field]


# --- people and tokens


def test_a_member_is_added_and_given_another_role(client: Client) -> None:
    campaign, user = CampaignFactory(), UserFactory()
    form = {"campaign": campaign.pk, "user": user.pk, "role": "annotator"}
    assert client.post(address(Member, "add"), form).status_code == 302
    member = Member.objects.get(campaign=campaign, user=user)
    assert client.post(address(Member, "add"), form).context["adminform"].errors
    assert client.post(address(Member, "change", member.pk), {"role": "reviewer"}).status_code == 302
    member.refresh_from_db()
    assert member.role == Role.REVIEWER


def test_members_are_paused_and_let_work_again_unless_more_was_decided(client: Client) -> None:
    member, gone = MemberFactory(), MemberFactory(state=MemberState.WITHDRAWN)
    page = run(client, Member, "pause", member, gone)
    assert "Paused: 1." in page
    assert "cannot be paused or resumed" in page
    member.refresh_from_db()
    gone.refresh_from_db()
    assert (member.state, gone.state) == (MemberState.PAUSED, MemberState.WITHDRAWN)
    run(client, Member, "let_work", member)
    member.refresh_from_db()
    assert member.state == MemberState.ACTIVE


def test_members_are_suspended_and_let_back_with_their_votes(client: Client, boss: User) -> None:
    member, gone = MemberFactory(), MemberFactory(state=MemberState.WITHDRAWN)
    PairFactory.create_batch(3, campaign=member.campaign)
    judge_all(member)

    page = run(client, Member, "suspend", member, gone)

    for words in ("Suspended: 1.", "Seats released: 3.", "cannot be suspended"):
        assert words in page
    member.refresh_from_db()
    assert member.state == MemberState.SUSPENDED
    assert set(Vote.objects.values_list("void_reason", "voided_by")) == {("suspended", boss.pk)}

    page = run(client, Member, "lift_suspension", member, gone)

    for words in ("Reinstated: 1.", "Answers restored: 3.", "not suspended"):
        assert words in page
    member.refresh_from_db()
    assert member.state == MemberState.ACTIVE
    assert Vote.objects.live().count() == 3


def test_a_token_is_revoked_once_and_its_digest_never_shown(client: Client) -> None:
    token = TokenFactory()
    assert "Revoked: 1." in run(client, Token, "revoke", token)
    assert "Revoked: 0." in run(client, Token, "revoke", token)
    for page in (address(Token, "changelist"), address(Token, "change", token.pk)):
        assert token.digest not in client.get(page).content.decode()
    assert not Token.objects.usable(timezone.now()).exists()


def test_a_user_is_made_with_a_password(client: Client) -> None:
    password = "a long and unusual phrase"
    form = {"username": "fresh", "usable_password": "true", "password1": password, "password2": password}
    assert client.post(address(User, "add"), form).status_code == 302
    assert User.objects.get(username="fresh").check_password(password)
