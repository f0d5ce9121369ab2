"""The manager's pages and the administration in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from annotator.choices import CampaignState, Role
from annotator.models import Campaign, CampaignProgress, Member
from annotator.scoring.progress import roll_up
from tests.browser.conftest import PHONE, make_pairs
from tests.browser.driver import Remote, expect
from tests.factories import ImportFactory, MemberFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POLL_MS = 5000


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER, campaign__name="Shapes", user__is_staff=True, user__is_superuser=True)


def page_of(campaign: Campaign) -> str:
    return reverse("campaign_page", args=[campaign.slug])


def count(campaign: Campaign, votes: int) -> None:
    CampaignProgress.objects.filter(campaign=campaign).update(votes_wanted=300, votes_live=votes)


def with_clock(page: Remote) -> Remote:
    """The page anew, its time in the test's hands."""
    page.clock.install()
    page.reload()
    return page


def poll(page: Remote) -> None:
    """Let the time until the next poll pass, and wait for its answer."""
    # The answer to the last one is in the page, which counts the time to the next one from there.
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)
    with page.expect_response("**/progress/"):
        page.clock.fast_forward(POLL_MS)


def test_the_figures_follow_the_votes_while_somebody_looks(open_page, manager):
    campaign = manager.campaign
    count(campaign, 30)
    page = with_clock(open_page(manager, page_of(campaign)))
    expect(page.locator("#progress")).to_contain_text("30 of 300 votes")
    page.get_by_label("Username or email").fill("half-typed")

    count(campaign, 60)
    MemberFactory(campaign=campaign, user__username="newcomer")
    poll(page)
    expect(page.locator("#progress")).to_contain_text("60 of 300 votes")
    expect(page.locator("#member-rows")).to_contain_text("newcomer")
    count(campaign, 90)
    poll(page)
    expect(page.locator("#progress")).to_contain_text("90 of 300 votes")
    assert page.get_by_label("Username or email").input_value() == "half-typed"


def test_nothing_is_fetched_while_nobody_looks_or_the_campaign_is_closed(open_page, manager):
    campaign = manager.campaign
    count(campaign, 30)
    page = with_clock(open_page(manager, page_of(campaign)))
    fetched: list[str] = []
    piece = reverse("campaign_progress", args=[campaign.slug])
    page.on("request", lambda request: fetched.append(request.url) if request.url.endswith(piece) else None)

    set_hidden = "hidden => Object.defineProperty(document, 'hidden', {value: hidden, configurable: true})"
    page.evaluate(set_hidden, True)
    page.clock.fast_forward(2 * POLL_MS)
    assert fetched == []
    Campaign.objects.update(state=CampaignState.CLOSED)
    page.evaluate(set_hidden, False)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#state")).to_contain_text("Closed")
    assert len(fetched) == 1
    page.clock.fast_forward(2 * POLL_MS)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert len(fetched) == 1


def test_a_campaign_is_made_filled_and_opened_without_javascript(open_page, tmp_path: Path):
    manager = MemberFactory(user__is_staff=True)
    UserFactory(username="ana")
    page = open_page(manager, reverse("new_campaign"), java_script_enabled=False)
    page.get_by_label("Name", exact=True).fill("Winter scenes")
    page.get_by_label("Guideline").fill("Look *closely*.")
    page.get_by_role("button", name="Create campaign").click()
    expect(page.get_by_role("heading", name="Before you open it")).to_be_visible()

    page.get_by_role("link", name="Edit the guideline").click()
    page.get_by_label("Text").fill("Look **very** closely.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview strong")).to_have_text("very")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 2 of the guideline is published")).to_be_visible()

    page.get_by_label("Username or email").fill("anna")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("No account has this name")).to_be_visible()
    page.get_by_label("Username or email").fill("ana")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#member-rows")).to_contain_text("ana")

    file = tmp_path / "winter.jsonl"
    file.write_text('{"prompt": "snow"}\n')
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#import-rows")).to_contain_text("winter.jsonl")

    page.get_by_role("link", name="Open…").click()
    expect(page.get_by_text("There are no pairs to judge.")).to_be_visible()
    expect(page.get_by_role("button", name="Open the campaign")).to_be_disabled()
    campaign = Campaign.objects.get(slug="winter-scenes")
    make_pairs(campaign, 1)
    page.reload()
    page.get_by_role("button", name="Open the campaign").click()
    expect(page.locator("#state")).to_contain_text("Annotators can judge pairs.")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.guidelines.count(), campaign.imports.count()) == (CampaignState.OPEN, 2, 1)
    assert sorted(campaign.members.values_list("user__username", "role")) == sorted(
        [("ana", Role.ANNOTATOR.value), (manager.user.username, Role.MANAGER.value)]
    )


def test_no_page_is_wider_than_a_phone(open_page, manager):
    campaign = manager.campaign
    MemberFactory(campaign=campaign, user__username="a-rather-long-user-name-of-somebody@an-organisation.example.org")
    import_ = ImportFactory(campaign=campaign, file_name="a_file_name_without_any_place_where_it_could_break_nicely.parquet")
    page = open_page(manager, page_of(campaign), viewport=PHONE)
    names = ["campaign_page", "members", "imports", "releases", "campaign_settings", "edit_guideline"]
    addresses = [reverse(name, args=[campaign.slug]) for name in names]
    for path in (*addresses, reverse("import_page", args=[campaign.slug, import_.pk]), reverse("new_campaign")):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


def test_the_administration_works_under_the_content_security_policy(open_page, manager):
    """What the browser refuses to run or to show fails the test in `open_page`."""
    first, _ = make_pairs(manager.campaign, 2)
    roll_up(campaign=manager.campaign)
    page = open_page(manager, reverse("admin:annotator_pair_changelist"))
    thumbnails = page.locator("img.thumbnail")
    expect(thumbnails).to_have_count(4)
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    page.locator(f"input[name=_selected_action][value='{first.pk}']").check()
    page.locator("select[name=action]").select_option("hold")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Held: 1.")).to_be_visible()

    page.goto(reverse("admin:annotator_member_add"))
    page.locator(".field-campaign .select2-selection").click()
    page.locator(".select2-search__field").fill("Shap")
    expect(page.locator(".select2-results__option", has_text=manager.campaign.slug)).to_be_visible()
    for name in ("index", "annotator_campaign_changelist", "annotator_campaign_add", "annotator_guideline_add"):
        page.goto(reverse(f"admin:{name}"))
        expect(page.locator("#site-name")).to_contain_text("Diptych")
