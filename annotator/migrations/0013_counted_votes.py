"""Which votes count, once: two views under all that counts votes.

`live_vote` has the votes that are not void, of members who have not withdrawn: of every kind and question, of machines too.
A member who withdrew is left out even where a vote of theirs was not voided. `kind` is the assignment's; `member_kind` and
`member_state` are the member's. Who measures annotators or describes a campaign takes from these what they need.

`counted_vote` has those that make labels: of regular assignments, of people.

What is added to a condition has to be noted by a trigger as well (models/triggers.py), so that the pair is scored again. A
view is no table of its own: a query over one is planned as if its text stood there, and uses the same indexes.

A column that a view shows cannot change its type, and no column can be added, unless a migration drops both and makes them
again.
"""

from __future__ import annotations

from django.db import migrations

VIEWS = """
CREATE VIEW live_vote AS
SELECT vote.id, member.campaign_id, vote.question_id, vote.assignment_id, seat.pair_id, seat.member_id, seat.kind,
       member.kind AS member_kind, member.state AS member_state, vote.choice, seat.a_on_left, vote.elapsed_ms, vote.created_at
FROM annotator_vote vote
JOIN annotator_assignment seat ON seat.id = vote.assignment_id
JOIN annotator_member member ON member.id = seat.member_id
WHERE vote.void_reason IS NULL AND member.state <> 'withdrawn';

CREATE VIEW counted_vote AS
SELECT * FROM live_vote WHERE kind = 'regular' AND member_kind = 'human';
"""


class Migration(migrations.Migration):
    dependencies = [("annotator", "0001_start")]

    operations = [migrations.RunSQL(VIEWS, "DROP VIEW counted_vote; DROP VIEW live_vote")]
