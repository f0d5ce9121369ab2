"""Crowd links whose parameters are signed, one session for each unsigned name, and attempts to join, counted for an hour."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0030_attempts_and_cancelled_imports'),
    ]

    operations = [
        migrations.CreateModel(
            name='JoinAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address_digest', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='crowdidentity',
            name='browsers',
            field=models.PositiveIntegerField(db_default=1, default=1, help_text='In how many browsers somebody began with this ID and no signature, one after the other.'),
        ),
        migrations.AddField(
            model_name='crowdidentity',
            name='is_signed',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether the platform signed the last visit.'),
        ),
        migrations.AddField(
            model_name='invite',
            name='platform_customer',
            field=models.CharField(blank=True, db_default='', default='', help_text='The study or workspace that signed parameters must be of.', max_length=64),
        ),
        migrations.AddField(
            model_name='invite',
            name='platform_key',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddConstraint(
            model_name='invite',
            constraint=models.CheckConstraint(condition=models.Q(('platform_key', ''), ('for_crowd', True), _connector='OR'), name='invite_key_is_of_a_platform'),
        ),
        migrations.AddIndex(
            model_name='joinattempt',
            index=models.Index(fields=['address_digest', 'at'], name='join_attempt_address'),
        ),
    ]
