"""An answer touches no index of its assignment any more.

What waits for an answer moves to a narrow table of its own, kept by triggers, in place of an index by state. When a member
answered what is found by the votes, which know their member now, in place of an index by the moment of the end.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import annotator.models.fields

WAITING = """
INSERT INTO annotator_waiting_seat (member_id, state, assignment_id)
SELECT member_id, state, id FROM annotator_assignment
WHERE state IN ('open', 'skipped', 'flagged') OR (state = 'expired' AND kind = 'machine') ORDER BY member_id, id;
"""
# The table is written anew once, with its indexes, and no trigger hears of it: no vote changes.
MEMBERS = """
CREATE FUNCTION annotator_member_of(assignment bigint) RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT member_id FROM annotator_assignment WHERE id = assignment';
ALTER TABLE annotator_vote ADD COLUMN member_id bigint;
ALTER TABLE annotator_vote ALTER COLUMN member_id SET DATA TYPE bigint USING annotator_member_of(assignment_id),
    ALTER COLUMN member_id SET NOT NULL;
DROP FUNCTION annotator_member_of(bigint);
"""
# Each row lives for some minutes.
STORAGE = """
ALTER TABLE annotator_waiting_seat SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0044_language_of_a_person"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingSeat",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member", "state", "assignment", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotator.member",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("answered", "Answered"),
                            ("skipped", "Skipped"),
                            ("flagged", "Flagged"),
                            ("expired", "Lease expired"),
                            ("returned", "Released after suspension or withdrawal"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "assignment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="waiting",
                        to="annotator.assignment",
                    ),
                ),
            ],
            options={
                "db_table": "annotator_waiting_seat",
                "ordering": ["member", "assignment"],
            },
        ),
        migrations.RunSQL(WAITING, migrations.RunSQL.noop),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="assignment", name="assignment_queue"),
        migrations.RemoveIndex(model_name="assignment", name="assignment_machine_again"),
        migrations.RemoveIndex(model_name="assignment", name="assignment_of_member"),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(fields=("member", "campaign", "id"), name="assignment_of_member"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="assignment_waits",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO annotator_waiting_seat (member_id, state, assignment_id)\n    SELECT member_id, state, id FROM new_seats\n    WHERE state IN ('open', 'skipped', 'flagged') OR (state = 'expired' AND kind = 'machine');\n    RETURN NULL;\n",
                    hash="8a6bfedeece1a94afbace3fa0a619446a40373ac",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_assignment_waits_d7837",
                    referencing="REFERENCING NEW TABLE AS new_seats ",
                    table="annotator_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="assignment_waits_no_more",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.state <> NEW.state)",
                    func="\n    IF OLD.state IN ('open', 'skipped', 'flagged') OR (OLD.state = 'expired' AND OLD.kind = 'machine') THEN\n        DELETE FROM annotator_waiting_seat WHERE member_id = OLD.member_id AND state = OLD.state AND assignment_id = OLD.id;\n    END IF;\n    IF NEW.state IN ('open', 'skipped', 'flagged') OR (NEW.state = 'expired' AND NEW.kind = 'machine') THEN\n        INSERT INTO annotator_waiting_seat (member_id, state, assignment_id) VALUES (NEW.member_id, NEW.state, NEW.id);\n    END IF;\n    RETURN NULL;\n",
                    hash="d99e1fca2bb963c8c1a5fe032471e47c21ef8732",
                    operation="UPDATE",
                    pgid="pgtrigger_assignment_waits_no_more_20fa4",
                    table="annotator_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="vote", name="vote_answer_is_fixed"),
        migrations.RemoveConstraint(model_name="vote", name="vote_assignment_in_campaign"),
        migrations.RunSQL(
            MEMBERS,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AddField(
                    model_name="vote",
                    name="member",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="votes",
                        to="annotator.member",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(model_name="vote", index=models.Index(fields=["member", "created_at"], name="vote_of_member")),
        migrations.AddConstraint(
            model_name="vote",
            constraint=annotator.models.fields.ForeignKeyPair(
                fields=("campaign", "member", "assignment"),
                name="vote_assignment_of_member",
                to="annotator.Assignment",
                to_fields=("campaign", "member", "id"),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vote",
            trigger=pgtrigger.compiler.Trigger(
                name="vote_answer_is_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."campaign_id" IS DISTINCT FROM (NEW."campaign_id") OR OLD."member_id" IS DISTINCT FROM (NEW."member_id") OR OLD."assignment_id" IS DISTINCT FROM (NEW."assignment_id") OR OLD."question_id" IS DISTINCT FROM (NEW."question_id") OR OLD."choice" IS DISTINCT FROM (NEW."choice") OR OLD."elapsed_ms" IS DISTINCT FROM (NEW."elapsed_ms") OR OLD."comment" IS DISTINCT FROM (NEW."comment") OR OLD."conditions" IS DISTINCT FROM (NEW."conditions") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3137ae6d24f50073e6136dcb72d5bf2f5f897a3e",
                    operation="UPDATE",
                    pgid="pgtrigger_vote_answer_is_fixed_a9578",
                    table="annotator_vote",
                    when="BEFORE",
                ),
            ),
        ),
    ]
