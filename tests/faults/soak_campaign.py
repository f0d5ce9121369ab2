"""Makes a campaign with people for `tests.faults.soak`, and says their names. A process of its own, which holds nothing after."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from annotator.models import ReviewRule  # noqa: E402 - the models need the settings
from annotator.quality.rules import ensure_rules  # noqa: E402
from benchmarks.support.campaigns import load_campaign, make_annotators  # noqa: E402


def main(pairs: int, annotators: int) -> None:
    campaign = load_campaign(pairs)
    # People who answer by turns would be suspended by rule.
    ReviewRule.objects.filter(pk__in=[rule.pk for rule in ensure_rules(campaign)]).update(enabled=False)
    users = make_annotators(campaign, annotators, name="soak")
    print(json.dumps({"slugs": [campaign.slug], "users": [user.username for user in users]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
