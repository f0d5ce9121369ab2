from django.db import migrations


class Migration(migrations.Migration):
    """Statistics have new figures. They are computed from the votes, within a minute for a campaign that has none."""

    dependencies = [
        ("annotator", "0023_calibrated_confidence"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM annotator_campaignstatistics", migrations.RunSQL.noop),
    ]
