"""Rules that hold at any time: nobody is ruled on by agreement with others, and default thresholds fit what trust now is."""

from django.db import migrations, models

# measure, outcome: the default of older versions, and the one of this. What a manager has set stays.
THRESHOLDS = {("trust", "warn"): (-3.0, -4.0), ("recent_trust", "pause"): (-7.0, -8.0)}


def carry_rules_over(apps, schema_editor):
    rules = apps.get_model("annotator", "ReviewRule").objects
    apps.get_model("annotator", "Proposal").objects.filter(rule__measure="agreement").delete()
    rules.filter(measure="agreement").update(enabled=False, asks_since=None)
    for (measure, outcome), (old, new) in THRESHOLDS.items():
        rules.filter(measure=measure, outcome=outcome, threshold=old).update(threshold=new)


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0024_statistics_anew"),
    ]

    operations = [
        migrations.RunPython(carry_rules_over, migrations.RunPython.noop),
        migrations.AddField(
            model_name="annotatorstats",
            name="own_trust",
            field=models.FloatField(db_default=0.0, default=0.0, help_text="The same from gold and repeats alone."),
        ),
        migrations.AlterField(
            model_name="annotatorstats",
            name="skill",
            field=models.FloatField(
                blank=True,
                help_text="1: answers as careful annotators mostly do. 0: no relation. Below 0: the opposite.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="annotatorstats",
            name="trust",
            field=models.FloatField(default=0.0, help_text="Log odds of care, with any taste, against guessing."),
        ),
        migrations.AlterField(
            model_name="annotatorstats",
            name="recent_trust",
            field=models.FloatField(default=0.0, help_text="Log odds against a change to guessing; 0 or less."),
        ),
    ]
