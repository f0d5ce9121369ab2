"""The verbs on a campaign itself: create it, change its state, its guideline and its people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils import timezone

from annotator import reviewing, ruling
from annotator.choices import CampaignState, Choice, MemberKind, MemberState, Role
from annotator.errors import Conflict, Invalid, NotAllowed
from annotator.models import Campaign, CampaignProgress, Guideline, Member, Question, User
from annotator.models.campaign_rules import RULES, SETTINGS
from annotator.seats import want_votes

QUESTIONS_LIMIT = 20


class NewQuestion(NamedTuple):
    """A question as somebody wants it asked. `slug` names it in votes and exports."""

    slug: str
    text: str
    choices: tuple[str, ...] = tuple(Choice.values)


DEFAULT_QUESTION = NewQuestion("overall", "Which image is better overall?")
RESERVED_SLUGS = {"new"}  # /manage/new/ is the page that makes campaigns
RESERVED_ENDINGS = (".dpo", ".git")  # the other repository of a campaign on the Hub's protocol; no name for its clients


# Rules of a campaign by name (models/campaign_rules.py). What is left out stays; in a new campaign it is the default.
Rules = Mapping[str, Any]


def rules_in(values: Mapping[str, Any]) -> Rules:
    """The rules among checked values of a form or a body."""
    return {name: values[name] for name in SETTINGS if name in values}


def _apply(rules: Rules, campaign: Campaign) -> None:
    """With fixed overlap, one of its two numbers follows the other."""
    if unknown := rules.keys() - RULES.keys():
        raise TypeError(f"There are no rules {', '.join(sorted(unknown))}.")
    is_fixed = campaign.votes_max == campaign.votes_wanted
    for name, value in rules.items():
        setattr(campaign, name, value)
    if is_fixed and "votes_max" not in rules:
        campaign.votes_max = campaign.votes_wanted


@transaction.atomic
def create_campaign(
    *,
    slug: str,
    name: str,
    by: User | None,
    description: str = "",
    state: str = CampaignState.DRAFT,
    rules: Rules | None = None,
    questions: Sequence[NewQuestion] = (),
    guideline: str = "",
) -> Campaign:
    """A new campaign with its questions (the first is primary), its first guideline, and `by` as its manager.

    Raises Invalid, naming the fields, when a value is out of range or the slug is taken.
    """
    if slug in RESERVED_SLUGS:
        raise Invalid("Some values are not right.", errors={"slug": [f"{slug!r} is taken by a page of the site."]})
    if slug.endswith(RESERVED_ENDINGS):
        words = f"It may not end in {' or '.join(RESERVED_ENDINGS)}: training jobs would take it for something else."
        raise Invalid("Some values are not right.", errors={"slug": [words]})
    campaign = Campaign(
        slug=slug,
        name=name,
        description=description,
        state=state,
        created_by=by,
    )
    _apply(rules or {}, campaign)
    save_valid(campaign)
    _write_questions(campaign, questions or [DEFAULT_QUESTION])
    CampaignProgress.objects.create(campaign=campaign, updated_at=timezone.now())
    ruling.ensure_rules(campaign)
    if guideline:
        publish_guideline(campaign=campaign, text=guideline, by=by)
    if by is not None:
        Member.objects.create(campaign=campaign, user=by, role=Role.MANAGER)
    return campaign


@transaction.atomic
def set_questions(*, campaign: Campaign, questions: Sequence[NewQuestion], by: User | None) -> None:
    """Ask these questions, in this order; the first is primary: it decides seats and labels.

    In a draft all of it may change. Afterwards votes refer to the questions, and only their wording may. Raises Conflict
    (questions_fixed) then, and Invalid for questions that cannot be asked.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    check_questions(campaign=locked, questions=questions)
    asked = list(locked.questions.order_by("position"))
    if locked.state != CampaignState.DRAFT and _shape(asked) != _shape(questions):
        raise Conflict(
            "Only the wording of questions can change once a campaign has been opened: votes refer to the rest.",
            code="questions_fixed",
        )
    wanted = {question.slug for question in questions}
    locked.questions.exclude(slug__in=wanted).delete()
    # Out of each other's way: two may not stand at the same place, not even for a moment.
    locked.questions.update(position=F("position") + QUESTIONS_LIMIT)
    _write_questions(locked, questions)


def _shape(questions: Iterable[Question | NewQuestion]) -> list[tuple[str, set[str]]]:
    """What votes refer to."""
    return [(question.slug, set(question.choices)) for question in questions]


def _write_questions(campaign: Campaign, questions: Sequence[NewQuestion]) -> None:
    known = {question.slug: question for question in campaign.questions.all()}
    for position, wanted in enumerate(questions):
        question = known.get(wanted.slug) or Question(campaign=campaign, slug=wanted.slug)
        question.text, question.position = wanted.text, position
        question.choices = [choice for choice in Choice.values if choice in wanted.choices]
        save_valid(question)


def check_questions(*, campaign: Campaign, questions: Sequence[NewQuestion]) -> None:
    """Raises Invalid unless there is a question, each has a name of its own, and known answers stay possible."""
    slugs = [question.slug for question in questions]
    if not 1 <= len(slugs) <= QUESTIONS_LIMIT:
        raise Invalid(f"Ask at least one question, and at most {QUESTIONS_LIMIT}.", errors={"text": ["Ask something."]})
    if len(set(slugs)) < len(slugs):
        raise Invalid("Each question needs a short name of its own.", errors={"slug": ["Two questions have the same name."]})
    gold = campaign.pairs.filter(gold_choice__isnull=False).exclude(gold_choice__in=questions[0].choices).first()
    if gold is not None:
        raise Invalid(
            f"Pair {gold.pk} has the known answer {gold.gold_choice!r}, which the first question would not allow.",
            errors={"choices": ["A known answer would not be possible any more."]},
        )


def save_valid(instance: Campaign | Question) -> None:
    """Save a row, with what its fields and constraints refuse said as Invalid."""
    try:
        instance.full_clean()
        with transaction.atomic():
            instance.save()
    except ValidationError as error:
        raise Invalid("Some values are not right.", errors=error.message_dict) from error
    except IntegrityError as error:  # two at once with the same slug: only the constraint sees both
        raise Conflict("Somebody else just made the same.") from error


@transaction.atomic
def publish_guideline(
    *, campaign: Campaign, text: str, by: User | None, change_note: str = "", now: datetime | None = None
) -> Guideline:
    """The next version of the campaign's guideline, in force from now on. Text is Markdown; the note says what is new."""
    return Guideline.objects.create(
        campaign=campaign,
        version=_next_version(campaign),
        text=_some_text(text),
        change_note=change_note,
        published_at=now or timezone.now(),
        author=by,
    )


@transaction.atomic
def draft_guideline(*, campaign: Campaign, text: str, by: User | None) -> Guideline:
    """A version that nobody is shown yet."""
    return Guideline.objects.create(campaign=campaign, version=_next_version(campaign), text=_some_text(text), author=by)


@transaction.atomic
def change_draft(*, guideline: Guideline, text: str, by: User | None) -> Guideline:
    """Give a draft another text. Raises Conflict when it was published."""
    draft = _locked_draft(guideline)
    draft.text = _some_text(text)
    draft.save(update_fields=["text"])
    return draft


@transaction.atomic
def publish_draft(*, guideline: Guideline, by: User | None, now: datetime | None = None) -> Guideline:
    """Put a draft in force, under the next number where later versions were made meanwhile. Raises Conflict on a second time."""
    next_version = _next_version(guideline.campaign)
    draft = _locked_draft(guideline)
    if draft.version != next_version - 1:
        draft.version = next_version
    draft.author = draft.author or by
    draft.published_at = now or timezone.now()
    draft.save(update_fields=["version", "author", "published_at"])
    return draft


def _locked_draft(guideline: Guideline) -> Guideline:
    draft = Guideline.objects.select_for_update().get(pk=guideline.pk)
    if draft.published_at is not None:
        raise Conflict(f"Version {draft.version} was published already.", code="guideline_published")
    return draft


def _next_version(campaign: Campaign) -> int:
    Campaign.objects.select_for_update().get(pk=campaign.pk)  # two writers get two numbers
    return (campaign.guidelines.aggregate(last=Max("version"))["last"] or 0) + 1


def _some_text(text: str) -> str:
    if not text.strip():
        raise Invalid("A guideline needs some text.", errors={"text": ["Write the instructions for annotators."]})
    return text


def current_guideline(campaign: Campaign) -> Guideline | None:
    """The newest published version, or None where the campaign has none."""
    return campaign.guidelines.filter(published_at__isnull=False).order_by("-version").first()


def change_notes(*, since: Guideline, until: Guideline) -> list[str]:
    """What the managers said of each version after `since` up to `until`, the oldest first; of some they said nothing."""
    versions = Guideline.objects.filter(
        campaign=until.campaign_id, published_at__isnull=False, version__gt=since.version, version__lte=until.version
    )
    return list(versions.exclude(change_note="").order_by("version").values_list("change_note", flat=True))


def accept_guideline(*, member: Member, guideline: Guideline, now: datetime | None = None) -> None:
    """Record that the member read and accepted this version. Raises Conflict when a newer one is in force."""
    current = current_guideline(member.campaign)
    if current is None or current.pk != guideline.pk:
        raise Conflict("A newer version of the guideline was published. Please read that one.", code="guideline_outdated")
    member.guideline_accepted = guideline
    member.guideline_accepted_at = now or timezone.now()
    member.save(update_fields=["guideline_accepted", "guideline_accepted_at"])


def must_read(member: Member) -> Guideline | None:
    """The guideline the member has to accept before judging, or None when there is nothing (more) to accept."""
    current = current_guideline(member.campaign)
    if current is None or member.guideline_accepted_id == current.pk:
        return None
    return current


@transaction.atomic
def add_member(
    *,
    campaign: Campaign,
    user: User,
    role: str = Role.ANNOTATOR,
    kind: str | None = None,
    by: User | None = None,
) -> tuple[Member, bool]:
    """Make the user a member, or change the role of one who is. Returns the member and whether they are new.

    A machine is an annotator, and is one from the start: what somebody has said as a person stays what a person said.
    Without a `kind` a new member is a person, and another one stays what they are.
    """
    if role not in Role.values:
        raise Invalid(f"{role!r} is no role.", errors={"role": [f"Use one of {', '.join(Role.values)}."]})
    if kind is not None and kind not in MemberKind.values:
        raise Invalid(f"{kind!r} is no kind.", errors={"kind": [f"Use one of {', '.join(MemberKind.values)}."]})
    if kind == MemberKind.MACHINE and role != Role.ANNOTATOR:
        raise Invalid("A machine judges pairs and does nothing else.", errors={"role": ["Make the machine an annotator."]})
    if user.is_crowd:
        words = "A crowd platform sent them: they are an annotator in the campaign they came for, and nothing else."
        raise Invalid(words, errors={"person": [words]})
    defaults = {"role": role, "kind": kind or MemberKind.HUMAN}
    member, is_new = Member.objects.get_or_create(campaign=campaign, user=user, defaults=defaults)
    if kind is not None and member.kind != kind:
        words = f"They are in the campaign as a {member.get_kind_display().lower()}, and stay one. Use another account."
        raise Conflict(words, code="member_kind_fixed", errors={"kind": [words]})
    if member.kind == MemberKind.MACHINE and role != Role.ANNOTATOR:
        raise Invalid("A machine judges pairs and does nothing else.", errors={"role": ["A machine stays an annotator."]})
    if not is_new and member.role != role:
        member.role = role
        member.save(update_fields=["role"])
    return member, is_new


def change_member_state(*, member: Member, state: str, by: User | None) -> Member:
    """Pause a member, or let a paused one work again. The same state again is no change.

    Votes stay, and seats they hold go back when their leases run out. Raises Conflict where a manager's word is not enough:
    for members who withdrew or are suspended.
    """
    if state not in (MemberState.ACTIVE, MemberState.PAUSED):
        raise Invalid(f"{state!r} is not for a manager to set.", errors={"state": ["Use active or paused."]})
    verb = reviewing.pause_member if state == MemberState.PAUSED else reviewing.resume_member
    verb(member=member, by=by)
    return Member.objects.get(pk=member.pk)


STATE_CHANGES = {
    CampaignState.DRAFT: {CampaignState.OPEN, CampaignState.CLOSED},
    CampaignState.OPEN: {CampaignState.PAUSED, CampaignState.CLOSED},
    CampaignState.PAUSED: {CampaignState.OPEN, CampaignState.CLOSED},
    CampaignState.CLOSED: {CampaignState.OPEN},
}


@transaction.atomic
def change_state(*, campaign: Campaign, state: str, by: User | None) -> Campaign:
    """Open, pause or close the campaign. The same state again is no change. Raises Conflict on a step that is not one."""
    if state not in CampaignState.values:
        raise Invalid(f"{state!r} is no state.", errors={"state": [f"Use one of {', '.join(CampaignState.values)}."]})
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state != state:
        allowed = STATE_CHANGES[CampaignState(locked.state)]
        if state not in allowed:
            raise Conflict(
                f"A campaign that is {locked.state} cannot become {state}; it can become {' or '.join(sorted(allowed))}.",
                code="state_change_refused",
            )
        locked.state = state
        locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def change_campaign(
    *,
    campaign: Campaign,
    by: User | None,
    state: str | None = None,
    name: str | None = None,
    description: str | None = None,
    rules: Rules | None = None,
) -> Campaign:
    """Change what is not None and the rules that are given. All or nothing: a state that is refused leaves the rest as it was.

    `votes_wanted` holds at once: pairs that have fewer go back into circulation, and of pairs that have more, the seats
    nobody has looked at yet are taken back. `lease_seconds` holds from the next lease on, `pairing_rule` from the next
    import on. Raises Invalid, naming the fields, and Conflict as `change_state` does.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    wanted_before = locked.votes_wanted
    locked.name = locked.name if name is None else name
    locked.description = locked.description if description is None else description
    _apply(rules or {}, locked)
    save_valid(locked)
    if locked.votes_wanted != wanted_before:
        want_votes(campaign=locked, votes_wanted=locked.votes_wanted, now=timezone.now())
    if state is None:
        return locked
    return change_state(campaign=locked, state=state, by=by)


def require_open(campaign: Campaign) -> None:
    """Raises NotAllowed, in words for an annotator, unless the campaign takes votes."""
    words = {
        CampaignState.DRAFT: "This campaign has not started yet.",
        CampaignState.PAUSED: "This campaign is paused. Your votes are safe; come back later.",
        CampaignState.CLOSED: "This campaign is closed. Thank you for your votes.",
    }
    if campaign.state != CampaignState.OPEN:
        raise NotAllowed(words[CampaignState(campaign.state)], code=f"campaign_{campaign.state}")
