"""The review queue: what waits for somebody's judgment in a campaign, one item after the other, and who looks at which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotator.choices import AdjudicationOutcome, ConsensusMethod, Label, PairState
from annotator.errors import Invalid
from annotator.models import Adjudication, Campaign, Consensus, Pair, Question, ReviewerPresence, User
from annotator.models.material import NEAR_IDENTICAL_DISTANCE

COUNTED = 100  # items of a kind, beside its name
PRESENT_FOR = timedelta(seconds=60)  # since the page said last that it is open
POLLED_EVERY = 20  # seconds between two signs of life of a page
FORGOTTEN_AFTER = timedelta(hours=1)


class Kind(TextChoices):
    """Why an item waits, in the order of the queue."""

    APPEAL = "appeal", gettext_lazy("Appeals")
    FLAG = "flag", gettext_lazy("Flags")
    GOLD = "gold", gettext_lazy("Disputed gold")
    UNDECIDED = "undecided", gettext_lazy("Undecided")
    ALIKE = "alike", gettext_lazy("Near-identical")


@dataclass(frozen=True)
class Item:
    """An appeal or a pair. `place` is where the queue goes on after it."""

    kind: Kind
    place: str
    number: int  # of the appeal or the pair


_UNJUDGED = (
    "(SELECT count(*) FROM annotator_adjudication judged WHERE judged.pair_id = {}"
    " AND judged.outcome <> 'message' AND judged.undone_at IS NULL) = 0"
)
_VOTES = "(((verdict.n_a + verdict.n_b) + verdict.n_both_good) + verdict.n_both_bad)"
# By kind: the columns of the place, that of the number, and the rest of the statement. Each goes through an index of its own.
_SOURCES: dict[Kind, tuple[tuple[str, ...], str, str]] = {
    Kind.APPEAL: (
        ("appeal.id",),
        "appeal.id",
        "FROM annotator_appeal appeal JOIN annotator_member member ON member.id = appeal.member_id"
        " WHERE member.campaign_id = %(campaign)s AND appeal.state = 'open' AND member.state <> 'withdrawn'",
    ),
    # Flag by flag, and the seat of each: a join could be planned over all flags, to be sorted.
    Kind.FLAG: (
        ("flag.campaign_id", "flag.id"),
        "seat.pair_id",
        "FROM annotator_flag flag,"
        " LATERAL (SELECT pair_id FROM annotator_assignment WHERE id = flag.assignment_id OFFSET 0) seat"
        " WHERE flag.campaign_id >= %(campaign)s AND flag.campaign_id <= %(campaign)s AND flag.resolved_at IS NULL AND"
        " (SELECT count(*) FROM annotator_assignment other JOIN annotator_flag earlier ON earlier.assignment_id = other.id"
        " WHERE other.pair_id = seat.pair_id AND earlier.resolved_at IS NULL AND earlier.id < flag.id) = 0",
    ),
    Kind.GOLD: (
        ("pair.id",),
        "pair.id",
        "FROM annotator_pair pair WHERE pair.campaign_id = %(campaign)s AND pair.gold_in_review_since IS NOT NULL",
    ),
    # Settled: no more votes come that could decide it. Ties with fewer votes than are wanted, of which there may be many, are not
    # looked at.
    Kind.UNDECIDED: (
        (f"0 - {_VOTES}", "verdict.pair_id"),
        "verdict.pair_id",
        "FROM annotator_consensus verdict"  # noqa: S608 - fixed text
        f" WHERE verdict.question_id = %(question)s AND 0 - {_VOTES} <= 0 - %(votes_wanted)s"
        " AND verdict.method = 'majority' AND verdict.label = 'tie'"
        " AND (SELECT seats.state FROM annotator_pair_seats seats WHERE seats.id = verdict.pair_id) = 'settled'"
        f" AND {_UNJUDGED.format('verdict.pair_id')}",
    ),
    Kind.ALIKE: (
        ("pair.campaign_id", "pair.image_distance", "pair.id"),
        "pair.id",
        "FROM annotator_pair pair WHERE pair.campaign_id >= %(campaign)s AND pair.campaign_id <= %(campaign)s"  # noqa: S608 - fixed text
        f" AND pair.image_distance <= {NEAR_IDENTICAL_DISTANCE}"
        " AND (SELECT seats.state FROM annotator_pair_seats seats WHERE seats.id = pair.id) <> 'held'"
        f" AND {_UNJUDGED.format('pair.id')}",
    ),
}


def next_item(campaign: Campaign, *, kind: str = "", after: str = "") -> Item | None:
    """The first item of the kind, or of all kinds, after a place. Raises Invalid for a place that is none."""
    kinds = [one for one in Kind if kind in ("", one)]
    if not kinds:
        raise Invalid(gettext("This kind does not exist."), errors={"kind": [gettext("Choose one of the kinds.")]})
    reached, place = _parse(after)
    for one in kinds:
        if reached is None or _order(one) >= _order(reached):
            found = next(_items(campaign, one, place if one == reached else None, 1), None)
            if found is not None:
                return found
    return None


def counts(campaign: Campaign) -> dict[Kind, int]:
    """As `count`, of each kind."""
    return {kind: count(campaign, kind) for kind in Kind}


def count(campaign: Campaign, kind: Kind) -> int:
    """How many items of a kind wait, up to one more than COUNTED."""
    return sum(1 for _ in _items(campaign, kind, None, COUNTED + 1))


def kinds_of_pair(pair: Pair, *, labels: Iterable[Consensus], adjudications: Iterable[Adjudication], flags: int) -> list[Kind]:
    """Why a pair waits, from what its page knows: one may for several reasons."""
    is_judged = any(made.is_live and made.outcome != AdjudicationOutcome.MESSAGE for made in adjudications)
    is_tie = any(
        label.label == Label.TIE and label.method == ConsensusMethod.MAJORITY and label.question.position == 0 for label in labels
    )
    is_alike = pair.image_distance is not None and pair.image_distance <= NEAR_IDENTICAL_DISTANCE
    why = {
        Kind.FLAG: flags > 0,
        Kind.GOLD: pair.gold_in_review_since is not None,
        Kind.UNDECIDED: is_tie and pair.state == PairState.SETTLED and not is_judged,
        Kind.ALIKE: is_alike and pair.state != PairState.HELD and not is_judged,
    }
    return [kind for kind, applies in why.items() if applies]


def _items(campaign: Campaign, kind: Kind, after: tuple[float, ...] | None, limit: int) -> Iterator[Item]:
    keys, number, sql = _SOURCES[kind]
    parameters = _parameters(campaign)
    columns = ", ".join(keys)
    bound = ""
    if after is not None:
        if len(after) != len(keys):
            raise _no_place()
        parameters |= {f"after_{n}": value for n, value in enumerate(after)}
        bound = f" AND ({columns}) > ({', '.join(f'%(after_{n})s' for n in range(len(after)))})"
    for *place, found in _fetch(f"SELECT {columns}, {number} {sql}{bound} ORDER BY {columns} LIMIT {limit:d}", parameters):
        yield Item(kind, f"{kind.value}:" + "_".join(map(repr, place)), found)


def _parameters(campaign: Campaign) -> dict[str, Any]:
    question = Question.objects.filter(campaign=campaign, position=0).values_list("pk", flat=True).first() or 0
    return {"campaign": campaign.pk, "question": question, "votes_wanted": campaign.votes_wanted}


def _fetch(sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        yield from cursor.fetchall()


def _order(kind: Kind) -> int:
    return list(Kind).index(kind)


def _parse(place: str) -> tuple[Kind | None, tuple[float, ...]]:
    if not place:
        return None, ()
    kind, _, keys = place.partition(":")
    try:
        key = tuple(float(part) if "." in part or "e" in part else int(part) for part in keys.split("_"))
        reached = Kind(kind)
    except ValueError:
        raise _no_place() from None
    if not all(-(2**63) < part < 2**63 for part in key):
        raise _no_place()
    return reached, key


def _no_place() -> Invalid:
    return Invalid(gettext("The place in the queue is not valid."), errors={"after": [gettext("Begin at the first item.")]})


# --- who looks at which item


def note_presence(*, campaign: Campaign, item: str, user: User, now: datetime | None = None) -> list[User]:
    """Note that the user has the item open, and return who else has."""
    now = now or timezone.now()
    here = ReviewerPresence.objects.filter(campaign=campaign, item=item)
    ReviewerPresence.objects.filter(campaign=campaign, seen_at__lt=now - FORGOTTEN_AFTER).delete()
    ReviewerPresence.objects.update_or_create(campaign=campaign, item=item, user=user, defaults={"seen_at": now})
    others = here.filter(seen_at__gt=now - PRESENT_FOR).exclude(user=user).select_related("user").order_by("-seen_at")
    return [presence.user for presence in others]


def leave_item(*, campaign: Campaign, item: str, user: User) -> None:
    """The user is done with the item."""
    ReviewerPresence.objects.filter(campaign=campaign, item=item, user=user).delete()
