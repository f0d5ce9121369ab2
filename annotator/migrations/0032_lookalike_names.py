"""What each user name looks like. Of names from before that look alike, the oldest has it, and the others stay as they are."""

from django.db import migrations

import annotator.models.fields
from annotator.models.lookalikes import skeleton


def fill(apps, schema_editor):
    users, taken = apps.get_model("annotator", "User").objects, set()
    for pk, name in users.filter(is_crowd=False).order_by("pk").values_list("pk", "username"):
        if (looks := skeleton(name)) not in taken:
            taken.add(looks)
            users.filter(pk=pk).update(name_skeleton=looks)


class Migration(migrations.Migration):

    dependencies = [
        ("annotator", "0031_signed_crowd_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="name_skeleton",
            field=annotator.models.fields.SkeletonField(editable=False, max_length=1000, null=True, unique=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
