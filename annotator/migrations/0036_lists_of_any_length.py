"""Indexes of the lists that grow with a campaign, so that their first page costs the same at any size.

A flag now says of which campaign it is: the flags that wait for a manager are read from an index of their own.
"""

import annotator.models.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0035_display_copies'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='vote',
            name='vote_comments',
        ),
        migrations.AddField(
            model_name='flag',
            name='campaign',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=0, on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='annotator.campaign'),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE annotator_flag SET campaign_id = seat.campaign_id FROM annotator_assignment seat WHERE seat.id = assignment_id",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='flag',
            name='assignment',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='flag', to='annotator.assignment'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('kind', 'training')), fields=['member', 'created_at'], name='assignment_training'),
        ),
        migrations.AddIndex(
            model_name='consensus',
            index=models.Index(models.F('question'), models.OrderBy(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('n_a'), '+', models.F('n_b')), '+', models.F('n_both_good')), '+', models.F('n_both_bad')), descending=True), models.OrderBy(models.F('share'), descending=True), models.F('pair'), condition=models.Q(('method', 'majority'), ('share__gte', 0.9), models.Q(('label', 'tie'), _negated=True)), name='consensus_agreed'),
        ),
        migrations.AddIndex(
            model_name='flag',
            index=models.Index(condition=models.Q(('resolved_at__isnull', True)), fields=['campaign', 'id'], name='flag_open'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('gold_choice__isnull', False)), fields=['campaign', 'gold_use', 'seats'], name='pair_gold_by_number'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('gold_in_review_since__isnull', False)), fields=['campaign', 'seats'], name='pair_gold_in_review'),
        ),
        migrations.AddIndex(
            model_name='vote',
            index=models.Index(condition=models.Q(('comment', ''), _negated=True), fields=['campaign', '-id'], name='vote_comments'),
        ),
        migrations.AddIndex(
            model_name='vote',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['created_at'], name='vote_times', pages_per_range=32),
        ),
        migrations.AddIndex(
            model_name='vote',
            index=models.Index(condition=models.Q(('voided_at__isnull', False)), fields=['voided_at'], name='vote_voided'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'assignment'), name='flag_assignment_in_campaign', to='annotator.Assignment', to_fields=('campaign', 'id')),
        ),
    ]
