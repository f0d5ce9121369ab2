"""The audit share. Pairs that are there already are not in it: which of them had been stopped early is decided.

Statistics are due anew, because agreement is now of the first votes on each pair.
"""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0020_help_texts"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="audit_rate",
            field=models.FloatField(
                db_default=0.05,
                default=0.05,
                help_text="A random share of new pairs gets the most votes per pair, whatever people answer; a change holds for"
                " later imports.",
                validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)],
                verbose_name="Audit share",
            ),
        ),
        migrations.AddField(
            model_name="pair",
            name="is_audit",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="Drawn at import to get the most votes per pair, whatever people answer.",
            ),
        ),
        migrations.AddIndex(
            model_name="pair",
            index=models.Index(
                condition=models.Q(("gold_choice__isnull", True), ("is_audit", True), ("state", "settled")),
                fields=["campaign", "votes_wanted"],
                name="pair_audit_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("audit_rate__gte", 0), ("audit_rate__lte", 1)), name="campaign_audit_rate_limits"
            ),
        ),
        migrations.RunSQL("UPDATE annotator_campaignstatistics SET is_outdated = true", migrations.RunSQL.noop),
    ]
