"""A campaign that trains its annotators, and people who do the training."""

from __future__ import annotations

from annotator.judging import training
from annotator.models import Campaign, Member
from tests.factories import CampaignFactory, PairFactory


def training_campaign() -> Campaign:
    """Four training pairs of six, three of them right to pass, two tries."""
    campaign = CampaignFactory(training_pairs=4, training_pass_mark=0.75, training_tries=2)
    PairFactory.create_batch(6, campaign=campaign, gold_choice="a", gold_use="training", gold_note="The hand has five fingers.")
    PairFactory.create_batch(5, campaign=campaign)
    return campaign


def answer(member: Member, choice: str) -> training.Feedback:
    seat = training.next_training(member=member)
    assert seat is not None
    return training.answer_training(assignment_id=seat.pk, by=member.user, choices={"overall": choice})


def do_training(member: Member, choices: str) -> Member:
    for choice in choices:
        answer(member, choice)
    member.refresh_from_db()
    return member
