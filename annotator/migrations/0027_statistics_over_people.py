from django.db import migrations


class Migration(migrations.Migration):
    """Rates and agreement have intervals over people too. Statistics are computed anew from the votes, within a minute."""

    dependencies = [
        ("annotator", "0026_pairing_in_batches"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM annotator_campaignstatistics", migrations.RunSQL.noop),
    ]
