"""Triggers that note what has to be scored again. Each writes rows of UnscoredAssignment, and nothing else."""

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
