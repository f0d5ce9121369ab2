"""Every named constraint and trigger of the database, each with what it must refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import BaseConstraint, UniqueConstraint
from django.utils import timezone

from annotator.models import (
    Campaign,
    Generator,
    GoldDecision,
    ImportBatch,
    LineError,
    Member,
    Prompt,
    Publication,
    Release,
    ReleaseFile,
    ReleaseShard,
    RingCursor,
    ServerEpoch,
)
from annotator.models.campaign_rules import RULES, limits_of
from tests import factories as make

pytestmark = pytest.mark.django_db

ATTEMPTS: dict[str, Callable[[], Any]] = {}


def refuses(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register an attempt that must be refused by the named constraint or trigger."""

    def register(attempt: Callable[[], Any]) -> Callable[[], Any]:
        ATTEMPTS[name] = attempt
        return attempt

    return register


def changed(row: Any, **values: Any) -> None:
    """Change the row in the database, past every check in Python."""
    assert type(row).objects.filter(pk=row.pk).update(**values) == 1


def setting(name: str, value: Any) -> None:
    """A campaign with this value of a rule. Its votes per pair can go up to their limit."""
    changed(make.CampaignFactory(votes_max=100), **{name: value})


def deleted(row: Any) -> None:
    type(row).objects.filter(pk=row.pk).delete()


def release_in(state: str) -> Release:
    release = make.ReleaseFactory()
    changed(release, state=state, revision="a" * 40, finished_at=timezone.now())
    return release


def release_file() -> ReleaseFile:
    return ReleaseFile.objects.create(release=make.ReleaseFactory(), path="README.md", size=1, sha256="b" * 64)


def decision(**values: Any) -> GoldDecision:
    return GoldDecision.objects.create(**{"pair": make.PairFactory(), "act": "made", "decided_at": timezone.now()} | values)


# --- campaigns
ATTEMPTS |= {
    "campaign_state_known": lambda: changed(make.CampaignFactory(), state="running"),
    "assignment_repeat_once_per_member_and_pair": lambda: make.AssignmentFactory(
        member=(first := make.AssignmentFactory(kind="repeat")).member, pair=first.pair, kind="repeat"
    ),
    "gold_decision_act_known": lambda: decision(act="doubted"),
    "gold_decision_choice_known": lambda: decision(gold_choice="left"),
    "gold_decision_wrong_within_answers": lambda: decision(answers_wrong=3),
    "gold_decision_is_fixed": lambda: changed(decision(), answers=9),
    "member_kind_known": lambda: changed(make.MemberFactory(), kind="ghost"),
    "pair_gold_use_known": lambda: changed(make.PairFactory(), gold_use="none"),
    "pair_review_is_of_gold": lambda: changed(make.PairFactory(), gold_in_review_since=timezone.now()),
    "campaign_slug_form": lambda: changed(make.CampaignFactory(), slug="No Slug"),
    "campaign_votes_max_from_votes_wanted": lambda: changed(make.CampaignFactory(votes_wanted=3), votes_max=2),
    "question_choices_known_with_a_and_b": lambda: changed(make.QuestionFactory(), choices=["a", "left"]),
    "guideline_version_from_one": lambda: make.GuidelineFactory(version=0),
    "guideline_published_is_fixed": lambda: changed(make.GuidelineFactory(), text="Something else."),
    "group_question_people_min_protects": lambda: make.GroupQuestionFactory(people_min=2),
    "group_question_has_options": lambda: make.GroupQuestionFactory(options=["only one"]),
    "consent_text_version_from_one": lambda: make.ConsentTextFactory(version=0),
    "consent_text_is_fixed": lambda: changed(make.ConsentTextFactory(), text="Something else."),
    "progress_settled_within_total": lambda: changed(make.CampaignFactory().progress, pairs_settled=1),
}
# Those of the campaign's rules are made from the rules' declaration, and so are the attempts.
ATTEMPTS |= {
    f"campaign_{name}_limits": partial(setting, name, limits[1] + 1)
    for name, rule in RULES.items()
    if (limits := limits_of(rule))
}
ATTEMPTS |= {f"campaign_{name}_known": partial(setting, name, "nonsense") for name, rule in RULES.items() if rule.choices}
ATTEMPTS |= {
    "campaign_votes_wanted_limits": lambda: setting("votes_wanted", 0),  # as above there would be more than votes_max
    "campaign_return_url_form": lambda: setting("return_url", "http://platform.example/"),
    "campaign_licence_form": lambda: setting("licence", "Do as you like"),
    "campaign_citation_length": lambda: setting("citation", "x" * 5001),
}


@refuses("question_slug_unique_in_campaign")
def _() -> None:
    make.QuestionFactory(campaign=make.CampaignFactory(), slug="overall", position=1)


@refuses("question_position_unique_in_campaign")
def _() -> None:
    make.QuestionFactory(campaign=make.CampaignFactory(), slug="taste", position=0)


@refuses("guideline_version_unique_in_campaign")
def _() -> None:
    make.GuidelineFactory(campaign=make.GuidelineFactory().campaign)


@refuses("consent_text_version_unique_in_campaign")
def _() -> None:
    make.ConsentTextFactory(campaign=make.ConsentTextFactory().campaign)


# --- people
ATTEMPTS |= {
    "member_role_known": lambda: changed(make.MemberFactory(), role="owner"),
    "member_state_known": lambda: changed(make.MemberFactory(), state="asleep"),
    "member_acceptance_has_time": lambda: changed(make.MemberFactory(), guideline_accepted_at=timezone.now()),
    "token_digest_is_sha256": lambda: changed(make.TokenFactory(), digest="dpt_the-key-itself"),
    "token_scopes_known_and_some": lambda: changed(make.TokenFactory(), scopes=[]),
}


@refuses("member_once_per_campaign")
def _() -> None:
    member = make.MemberFactory()
    Member.objects.create(campaign=member.campaign, user=member.user)


@refuses("ring_cursor_once_per_priority")
def _() -> None:
    member = make.MemberFactory()
    for ring in (1, 2):
        RingCursor.objects.create(member=member, priority=0, ring=ring)


# --- how people come in
ATTEMPTS |= {
    "user_crowd_is_pseudonymous": lambda: changed(make.CrowdUserFactory(), is_staff=True),
    "invite_role_known": lambda: changed(make.InviteFactory(), role="owner"),
    "invite_for_crowd_makes_annotators": lambda: make.InviteFactory(for_crowd=True, role="manager"),
    "invite_uses_within_max": lambda: changed(make.InviteFactory(uses_max=2), uses=3),
    "crowd_identity_participant_form": lambda: make.CrowdIdentityFactory(participant="'; --"),
    "consent_is_fixed": lambda: deleted(make.ConsentFactory()),
}


@refuses("crowd_identity_once_per_campaign")
def _() -> None:
    first = make.CrowdIdentityFactory()
    make.CrowdIdentityFactory(member__campaign=first.campaign, participant=first.participant)


@refuses("consent_once_per_member_and_text")
def _() -> None:
    first = make.ConsentFactory()
    make.ConsentFactory(member=first.member, text=first.text)


# --- material
ATTEMPTS |= {
    "prompt_text_sha256_form": lambda: make.PromptFactory(text_sha256="short"),
    "prompt_text_not_empty": lambda: make.PromptFactory(text=""),
    "image_sha256_form": lambda: make.ImageFactory(sha256="A" * 64),
    "image_format_known": lambda: make.ImageFactory(format="BMP"),
    "image_has_size": lambda: make.ImageFactory(width=0),
    "pair_seats_within_votes_wanted": lambda: changed(make.PairFactory(votes_wanted=2), seats_taken=3),
    "pair_left_seats_within_seats": lambda: changed(make.PairFactory(), seats_a_on_left=1),
    "pair_votes_wanted_range": lambda: make.PairFactory(votes_wanted=101),
    "pair_ring_not_negative": lambda: make.PairFactory(ring=-1),
    "pair_state_known": lambda: changed(make.PairFactory(), state="lost"),
    "pair_gold_choice_known": lambda: changed(make.PairFactory(), gold_choice="left"),
}


@refuses("generator_name_unique_in_campaign")
def _() -> None:
    generator = make.GeneratorFactory()
    Generator.objects.create(campaign=generator.campaign, name=generator.name)


@refuses("prompt_text_unique_in_campaign")
def _() -> None:
    prompt = make.PromptFactory()
    Prompt.objects.create(campaign=prompt.campaign, text=prompt.text, text_sha256=prompt.text_sha256)


@refuses("prompt_external_id_unique_in_campaign")
def _() -> None:
    prompt = make.PromptFactory(external_id="p1")
    make.PromptFactory(campaign=prompt.campaign, external_id="p1")


@refuses("image_once_per_prompt_generator_seed")
def _() -> None:
    image = make.ImageFactory()  # no generator and no seed: two absent ones are the same
    make.ImageFactory(prompt=image.prompt, sha256=image.sha256)


@refuses("pair_external_id_unique_in_campaign")
def _() -> None:
    pair = make.PairFactory(external_id="x")
    make.PairFactory(campaign=pair.campaign, external_id="x")


@refuses("pair_once_in_either_order")
def _() -> None:
    pair = make.PairFactory()
    make.PairFactory(campaign=pair.campaign, prompt=pair.prompt, image_a=pair.image_b, image_b=pair.image_a)


@refuses("pair_images_differ")
def _() -> None:
    pair = make.PairFactory()
    changed(pair, image_b=pair.image_a)


# --- judging
ATTEMPTS |= {
    "assignment_kind_known": lambda: make.AssignmentFactory(kind="bonus"),
    "assignment_state_known": lambda: make.AssignmentFactory(state="lost"),
    "assignment_closed_at_says_when": lambda: make.AssignmentFactory(state="answered", closed_at=None),
    "assignment_never_deleted": lambda: deleted(make.AssignmentFactory()),
    "assignment_seat_is_fixed": lambda: changed(make.AssignmentFactory(), member=make.MemberFactory()),
    "vote_choice_known": lambda: make.VoteFactory(choice="left"),
    "vote_void_reason_known": lambda: changed(make.VoteFactory(), void_reason="bored", voided_at=timezone.now()),
    "vote_void_has_reason_and_time": lambda: changed(make.VoteFactory(), void_reason="undone"),
    "vote_never_deleted": lambda: deleted(make.VoteFactory()),
    "vote_answer_is_fixed": lambda: changed(make.VoteFactory(choice="a"), choice="b"),
    "flag_reason_known": lambda: make.FlagFactory(reason="ugly"),
    "flag_resolution_has_time": lambda: changed(make.FlagFactory(), resolved_by=make.UserFactory()),
    "flag_never_deleted": lambda: deleted(make.FlagFactory()),
}


@refuses("assignment_regular_once_per_member_and_pair")
def _() -> None:
    seat = make.AssignmentFactory(state="skipped")
    make.AssignmentFactory(member=seat.member, pair=seat.pair)


@refuses("assignment_gold_once_per_member_and_pair")
def _() -> None:
    seat = make.AssignmentFactory(kind="gold")
    make.AssignmentFactory(member=seat.member, pair=seat.pair, kind="gold")


@refuses("vote_one_live_per_assignment_and_question")
def _() -> None:
    vote = make.VoteFactory(choice="a")
    make.VoteFactory(assignment=vote.assignment, choice="a")


# --- the review
ATTEMPTS |= {
    "review_rule_measure_known": lambda: make.ReviewRuleFactory(measure="mood"),
    "review_rule_outcome_known": lambda: make.ReviewRuleFactory(outcome="scold"),
    "review_rule_minimum_from_one": lambda: make.ReviewRuleFactory(minimum=0),
    "review_rule_threshold_is_number": lambda: make.ReviewRuleFactory(threshold=float("nan")),
    "standing_parts_within_wholes": lambda: make.AnnotatorStatsFactory(gold_count=1, gold_right=2),
    "act_kind_known": lambda: make.ModerationActionFactory(kind="scold"),
    "act_is_fixed": lambda: changed(make.ModerationActionFactory(), kind="lift"),
    "appeal_state_known": lambda: changed(make.AppealFactory(), state="lost", answered_at=timezone.now()),
    "appeal_answered_at_says_when": lambda: changed(make.AppealFactory(), state="declined"),
    "appeal_never_deleted": lambda: deleted(make.AppealFactory()),
    "appeal_message_is_fixed": lambda: changed(make.AppealFactory(), message="Something else."),
}


@refuses("review_rule_once_per_measure_and_outcome")
def _() -> None:
    make.ReviewRuleFactory(campaign=make.ReviewRuleFactory().campaign)


@refuses("proposal_once_per_rule_and_member")
def _() -> None:
    proposal = make.ProposalFactory()
    make.ProposalFactory(rule=proposal.rule, member=proposal.member)


@refuses("appeal_one_open_per_member")
def _() -> None:
    make.AppealFactory(member=make.AppealFactory().member)


# --- outcome
ATTEMPTS |= {
    "consensus_label_known": lambda: make.ConsensusFactory(label="left"),
    "consensus_method_known": lambda: make.ConsensusFactory(method="guess"),
    "consensus_confidence_is_probability": lambda: make.ConsensusFactory(confidence=1.5),
    "consensus_agreement_is_share": lambda: make.ConsensusFactory(agreement=-0.1),
    "consensus_soft_label_in_range": lambda: make.ConsensusFactory(p_b=2.0),
    "release_state_known": lambda: changed(make.ReleaseFactory(), state="lost"),
    "release_number_from_one": lambda: make.ReleaseFactory(number=0),
    "release_progress_is_share": lambda: changed(make.ReleaseFactory(), progress=1.5),
    "release_ready_has_revision": lambda: changed(make.ReleaseFactory(), state="ready"),
    "release_never_deleted": lambda: deleted(make.ReleaseFactory()),
    "release_number_is_fixed": lambda: changed(make.ReleaseFactory(), number=7),
    "release_ready_is_fixed": lambda: changed(release_in("ready"), revision="c" * 40),
    "release_file_sha256_form": lambda: ReleaseFile.objects.create(
        release=make.ReleaseFactory(), path="README.md", size=1, sha256="none"
    ),
    "release_file_is_fixed": lambda: changed(release_file(), sha256="c" * 64),
}


@refuses("consensus_once_per_pair_question_method")
def _() -> None:
    consensus = make.ConsensusFactory()
    make.ConsensusFactory(pair=consensus.pair, question=consensus.question)


@refuses("release_number_unique_in_campaign")
def _() -> None:
    make.ReleaseFactory(campaign=make.ReleaseFactory().campaign)


@refuses("release_shard_path_unique")
def _() -> None:
    release = make.ReleaseFactory()
    for _ in range(2):
        ReleaseShard.objects.create(release=release, path="pairs/train-00000-of-00001.parquet")


@refuses("release_shard_finished_is_described")
def _() -> None:
    ReleaseShard.objects.create(release=make.ReleaseFactory(), path="pairs/x.parquet", finished_at=timezone.now(), size=1)


@refuses("release_file_path_unique")
def _() -> None:
    file = release_file()
    ReleaseFile.objects.create(release=file.release, path=file.path, size=1, sha256="b" * 64)


def publication(**values: Any) -> Publication:
    return Publication.objects.create(release=release_in("ready"), repository="flowers/birds", **values)


@refuses("publication_one_at_a_time_per_release")
def _() -> None:
    Publication.objects.create(release=publication().release, repository="flowers/trees")


ATTEMPTS |= {
    "publication_state_known": lambda: changed(publication(), state="lost"),
    "publication_progress_is_share": lambda: changed(publication(), progress=2),
    "publication_done_has_commit": lambda: changed(publication(), state="done", finished_at=timezone.now()),
}

# --- imports
ATTEMPTS |= {
    "import_state_known": lambda: changed(make.ImportFactory(), state="lost"),
    "line_error_number_from_one": lambda: LineError.objects.create(line_of=make.ImportFactory(), number=0, message="?"),
}


@refuses("import_batch_number_unique")
def _() -> None:
    import_ = make.ImportFactory()
    for _ in range(2):
        ImportBatch.objects.create(batch_of=import_, number=1, lines=[])


@refuses("line_error_once_per_line")
def _() -> None:
    import_ = make.ImportFactory()
    for _ in range(2):
        LineError.objects.create(line_of=import_, number=3, message="?")


# --- machines, and programs that follow
ATTEMPTS |= {
    "member_machine_is_annotator": lambda: make.MemberFactory(kind="machine", role="reviewer"),
    "lineage_is_one": lambda: ServerEpoch.objects.create(pk=2, server="another"),
    "kept_answer_digest_is_sha256": lambda: make.IdempotentResponseFactory(digest="short"),
    "webhook_url_is_a_web_address": lambda: make.WebhookFactory(url="ftp://hooks.test/"),
    "webhook_events_known_and_some": lambda: make.WebhookFactory(events=[]),
    "delivery_event_known": lambda: make.DeliveryFactory(event="release.lost"),
    "delivery_state_known": lambda: make.DeliveryFactory(state="lost", next_attempt_at=None),
    "delivery_waiting_says_until_when": lambda: make.DeliveryFactory(next_attempt_at=None),
}


@refuses("assignment_machine_once_per_member_and_pair")
def _() -> None:
    seat = make.AssignmentFactory(kind="machine")
    make.AssignmentFactory(kind="machine", member=seat.member, pair=seat.pair)


@refuses("kept_answer_once_per_key")
def _() -> None:
    kept = make.IdempotentResponseFactory()
    make.IdempotentResponseFactory(user=kept.user)


# --- one campaign


def now(attempt: Callable[[], Any]) -> None:
    """What is checked when the transaction ends, checked as soon as it is tried."""
    attempt()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def of_another_prompt(image: str) -> None:
    pair = make.PairFactory()
    prompt = make.PromptFactory(campaign=pair.campaign)
    now(lambda: changed(pair, **{image: make.ImageFactory(prompt=prompt)}))


ATTEMPTS |= {
    "pair_prompt_in_campaign": lambda: now(lambda: make.PairFactory(prompt=make.PromptFactory())),
    "pair_image_a_of_prompt": lambda: of_another_prompt("image_a"),
    "pair_image_b_of_prompt": lambda: of_another_prompt("image_b"),
    "assignment_member_in_campaign": lambda: now(
        lambda: make.AssignmentFactory(pair=(pair := make.PairFactory()), campaign=pair.campaign)
    ),
    "assignment_pair_in_campaign": lambda: now(lambda: make.AssignmentFactory(pair=make.PairFactory())),
    "assignment_guideline_in_campaign": lambda: now(lambda: make.AssignmentFactory(guideline=make.GuidelineFactory())),
    "vote_assignment_in_campaign": lambda: now(
        lambda: make.VoteFactory(campaign=(campaign := make.CampaignFactory()), question=campaign.questions.get())
    ),
    "vote_question_in_campaign": lambda: now(lambda: make.VoteFactory(question=make.QuestionFactory())),
    "campaign_guideline_is_its_own": lambda: now(
        lambda: changed(make.CampaignFactory(), guideline=make.GuidelineFactory(published_at=None))
    ),
    "crowd_identity_member_in_campaign": lambda: now(lambda: make.CrowdIdentityFactory(campaign=make.CampaignFactory())),
}


def test_a_pair_cannot_have_an_image_of_another_campaign():
    image = make.ImageFactory()
    with pytest.raises(DatabaseError, match="pair_image_b_of_prompt"), transaction.atomic():
        now(lambda: make.PairFactory(image_b=image))


def test_an_assignment_cannot_bring_two_campaigns_together():
    """Neither of them can be the one it says it is of."""
    member, pair = make.MemberFactory(), make.PairFactory()
    for campaign, refused_by in ((pair.campaign, "assignment_member"), (member.campaign, "assignment_pair")):
        with pytest.raises(DatabaseError, match=f"{refused_by}_in_campaign"), transaction.atomic():
            now(lambda campaign=campaign: make.AssignmentFactory(campaign=campaign, member=member, pair=pair))


def test_a_vote_cannot_be_on_the_question_of_another_campaign():
    seat, question = make.AssignmentFactory(state="answered"), make.QuestionFactory()
    for campaign, refused_by in ((seat.campaign, "vote_question"), (question.campaign, "vote_assignment")):
        with pytest.raises(DatabaseError, match=f"{refused_by}_in_campaign"), transaction.atomic():
            now(lambda campaign=campaign: make.VoteFactory(campaign=campaign, assignment=seat, question=question))


def import_pairs(campaign: Campaign, count: int) -> None:
    """As many at once as a worker never writes, past every factory."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH prompt AS (INSERT INTO annotator_prompt (campaign_id, text, text_sha256, category, language, metadata)"
            " SELECT %(campaign)s, n, encode(sha256((%(count)s || '/' || n)::bytea), 'hex'), '', '', '{}'"
            " FROM generate_series(1, %(count)s) n RETURNING campaign_id, id),"
            " image AS (INSERT INTO annotator_image (public_id, prompt_id, parameters, sha256, format, width, height, byte_size)"
            " SELECT gen_random_uuid(), id, '{}', encode(sha256(k::text::bytea), 'hex'), 'PNG', 1, 1, 1"
            " FROM prompt, generate_series(1, 2) k RETURNING prompt_id, id)"
            " INSERT INTO annotator_pair (campaign_id, prompt_id, image_a_id, image_b_id, metadata, state, gold_note,"
            " votes_wanted, seats_taken, seats_a_on_left, priority, ring, created_at)"
            " SELECT campaign_id, prompt.id, min(image.id), max(image.id), '{}', 'open', '', 1, 0, 0, 0, 0, now()"
            " FROM prompt JOIN image ON prompt_id = prompt.id GROUP BY campaign_id, prompt.id",
            {"campaign": campaign.pk, "count": count},
        )


def hand_out(member: Member, count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotator_assignment (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at,"
            " lease_expires_at) SELECT campaign_id, %s, id, 'training', 'open', true, now(), now() FROM annotator_pair"
            " ORDER BY id DESC LIMIT %s",
            [member.pk, count],
        )


def rows_read() -> dict[str, int]:
    """In this transaction so far, by index or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables")
        return {table.removeprefix("annotator_"): count for table, count in cursor.fetchall()}


@pytest.mark.parametrize("planned_for", [1, 300])
def test_a_reference_is_one_look_up_whatever_it_was_planned_for(planned_for):
    """A session plans the check of a foreign key once. A worker that began with the first pairs imports a million more."""
    member = make.MemberFactory()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    import_pairs(member.campaign, planned_for)
    hand_out(member, 1)
    before = rows_read()

    import_pairs(member.campaign, 3000)
    make.MemberFactory.create_batch(20, campaign=member.campaign)
    hand_out(member, 100)

    read = {table: count - before[table] for table, count in rows_read().items()}
    assert read["prompt"] == 3 * 3000  # for each pair, and for each of its images
    assert read["image"] == 2 * 3000
    assert read["pair"] == 100 + 100  # for each assignment, and to choose them
    assert read["member"] == 100


def is_unique_already(constraint: BaseConstraint) -> bool:
    """With an id in it nothing can break it: it is there because a foreign key of two columns refers to it."""
    return isinstance(constraint, UniqueConstraint) and "id" in constraint.fields


def names_in_the_models() -> set[str]:
    """Every named constraint of our own tables, and every trigger that refuses something: those that run before."""
    names = set()
    for model in apps.get_app_config("annotator").get_models():
        names |= {constraint.name for constraint in model._meta.constraints if not is_unique_already(constraint)}
        refusing = (pgtrigger.Protect, pgtrigger.ReadOnly)
        names |= {trigger.name for trigger in getattr(model._meta, "triggers", []) if isinstance(trigger, refusing)}
    return names


def test_every_constraint_and_trigger_is_in_this_table():
    assert set(ATTEMPTS) == names_in_the_models()


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name):
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        ATTEMPTS[name]()
    assert name in str(refusal.value)


def test_what_must_change_may_change():
    """The triggers let through what the verbs do: voiding a vote, publishing a draft, resolving a flag."""
    vote = make.VoteFactory()
    changed(vote, void_reason="undone", voided_at=timezone.now())
    make.VoteFactory(assignment=vote.assignment)
    changed(make.GuidelineFactory(published_at=None), text="Better.", published_at=timezone.now())
    changed(make.FlagFactory(), resolved_at=timezone.now())
    seat = make.AssignmentFactory()
    changed(seat, state="expired", closed_at=timezone.now() + timedelta(seconds=1))
    changed(release_in("ready"), progress=1.0)
