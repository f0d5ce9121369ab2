"""What a campaign lacks before it can be opened, and what is doubtful about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.campaigns.lifecycle import change_state
from annotator.choices import CampaignState, Role
from annotator.errors import Conflict
from annotator.models import Campaign, Generator, Invite, Member, PairSeats, User
from annotator.models.pair_seats import AUDIT, FREE, FULL, GOLD, SHORT

FEW_PAIRS = 100  # below it, an interval of agreement is wider than what it should tell
SECONDS_PER_VOTE = 8  # that people take for a pair, before any vote of the campaign says so


class Finding(NamedTuple):
    """One thing that is missing or doubtful. `page` is the address (by name) where a manager mends it."""

    code: str
    text: str
    page: str


@dataclass(frozen=True)
class Readiness:
    """Whether a campaign can be opened. What is `missing` prevents it; what is `doubtful` is only said."""

    missing: list[Finding]
    doubtful: list[Finding]
    votes: int  # that its pairs want, as last counted

    @property
    def is_ready(self) -> bool:
        return not self.missing

    @property
    def hours(self) -> float:
        """Of work, if people take SECONDS_PER_VOTE for a pair."""
        return self.votes * SECONDS_PER_VOTE / 3600


def readiness_of(campaign: Campaign) -> Readiness:
    """What the campaign lacks, from a few short queries."""
    of_campaign = PairSeats.objects.filter(of_campaign=campaign)
    pairs = of_campaign.filter(line__in=[FREE, FULL, SHORT, AUDIT])[:FEW_PAIRS].count()
    return Readiness(
        missing=_missing(campaign, pairs),
        doubtful=_doubtful(campaign, pairs, has_gold=of_campaign.filter(line=GOLD).exists()),
        votes=campaign.progress.votes_wanted,
    )


def _missing(campaign: Campaign, pairs: int) -> list[Finding]:
    found = []
    if not pairs:
        found.append(Finding("no_pairs", gettext("There are no pairs to judge. Import some."), "imports"))
    if campaign.guideline_id is None:
        found.append(Finding("no_guideline", gettext("There is no guideline. Annotators read it first."), "edit_guideline"))
    if not _has_annotators(campaign):
        found.append(
            Finding(
                "no_annotators", gettext("Nobody can annotate. Make an invite link, or add a member as an annotator."), "invites"
            )
        )
    return found


def _has_annotators(campaign: Campaign) -> bool:
    if Member.objects.active().filter(campaign=campaign, role=Role.ANNOTATOR).exists():
        return True
    return Invite.objects.usable(timezone.now()).filter(campaign=campaign, role=Role.ANNOTATOR).exists()


def _doubtful(campaign: Campaign, pairs: int, *, has_gold: bool) -> list[Finding]:
    found = []
    if not has_gold:
        found.append(
            Finding(
                "no_gold",
                gettext("No pair has a known answer, so nothing shows who answers carelessly. Mark some as gold."),
                "pairs",
            )
        )
    if 0 < pairs < FEW_PAIRS:
        found.append(
            Finding(
                "few_pairs",
                gettext("With fewer than %(few_pairs)s pairs, agreement and scores stay vague.") % {"few_pairs": FEW_PAIRS},
                "plan",
            )
        )
    if campaign.votes_max == 1:
        found.append(
            Finding(
                "one_vote",
                gettext("Each pair gets one vote, so agreement between people cannot be measured."),
                "campaign_settings",
            )
        )
    generators = Generator.objects.filter(campaign=campaign)[:2].count()
    if pairs and generators < 2:
        text = gettext("All images are from one generator.") if generators else gettext("No image says which generator made it.")
        found.append(Finding("one_generator", f"{text} There will be no leaderboard.", "imports"))
    return found


@transaction.atomic
def open_campaign(*, campaign: Campaign, by: User | None) -> Campaign:
    """Open a draft that lacks nothing. Raises Conflict (not_ready), naming what is missing, and as `change_state` does."""
    missing = readiness_of(campaign).missing if campaign.state == CampaignState.DRAFT else []
    if missing:
        raise Conflict(
            gettext("%(name)s cannot be opened yet. %(value)s")
            % {"name": campaign.name, "value": " ".join(found.text for found in missing)},
            code="not_ready",
        )
    return change_state(campaign=campaign, state=CampaignState.OPEN, by=by)
