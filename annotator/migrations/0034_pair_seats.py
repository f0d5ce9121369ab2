"""What votes write of a pair moves to a table of its own, which is narrow and whose updates touch no index.

The pairs keep their ids. Columns that go take their constraints and indexes with them; the table is not rewritten for that.

Indexes of assignments and votes that no plan uses go, and others are joined, so that a vote writes few entries. No index has the
lease of an assignment any more, so that renewing it touches none.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

MOVED = ["state", "votes_wanted", "seats_taken", "seats_a_on_left", "priority", "ring", "is_audit"]
MOVED_RULES = {
    "pair_seats_within_votes_wanted",
    "pair_left_seats_within_seats",
    "pair_votes_wanted_range",
    "pair_ring_not_negative",
    "pair_state_known",
}
GONE_INDEXES = {
    "pair_ring_with_free_seats",
    "pair_gold_ring",
    "pair_settled_not_full",
    "pair_audit_settled",
    "pair_full_not_settled",
}

COPY = """
INSERT INTO annotator_pair_seats (id, campaign_id, {moved}, is_gold)
SELECT id, campaign_id, {moved}, gold_choice IS NOT NULL FROM annotator_pair ORDER BY id;
SELECT setval(pg_get_serial_sequence('annotator_pair_seats', 'id'), max(id)) FROM annotator_pair_seats HAVING max(id) IS NOT NULL;
"""
CUT = """
ALTER TABLE annotator_pair {drops}, ALTER COLUMN id DROP IDENTITY IF EXISTS, ADD CONSTRAINT annotator_pair_id_fk_pair_seats
    FOREIGN KEY (id) REFERENCES annotator_pair_seats (id) DEFERRABLE INITIALLY DEFERRED;
"""


# What has to be scored is written with each vote, and taken away by its assignment: nobody looks for one by its id.
#
# Rows that are written again have room beside them for their next version. What grows by thousands of rows a minute is cleaned
# and counted after a share of it that stays small as it grows.
STORAGE = """
ALTER TABLE annotator_pair_seats SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE annotator_assignment SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE annotator_vote SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE annotator_member SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.1);
ALTER TABLE annotator_ringcursor SET (fillfactor = 50);
ALTER TABLE annotator_campaignprogress SET (fillfactor = 50);
ALTER TABLE annotator_unscoredassignment DROP CONSTRAINT annotator_unscoredassignment_pkey, REPLICA IDENTITY FULL;
ALTER TABLE annotator_unscoredassignment SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000);
"""


class PairOfTwoTables(Operation):
    """Pair becomes a child of PairSeats, which no operation of Django's can say of a model that is there already."""

    reversible = False

    def state_forwards(self, app_label, state):
        pair = state.models[app_label, "pair"]
        for name in ["id", *MOVED]:
            del pair.fields[name]
        pair.fields["seats"] = models.OneToOneField(
            db_column="id",
            on_delete=django.db.models.deletion.CASCADE,
            parent_link=True,
            primary_key=True,
            related_name="pair",
            serialize=False,
            to="annotator.pairseats",
        )
        pair.bases = (f"{app_label}.pairseats",)
        is_near = models.Index(
            condition=models.Q(("image_distance__lte", 6)),
            fields=["campaign", "image_distance", "seats"],
            name="pair_near_identical",
        )
        of_campaign = models.UniqueConstraint(fields=("campaign", "seats"), name="pair_of_campaign")
        pair.options["indexes"] = [
            is_near if index.name == is_near.name else index
            for index in pair.options["indexes"]
            if index.name not in GONE_INDEXES
        ]
        pair.options["constraints"] = [
            of_campaign if rule.name == of_campaign.name else rule
            for rule in pair.options["constraints"]
            if rule.name not in MOVED_RULES
        ]
        state._relations = None
        state.__dict__.pop("apps", None)  # rendered anew when it is next asked for

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute(COPY.format(moved=", ".join(MOVED)), params=None)
        schema_editor.execute(CUT.format(drops=", ".join(f"DROP COLUMN {name}" for name in MOVED)), params=None)

    def describe(self):
        return "Move what votes write of a pair to its seats"


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0033_rules_off_until_decided"),
    ]

    operations = [
        migrations.CreateModel(
            name="PairSeats",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "of_campaign",
                    models.ForeignKey(
                        db_column="campaign_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="annotator.campaign",
                    ),
                ),
                ("ring", models.IntegerField(editable=False, help_text="Random position in the order of assignment.")),
                ("votes_wanted", models.PositiveSmallIntegerField()),
                ("seats_taken", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("seats_a_on_left", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("priority", models.SmallIntegerField(default=0, help_text="Annotators get pairs with a higher priority first.")),
                (
                    "rank",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(is_gold=True, then=models.Value(0)),
                            models.When(
                                models.Q(
                                    ("is_audit", True),
                                    ("state", "settled"),
                                    models.Q(("seats_taken__lt", models.F("votes_wanted")), _negated=True),
                                ),
                                then=models.F("votes_wanted"),
                            ),
                            default=models.F("priority"),
                            output_field=models.SmallIntegerField(),
                        ),
                        help_text="The order in its line: votes wanted for audit, none for gold, else the priority.",
                        output_field=models.SmallIntegerField(),
                    ),
                ),
                (
                    "is_audit",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        editable=False,
                        help_text="Drawn at import to get the most votes per pair, whatever people answer.",
                    ),
                ),
                (
                    "is_gold",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        editable=False,
                        help_text="Whether the pair has a known answer. A trigger keeps it.",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("settled", "Settled"), ("held", "Held")], default="open", max_length=8
                    ),
                ),
                (
                    "line",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(is_gold=True, then=models.Value("gold")),
                            models.When(
                                models.Q(("state", "open"), ("seats_taken__lt", models.F("votes_wanted"))),
                                then=models.Value("free"),
                            ),
                            models.When(state="open", then=models.Value("full")),
                            models.When(state="held", then=models.Value("held")),
                            models.When(models.Q(("seats_taken__lt", models.F("votes_wanted"))), then=models.Value("short")),
                            models.When(is_audit=True, then=models.Value("audit")),
                            default=models.Value("settled"),
                        ),
                        help_text="free or full: in circulation. short: settled, and lacks a seat. audit: settled, drawn for audit.",
                        output_field=models.CharField(max_length=8),
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "pair seats",
                "db_table": "annotator_pair_seats",
                "ordering": ["pk"],
            },
        ),
        PairOfTwoTables(),
        migrations.AddIndex(
            model_name="pairseats",
            index=models.Index(fields=["of_campaign", "line", "rank", "ring"], name="pair_line"),
        ),
        migrations.AddConstraint(
            model_name="pairseats",
            constraint=models.CheckConstraint(
                condition=models.Q(("seats_taken__lte", models.F("votes_wanted"))), name="pair_seats_within_votes_wanted"
            ),
        ),
        migrations.AddConstraint(
            model_name="pairseats",
            constraint=models.CheckConstraint(
                condition=models.Q(("seats_a_on_left__lte", models.F("seats_taken"))), name="pair_left_seats_within_seats"
            ),
        ),
        migrations.AddConstraint(
            model_name="pairseats",
            constraint=models.CheckConstraint(
                condition=models.Q(("votes_wanted__gte", 1), ("votes_wanted__lte", 100)), name="pair_votes_wanted_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="pairseats",
            constraint=models.CheckConstraint(condition=models.Q(("ring__gte", 0)), name="pair_ring_not_negative"),
        ),
        migrations.AddConstraint(
            model_name="pairseats",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "settled", "held"])), name="pair_state_known"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="pair",
            trigger=pgtrigger.compiler.Trigger(
                name="pair_and_seats_agree",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    PERFORM FROM annotator_pair_seats\n    WHERE id = NEW.id AND campaign_id = NEW.campaign_id AND is_gold = (NEW.gold_choice IS NOT NULL);\n    IF NOT FOUND THEN\n        UPDATE annotator_pair_seats SET is_gold = (NEW.gold_choice IS NOT NULL)\n        WHERE id = NEW.id AND campaign_id = NEW.campaign_id;\n        IF NOT FOUND THEN\n            RAISE EXCEPTION 'pair_and_seats_agree: pair % has no seats in campaign %', NEW.id, NEW.campaign_id;\n        END IF;\n    END IF;\n    RETURN NEW;\n",
                    hash="433cbe8a0224df0b74da86b22162b1cf0d49a46a",
                    operation='INSERT OR UPDATE OF "campaign_id", "gold_choice"',
                    pgid="pgtrigger_pair_and_seats_agree_b2fed",
                    table="annotator_pair",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_regular_once_per_member_and_pair',
        ),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_gold_once_per_member_and_pair',
        ),
        migrations.RemoveConstraint(
            model_name='assignment',
            name='assignment_repeat_once_per_member_and_pair',
        ),
        migrations.RemoveConstraint(
            model_name='vote',
            name='vote_one_live_per_assignment_and_question',
        ),
        migrations.RemoveIndex(
            model_name='assignment',
            name='assignment_leases',
        ),
        migrations.RemoveIndex(
            model_name='assignment',
            name='assignment_answers',
        ),
        migrations.AlterField(
            model_name='assignment',
            name='guideline',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='The guideline version at that time.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.guideline'),
        ),
        migrations.AlterField(
            model_name='assignment',
            name='member',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.member'),
        ),
        migrations.AlterField(
            model_name='assignment',
            name='pair',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.pair'),
        ),
        migrations.AlterField(
            model_name='vote',
            name='assignment',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.assignment'),
        ),
        migrations.AlterField(
            model_name='vote',
            name='voided_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(fields=['member', 'closed_at'], name='assignment_of_member'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(models.F('pair'), models.F('member'), models.F('kind'), models.Case(models.When(kind='training', then=models.F('pk')), default=models.Value(0), output_field=models.BigIntegerField()), name='assignment_once_per_member_and_pair'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.UniqueConstraint(models.F('assignment'), models.F('question'), models.Case(models.When(then=models.Value(0), void_reason__isnull=True), default=models.F('pk'), output_field=models.BigIntegerField()), name='vote_one_live_per_assignment_and_question'),
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
