import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0042_review_tallies'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='golddecision',
            name='gold_decision_act_known',
        ),
        migrations.RenameField(
            model_name='golddecision',
            old_name='act',
            new_name='kind',
        ),
        migrations.RenameField(
            model_name='hubaccount',
            old_name='sealed_token',
            new_name='encrypted_token',
        ),
        migrations.RenameField(
            model_name='idempotentresponse',
            old_name='sealed_answer',
            new_name='encrypted_answer',
        ),
        migrations.RenameField(
            model_name='webhook',
            old_name='sealed_secret',
            new_name='encrypted_secret',
        ),
        migrations.AlterField(
            model_name='annotatorstats',
            name='member',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='stats', serialize=False, to='annotator.member'),
        ),
        migrations.AlterField(
            model_name='moderationaction',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='actions', to='annotator.member'),
        ),
        migrations.AlterField(
            model_name='moderationaction',
            name='rule',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='actions', to='annotator.reviewrule'),
        ),
        migrations.AddConstraint(
            model_name='golddecision',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['made', 'changed', 'removed', 'review', 'kept'])), name='gold_decision_kind_known'),
        ),
    ]
