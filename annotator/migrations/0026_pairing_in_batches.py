"""Pairing rules that look at votes, and the probability with which each pair was drawn.

Pairs that are there have probability 1: from now on, a ring or a random design says with what chance it drew a pair. Statistics are
due anew, because they now say which generators met.
"""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("annotator", "0025_fair_rules"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='campaign',
            name='campaign_pairing_rule_known',
        ),
        migrations.AddField(
            model_name='campaign',
            name='pairs_per_image',
            field=models.PositiveSmallIntegerField(db_default=4, default=4, help_text='With random, Swiss or information gain pairing: how many comparisons each image takes part in.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='Pairs per image'),
        ),
        migrations.AddField(
            model_name='campaign',
            name='random_pair_share',
            field=models.FloatField(db_default=0.2, default=0.2, help_text='With information gain pairing: this share of the further pairs is drawn from all pairs alike.', validators=[django.core.validators.MinValueValidator(0.05), django.core.validators.MaxValueValidator(1)], verbose_name='Share of random pairs'),
        ),
        migrations.AddField(
            model_name='campaignprogress',
            name='votes_to_come',
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text='Votes on comparisons that the pairing rule has not chosen yet, because it waits for the votes before.'),
        ),
        migrations.AddField(
            model_name='image',
            name='is_paired_by_rule',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='Whether the pairing rule makes further pairs with this image as votes come in.'),
        ),
        migrations.AddField(
            model_name='pair',
            name='inclusion_probability',
            field=models.FloatField(db_default=1.0, default=1.0, editable=False, help_text='The probability with which the pairing rule drew this pair, given the pairs and votes before. 1: certain.'),
        ),
        migrations.AlterField(
            model_name='campaign',
            name='pairing_rule',
            field=models.CharField(choices=[('all_pairs', 'All pairs: every image with every other'), ('ring', 'Ring: each image with two others, in random order'), ('random_m', 'Random: each image with as many others as you set'), ('swiss', 'Swiss: images that won about as often meet next'), ('information_gain', 'Information gain: next the pairs that say most about the order')], default='all_pairs', help_text='How several images of one prompt become pairs, from the next import on.', max_length=16, verbose_name='Pairing'),
        ),
        migrations.AlterField(
            model_name='campaignprogress',
            name='votes_wanted',
            field=models.PositiveBigIntegerField(default=0, help_text='Sum of votes_wanted over open and settled pairs, and votes_to_come.'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('pairing_rule__in', ['all_pairs', 'ring', 'random_m', 'swiss', 'information_gain'])), name='campaign_pairing_rule_known'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('pairs_per_image__gte', 1), ('pairs_per_image__lte', 100)), name='campaign_pairs_per_image_limits'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('random_pair_share__gte', 0.05), ('random_pair_share__lte', 1)), name='campaign_random_pair_share_limits'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.CheckConstraint(condition=models.Q(('inclusion_probability__gt', 0), ('inclusion_probability__lte', 1)), name='pair_inclusion_probability_range'),
        ),
        migrations.RunSQL("UPDATE annotator_campaignstatistics SET is_outdated = true", migrations.RunSQL.noop),
    ]
