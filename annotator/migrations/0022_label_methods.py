"""Label methods beside the majority and Dawid–Skene, and how the labels of each question came about."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0021_audit_share'),
    ]

    operations = [
        migrations.CreateModel(
            name='LabelFit',
            fields=[
                ('question', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='label_fit', serialize=False, to='annotator.question')),
                ('method', models.CharField(choices=[('majority', 'Majority'), ('one_coin', 'One-coin Dawid–Skene'), ('dawid_skene', 'Dawid–Skene'), ('mace', 'MACE'), ('auto', 'Automatic: the one that predicts votes best')], help_text='Method that made the labels: with `auto`, the one it chose.', max_length=16)),
                ('converged', models.BooleanField(help_text='Whether it had settled when it stopped. If not, labels may be wrong.')),
                ('iterations', models.PositiveIntegerField(default=0)),
                ('reason', models.TextField(blank=True, help_text='Why `auto` chose this method.')),
                ('held_out', models.JSONField(blank=True, default=dict, help_text='With `auto`: method to the mean log-likelihood of held-out votes. For display only.')),
                ('computed_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='campaign',
            name='campaign_consensus_method_known',
        ),
        migrations.RemoveConstraint(
            model_name='consensus',
            name='consensus_method_known',
        ),
        migrations.AddField(
            model_name='campaignscoring',
            name='fitted_method',
            field=models.CharField(blank=True, db_default='', default='', help_text='Label method of the last run. Empty: none.', max_length=16),
        ),
        migrations.AlterField(
            model_name='campaign',
            name='consensus_method',
            field=models.CharField(choices=[('majority', 'Majority'), ('one_coin', 'One-coin Dawid–Skene'), ('dawid_skene', 'Dawid–Skene'), ('mace', 'MACE'), ('auto', 'Automatic: the one that predicts votes best')], db_default='majority', default='majority', help_text='How votes become the label of a pair.', max_length=16, verbose_name='Label method'),
        ),
        migrations.AlterField(
            model_name='campaignscoring',
            name='dawid_skene_changes',
            field=models.PositiveBigIntegerField(help_text='Value of `changes` at the last run.', null=True),
        ),
        migrations.AlterField(
            model_name='campaignscoring',
            name='dawid_skene_seconds',
            field=models.FloatField(default=0.0, help_text='Duration of the last run.'),
        ),
        migrations.AlterField(
            model_name='consensus',
            name='method',
            field=models.CharField(choices=[('majority', 'Majority'), ('one_coin', 'One-coin Dawid–Skene'), ('dawid_skene', 'Dawid–Skene'), ('mace', 'MACE'), ('auto', 'Automatic: the one that predicts votes best')], default='majority', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('consensus_method__in', ['majority', 'one_coin', 'dawid_skene', 'mace', 'auto'])), name='campaign_consensus_method_known'),
        ),
        migrations.AddConstraint(
            model_name='consensus',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['majority', 'one_coin', 'dawid_skene', 'mace', 'auto'])), name='consensus_method_known'),
        ),
        migrations.AddConstraint(
            model_name='labelfit',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['majority', 'one_coin', 'dawid_skene', 'mace', 'auto'])), name='label_fit_method_known'),
        ),
    ]
