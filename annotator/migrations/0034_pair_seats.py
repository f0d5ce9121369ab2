"""What votes write of a pair moves to a table of its own, which is narrow and whose updates touch no index.

The pairs keep their ids. Columns that go take their constraints and indexes with them; the table is not rewritten for that.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
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
        migrations.RunSQL("ALTER TABLE annotator_pair_seats SET (fillfactor = 70)", migrations.RunSQL.noop),
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
    ]
