"""What reviewers decide about pairs: back into circulation, retired, decided, or a message to who flagged it. All of it can be
undone, and no vote is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import ActionKind, AdjudicationOutcome, MemberState, PairState, RetireReason
from annotator.errors import Conflict, Invalid
from annotator.judging import pair_holds
from annotator.models import Adjudication, Campaign, Flag, Image, Member, Pair, PairSeats, Question, User
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.quality import gold, moderation


@dataclass(frozen=True)
class Unsafe:
    """Which images of a pair are unsafe."""

    a: bool = False
    b: bool = False


NOTHING_UNSAFE = Unsafe()


@transaction.atomic
def return_pair(*, pair: Pair, by: User, note: str = "", now: datetime | None = None) -> Adjudication:
    """The pair is all right: it goes back into circulation, its flags are resolved, and a known answer counts again."""
    now = now or timezone.now()
    pair, before = _begin(pair, note)
    _live(pair).filter(outcome=AdjudicationOutcome.RETIRE).update(undone_at=now, undone_by=by)
    _blur_what_is_unsafe(pair)
    _resolve_flags(pair, by, now)
    _resolve_flags(pair, by, now)
    pair_holds.return_pairs(pair_ids=[pair.pk], by=by, now=now)
    if pair.gold_in_review_since:
        gold.set_gold(pair=pair, choice=pair.gold_choice, note=pair.gold_note, use=pair.gold_use, by=by, now=now)
    return _record(pair, AdjudicationOutcome.RETURN, by, now, before=before, note=note)


@transaction.atomic
def retire_pair(
    *, pair: Pair, reason: str, by: User, unsafe: Unsafe = NOTHING_UNSAFE, note: str = "", now: datetime | None = None
) -> Adjudication:
    """Nobody judges the pair any more. Unsafe images are blurred for everyone, and no release has a pair that shows one.

    Other pairs that show an unsafe image are retired with it. Raises Conflict for a pair that is retired, and Invalid.
    """
    if reason not in RetireReason.values:
        raise Invalid(gettext("The reason is not valid."), errors={"reason": [gettext("Choose a reason.")]})
    if reason == RetireReason.UNSAFE and unsafe == NOTHING_UNSAFE:
        unsafe = Unsafe(a=True, b=True)
    if reason != RetireReason.UNSAFE:
        unsafe = NOTHING_UNSAFE
    now = now or timezone.now()
    first = _retire(pair, reason, unsafe, note, by, now)
    found = [image for image, is_unsafe in ((pair.image_a, unsafe.a), (pair.image_b, unsafe.b)) if is_unsafe]
    if found:
        same = list(_with_the_files(pair.campaign, [image.sha256 for image in found]).values_list("pk", flat=True))
        Image.objects.filter(pk__in=same).update(is_unsafe=True)
        for other in Pair.objects.filter(Q(image_a__in=same) | Q(image_b__in=same)).exclude(pk=pair.pk).order_by("pk"):
            if not _live(other).filter(outcome=AdjudicationOutcome.RETIRE).exists():
                also = Unsafe(a=other.image_a_id in same, b=other.image_b_id in same)
                _retire(other, reason, also, note, by, now, cause=first)
    return first


def _retire(
    pair: Pair, reason: str, unsafe: Unsafe, note: str, by: User, now: datetime, cause: Adjudication | None = None
) -> Adjudication:
    pair, before = _begin(pair, note)
    if _live(pair).filter(outcome=AdjudicationOutcome.RETIRE).exists():
        raise Conflict(gettext("This pair is retired already."), code="pair_retired")
    _resolve_flags(pair, by, now)
    if pair.gold_choice is not None:
        gold.set_gold(pair=pair, choice=None, note="", use=pair.gold_use, by=by, now=now)
    pair_holds.hold_pairs(pair_ids=[pair.pk], by=by, now=now)
    return _record(
        pair,
        AdjudicationOutcome.RETIRE,
        by,
        now,
        before=before,
        note=note,
        reason=reason,
        unsafe_a=unsafe.a,
        unsafe_b=unsafe.b,
        cause=cause,
    )


@transaction.atomic
def decide_pair(*, pair: Pair, choices: Mapping[str, str], by: User, note: str = "", now: datetime | None = None) -> Adjudication:
    """Answer questions about the pair, beside the votes on it: releases have both. `choices` is by the slug of the question.

    Its flags are resolved, and a held pair goes back into circulation, unless it is retired. A known answer in review becomes
    the choice. Raises Conflict for a question that is decided, and Invalid.
    """
    now = now or timezone.now()
    pair, before = _begin(pair, note)
    questions = {question.slug: question for question in Question.objects.filter(campaign=pair.campaign_id)}
    errors = {
        slug: [gettext("This is no choice of this question.")]
        for slug, choice in choices.items()
        if slug not in questions or choice not in questions[slug].choices
    }
    if errors or not choices:
        raise Invalid(gettext("The decision is not valid."), errors=errors or {"choice": [gettext("Choose an answer.")]})
    if _live(pair).filter(outcome=AdjudicationOutcome.DECIDE, question__slug__in=choices).exists():
        raise Conflict(gettext("This pair is decided already. Undo that first."), code="pair_decided")
    _resolve_flags(pair, by, now)
    _resolve_flags(pair, by, now)
    pair_holds.return_pairs(pair_ids=[pair.pk], by=by, now=now)
    primary = next((slug for slug, question in questions.items() if question.position == 0), "")
    if pair.gold_in_review_since and primary in choices:
        gold.set_gold(pair=pair, choice=choices[primary], note=pair.gold_note, use=pair.gold_use, by=by, now=now)
    first: Adjudication | None = None
    for slug, choice in sorted(choices.items(), key=lambda one: questions[one[0]].position):
        made = _record(
            pair,
            AdjudicationOutcome.DECIDE,
            by,
            now,
            before={} if first else before,
            note=note,
            question=questions[slug],
            choice=choice,
            cause=first,
        )
        first = first or made
    assert first is not None
    return first


@transaction.atomic
def message_flagger(*, flag: Flag, text: str, by: User, now: datetime | None = None) -> Adjudication:
    """Write to who flagged a pair. They see it on the annotation page until they dismiss it. The pair stays in the queue.

    Raises Conflict where they have not read a warning yet, or left, and Invalid.
    """
    now = now or timezone.now()
    if not text.strip():
        raise Invalid(gettext("The message is empty."), errors={"text": [gettext("Write a message.")]})
    pair, _ = _begin(flag.assignment.pair, text)
    member = Member.objects.select_related("notice").select_for_update(of=("self",)).get(pk=flag.assignment.member_id)
    if member.state == MemberState.WITHDRAWN:
        raise Conflict(gettext("This member withdrew and gets no messages."), code="member_withdrawn")
    if member.notice is not None and member.notice.kind == ActionKind.WARN:
        raise Conflict(gettext("This member has not read the last warning yet. Write later."), code="notice_unread")
    action = moderation.send_message(member=member, text=text.strip(), by=by, now=now)
    before = {"action": action.pk}
    return _record(pair, AdjudicationOutcome.MESSAGE, by, now, before=before, note=text.strip(), member=member)


@transaction.atomic
def undo_adjudication(*, adjudication: Adjudication, by: User, now: datetime | None = None) -> Adjudication:
    """Restore the pair as it was, and what followed from it. Raises Conflict where it is undone, or a later one stands."""
    now = now or timezone.now()
    pair = _locked(adjudication.pair)
    adjudication = Adjudication.objects.select_for_update(of=("self",)).get(pk=adjudication.pk)
    if not adjudication.is_live:
        raise Conflict(gettext("This is undone already."), code="already_undone")
    if adjudication.cause_id is not None:
        raise Conflict(gettext("This follows from the decision on another pair. Undo that one."), code="is_consequence")
    if adjudication.outcome == AdjudicationOutcome.MESSAGE:
        Member.objects.filter(pk=adjudication.member_id or 0, notice=adjudication.before["action"]).update(notice=None)
        return _mark_undone(adjudication, by, now)
    later = _live(pair).filter(pk__gt=adjudication.pk).exclude(outcome=AdjudicationOutcome.MESSAGE)
    if later.exclude(cause=adjudication).exists():
        raise Conflict(gettext("A later decision stands on this pair. Undo that first."), code="later_decision")
    for consequence in adjudication.consequences.filter(undone_at__isnull=True):
        _mark_undone(consequence, by, now)
        if consequence.pair_id != adjudication.pair_id:
            _restore(_locked(consequence.pair), consequence, by, now)
    _mark_undone(adjudication, by, now)
    _restore(pair, adjudication, by, now)
    return adjudication


def last_outcome(pair: Pair) -> int:
    """The number of the newest outcome of a pair: 0 before the first. A page that shows another is out of date."""
    return Adjudication.objects.filter(pair=pair).values_list("pk", flat=True).first() or 0


def require_up_to_date(*, pair: Pair, seen: int) -> None:
    """Raises Conflict where somebody decided about the pair since its page showed the outcome `seen` as the newest.

    Call it inside the transaction of the decision: it locks the pair, so that of two at once the second is told.
    """
    _locked(pair)
    newest = Adjudication.objects.filter(pair=pair).select_related("by").first()
    if newest is not None and newest.pk != seen:
        words = gettext("%(by)s decided about this pair meanwhile: %(outcome)s. Look at it again before you decide.")
        raise Conflict(words % {"by": newest.by, "outcome": newest.get_outcome_display()}, code="decided_meanwhile")


def _locked(pair: Pair) -> Pair:
    PairSeats.objects.select_for_update(no_key=True).get(pk=pair.pk)
    locked: Pair = Pair.objects.select_related("campaign", "image_a", "image_b").get(pk=pair.pk)
    return locked


def _begin(pair: Pair, note: str) -> tuple[Pair, dict[str, Any]]:
    """The locked pair, and what undoing the outcome would restore."""
    if len(note) > MESSAGE_LIMIT:
        words = gettext("Use at most %(message_limit)s characters.") % {"message_limit": MESSAGE_LIMIT}
        raise Invalid(gettext("The note is too long."), errors={"note": [words]})
    locked = _locked(pair)
    retired = _live(locked).filter(outcome=AdjudicationOutcome.RETIRE).values_list("pk", flat=True)
    before: dict[str, Any] = {"state": locked.state, "flags": list(_open_flags(locked)), "retired": list(retired)}
    if locked.gold_choice is not None:
        before["gold"] = {
            "choice": locked.gold_choice,
            "note": locked.gold_note,
            "use": locked.gold_use,
            "in_review": locked.gold_in_review_since is not None,
        }
    return locked, before


def _open_flags(pair: Pair) -> Iterable[int]:
    return Flag.objects.filter(assignment__pair=pair, resolved_at__isnull=True).order_by("pk").values_list("pk", flat=True)


def _resolve_flags(pair: Pair, by: User, now: datetime) -> None:
    Flag.objects.filter(pk__in=list(_open_flags(pair))).update(resolved_at=now, resolved_by=by)


def _live(pair: Pair) -> Any:
    return Adjudication.objects.filter(pair=pair, undone_at__isnull=True)


def _record(pair: Pair, outcome: AdjudicationOutcome, by: User, now: datetime, **values: Any) -> Adjudication:
    return Adjudication.objects.create(campaign=pair.campaign, pair=pair, outcome=outcome, by=by, at=now, **values)


def _mark_undone(adjudication: Adjudication, by: User, now: datetime) -> Adjudication:
    adjudication.undone_at, adjudication.undone_by = now, by
    adjudication.save(update_fields=["undone_at", "undone_by"])
    return adjudication


def _restore(pair: Pair, adjudication: Adjudication, by: User, now: datetime) -> None:
    before = adjudication.before
    Adjudication.objects.filter(pk__in=before["retired"]).update(undone_at=None, undone_by=None)
    known = before.get("gold")
    if known is not None:
        gold.set_gold(pair=pair, choice=known["choice"], note=known["note"], use=known["use"], by=by, now=now)
        if known["in_review"]:
            gold.put_up_for_review(pair_ids=[pair.pk], by=by, now=now)
    if before["state"] == PairState.HELD:
        pair_holds.hold_pairs(pair_ids=[pair.pk], by=by, now=now)
    else:
        PairSeats.objects.filter(pk=pair.pk, state=PairState.HELD).update(state=before["state"])
    Flag.objects.filter(pk__in=before["flags"]).update(resolved_at=None, resolved_by=None)
    _blur_what_is_unsafe(pair)


def _blur_what_is_unsafe(pair: Pair) -> None:
    """Both images of the pair are blurred if a live outcome of any pair says so, and else not."""
    for image in pair.images:
        live = Adjudication.objects.filter(campaign=pair.campaign, undone_at__isnull=True)
        by_a, by_b = Q(unsafe_a=True, pair__image_a__sha256=image.sha256), Q(unsafe_b=True, pair__image_b__sha256=image.sha256)
        _with_the_files(pair.campaign, [image.sha256]).update(is_unsafe=live.filter(by_a | by_b).exists())


def _with_the_files(campaign: Campaign, hashes: list[str]) -> Any:
    return Image.objects.filter(sha256__in=hashes, prompt__campaign=campaign)
