"""Triggers: those that note what has to be scored again, which write rows of UnscoredAssignment and nothing else, and one that
keeps the two rows of a pair in step."""

from __future__ import annotations

import pgtrigger

NOTE_VOTES = """
    INSERT INTO annotator_unscoredassignment (assignment_id) SELECT DISTINCT assignment_id FROM changed_votes;
    RETURN NULL;
"""
NOTE_MEMBER = """
    INSERT INTO annotator_unscoredassignment (assignment_id)
    SELECT id FROM annotator_assignment WHERE member_id = NEW.id AND closed_at IS NOT NULL;
    RETURN NULL;
"""
PAIR_AND_SEATS = """
    PERFORM FROM annotator_pair_seats
    WHERE id = NEW.id AND campaign_id = NEW.campaign_id AND is_gold = (NEW.gold_choice IS NOT NULL);
    IF NOT FOUND THEN
        UPDATE annotator_pair_seats SET is_gold = (NEW.gold_choice IS NOT NULL)
        WHERE id = NEW.id AND campaign_id = NEW.campaign_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'pair_and_seats_agree: pair % has no seats in campaign %', NEW.id, NEW.campaign_id;
        END IF;
    END IF;
    RETURN NEW;
"""


def note_changed_votes(name: str, operation: pgtrigger.Operation) -> pgtrigger.Trigger:
    """Once per statement, however many votes it writes or voids."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(new="changed_votes"),
        func=NOTE_VOTES,
    )


def note_member_who_counts_otherwise(name: str) -> pgtrigger.Trigger:
    """All that a member judged, where their votes begin or cease to count: they withdrew, or are no person."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("OLD.kind <> NEW.kind OR (OLD.state = 'withdrawn') <> (NEW.state = 'withdrawn')"),
        func=NOTE_MEMBER,
    )


def pair_and_seats_agree() -> pgtrigger.Trigger:
    """A pair and its seats are of one campaign, and the seats know whether the pair is gold."""
    return pgtrigger.Trigger(
        name="pair_and_seats_agree",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("campaign_id", "gold_choice"),
        func=PAIR_AND_SEATS,
    )
