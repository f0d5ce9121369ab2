"""Rules have versions, and those of campaigns from before are off until a manager has seen what they would do.

What a rule tests has changed with past updates, and a rule that nobody has looked at since would act on people unseen.
"""

from django.db import migrations, models
from django.db.models import F, Q


def turn_rules_off(apps, schema_editor):
    apps.get_model("annotator", "Proposal").objects.all().delete()
    rules = apps.get_model("annotator", "ReviewRule").objects
    rules.update(test_version=0)
    rules.filter(enabled=True).update(enabled=False, asks_since=None, version=F("version") + 1)


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0032_lookalike_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="reviewrule",
            name="version",
            field=models.PositiveIntegerField(
                default=1, help_text="Grows with each change of the threshold, the minimum or on and off."
            ),
        ),
        migrations.AddField(
            model_name="reviewrule",
            name="test_version",
            field=models.PositiveIntegerField(
                default=1, help_text="The version of the test that a manager has decided about."
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewrule",
            constraint=models.CheckConstraint(condition=Q(version__gte=1), name="review_rule_version_from_one"),
        ),
        migrations.AddField(
            model_name="moderationaction",
            name="rule_version",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="moderationaction",
            name="test_version",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="moderationaction",
            constraint=models.CheckConstraint(
                condition=Q(rule_version__isnull=True, test_version__isnull=True)
                | Q(rule__isnull=False, rule_version__isnull=False, test_version__isnull=False),
                name="act_versions_are_of_its_rule",
            ),
        ),
        migrations.RunPython(turn_rules_off, migrations.RunPython.noop),
    ]
