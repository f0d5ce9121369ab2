"""The language that somebody chose for the site's pages; empty for what their browser asks for."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0043_field_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('language__regex', '^([a-z]{2,3}(-[a-z]{2,8})?)?$')), name='user_language_form'),
        ),
    ]
