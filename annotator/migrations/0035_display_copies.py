"""The copies of images for display get folders of their own, with names that tell nothing, and the larger copy is made later.

Copies that imports made until now stay where they are; `make displays` of the beat copies them over, and a page that asks for one
earlier gets it at once.
"""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0034_pair_seats"),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="display_id",
            field=models.UUIDField(
                editable=False,
                help_text="Folder of the copies for display. Null while they are where old imports put them.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="image",
            name="displays_made",
            field=models.SmallIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="How many copies for display are in that folder, the smallest first. -1: its files were lost.",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(condition=Q(displays_made__gte=0, displays_made__lt=2), fields=["id"], name="image_lacks_displays"),
        ),
    ]
