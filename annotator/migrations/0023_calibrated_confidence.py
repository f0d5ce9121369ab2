"""Confidence becomes a probability with a prior per question, and the share of the votes a column of its own.

The confidence and soft labels of rows that are there are still shares of votes. Scoring writes them anew: it finds every campaign
without a prior by itself.
"""

import django.db.models.deletion
from django.db import migrations, models

FILL_SHARES = """
    UPDATE annotator_consensus SET share =
        CASE label
            WHEN 'a' THEN n_a WHEN 'b' THEN n_b WHEN 'both_good' THEN n_both_good WHEN 'both_bad' THEN n_both_bad
            ELSE greatest(n_a, n_b, n_both_good, n_both_bad)
        END::float8 / greatest(n_a + n_b + n_both_good + n_both_bad, 1)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0022_label_methods'),
    ]

    operations = [
        migrations.CreateModel(
            name='SplitPrior',
            fields=[
                ('question', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='split_prior', serialize=False, to='annotator.question')),
                ('document', models.JSONField(help_text='Made and read by annotator/consensus/posterior.py.')),
                ('votes_now', models.PositiveBigIntegerField(default=0, help_text='Votes on the question when it was scored last.')),
                ('fitted_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='consensus',
            name='share',
            field=models.FloatField(default=0.0, help_text='Share of the votes on the label; of a tie, the largest share.'),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='consensus',
            name='confidence',
            field=models.FloatField(help_text="Probability that the label is what most of the campaign's population would answer."),
        ),
        migrations.AddConstraint(
            model_name='consensus',
            constraint=models.CheckConstraint(condition=models.Q(('share__gte', 0), ('share__lte', 1)), name='consensus_share_is_share'),
        ),
        migrations.RunSQL(FILL_SHARES, migrations.RunSQL.noop),
    ]
