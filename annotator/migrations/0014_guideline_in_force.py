"""Which guideline is in force stands on the campaign: the newest that was published."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE annotator_campaign SET guideline_id = newest.id
FROM (SELECT DISTINCT ON (campaign_id) campaign_id, id FROM annotator_guideline
      WHERE published_at IS NOT NULL ORDER BY campaign_id, version DESC) newest
WHERE newest.campaign_id = annotator_campaign.id;
"""


class Migration(migrations.Migration):
    dependencies = [("annotator", "0013_counted_votes")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="guideline",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="annotator.guideline",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
