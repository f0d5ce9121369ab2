"""Triggers: those that note what has to be scored again, which write rows of UnscoredAssignment and nothing else; one that
keeps the two rows of a pair in step; and those that keep the table of waiting seats."""

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
# Found by their state: open ones by whoever answers, skipped and flagged ones by whoever takes that back, and expired ones of
# a machine by whoever hands them out again. An answer is found by its votes.
NEW_SEATS = """
    INSERT INTO annotator_waiting_seat (member_id, state, assignment_id)
    SELECT member_id, state, id FROM new_seats
    WHERE state IN ('open', 'skipped', 'flagged') OR (state = 'expired' AND kind = 'machine');
    RETURN NULL;
"""
CHANGED_SEAT = """
    IF OLD.state IN ('open', 'skipped', 'flagged') OR (OLD.state = 'expired' AND OLD.kind = 'machine') THEN
        DELETE FROM annotator_waiting_seat WHERE member_id = OLD.member_id AND state = OLD.state AND assignment_id = OLD.id;
    END IF;
    IF NEW.state IN ('open', 'skipped', 'flagged') OR (NEW.state = 'expired' AND NEW.kind = 'machine') THEN
        INSERT INTO annotator_waiting_seat (member_id, state, assignment_id) VALUES (NEW.member_id, NEW.state, NEW.id);
    END IF;
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


def new_seats_wait(name: str) -> pgtrigger.Trigger:
    """Once per statement, however many seats it takes."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_seats"),
        func=NEW_SEATS,
    )


def waiting_seats_follow(name: str) -> pgtrigger.Trigger:
    """Of each seat that is answered, closed otherwise, or opened again; one that is only shown costs nothing."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("OLD.state <> NEW.state"),
        func=CHANGED_SEAT,
    )
