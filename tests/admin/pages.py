"""What the tests of the admin share: addresses, a row of every table, and actions."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from annotator import models
from annotator.models import Campaign
from tests.factories import (
    AnnotatorStatsFactory,
    AppealFactory,
    ConsensusFactory,
    FlagFactory,
    GeneratorFactory,
    GuidelineFactory,
    ImportFactory,
    LabelFitFactory,
    ModerationActionFactory,
    ReleaseFactory,
    ReviewRuleFactory,
    SplitPriorFactory,
    TokenFactory,
    VoteFactory,
)


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
            *(ConsensusFactory(pair=pair), LabelFitFactory(question=campaign.questions.get(position=0))),
            SplitPriorFactory(question=campaign.questions.get(position=0)),
            Group.objects.create(name=campaign.slug),
            models.HubAccount.objects.create(campaign=campaign, repository="flowers/birds", encrypted_token="encrypted"),
            models.Publication.objects.create(release=release, repository="flowers/birds"),
            models.ReleaseShard.objects.create(release=release, path="pairs/train-00000-of-00001.parquet"),
            *(AnnotatorStatsFactory(member=member), ReviewRuleFactory(campaign=campaign)),
            *(ModerationActionFactory(member=member), AppealFactory(member=member)),
        ),
    ]
    return {type(row): row for row in rows}


def run(client: Client, model: type, action: str, *rows: object) -> str:
    """Run an action on rows, and return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = client.post(address(model, "changelist"), data, follow=True)
    assert response.status_code == 200
    return response.content.decode()
