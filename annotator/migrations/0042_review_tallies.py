"""The tallies that a review of a large campaign keeps. The first review makes them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', "0041_shortest_look"),
    ]

    operations = [
        migrations.CreateModel(
            name='ReviewModel',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='annotator.campaign')),
                ('document', models.JSONField(help_text='The model, and all that the tallies depend on except votes.')),
                ('gold', models.BinaryField(help_text='The gold pairs that counted, and their known choices.')),
                ('votes', models.PositiveBigIntegerField(help_text='Number of votes that the model was fitted to.')),
                ('changes', models.PositiveBigIntegerField(default=0, help_text='Number of votes that have changed since.')),
                ('fitted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ReviewTally',
            fields=[
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='annotator.member')),
                ('good', models.FloatField(help_text='Probability that the annotator is a good one, at the last fit.')),
                ('since', models.BigIntegerField(help_text='The `counted_since` that the sums go by, in microseconds since 1970.')),
                ('answers', models.PositiveBigIntegerField(help_text='Number of answers that count.')),
                ('given', models.PositiveBigIntegerField(help_text='Number of votes, with those that are void.')),
                ('sums', models.BinaryField()),
            ],
            options={
                'verbose_name_plural': 'review tallies',
            },
        ),
    ]
