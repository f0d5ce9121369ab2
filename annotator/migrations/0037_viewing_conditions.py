"""How a pair was seen and answered is kept with its vote, for analysis. Votes until now have none."""

import django.db.models.functions.comparison
import django.db.models.functions.text
import django.db.models.lookups
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0036_lists_of_any_length'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='vote',
            name='vote_answer_is_fixed',
        ),
        migrations.AddField(
            model_name='vote',
            name='conditions',
            field=models.JSONField(blank=True, help_text='How the pair was seen and answered, as the page measured it: judging/conditions.py.', null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='vote',
            trigger=pgtrigger.compiler.Trigger(name='vote_answer_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."campaign_id" IS DISTINCT FROM (NEW."campaign_id") OR OLD."assignment_id" IS DISTINCT FROM (NEW."assignment_id") OR OLD."question_id" IS DISTINCT FROM (NEW."question_id") OR OLD."choice" IS DISTINCT FROM (NEW."choice") OR OLD."elapsed_ms" IS DISTINCT FROM (NEW."elapsed_ms") OR OLD."comment" IS DISTINCT FROM (NEW."comment") OR OLD."conditions" IS DISTINCT FROM (NEW."conditions") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='8a55871f2ac7b64b2b69690b603524b23378b4b2', operation='UPDATE', pgid='pgtrigger_vote_answer_is_fixed_a9578', table='annotator_vote', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.CheckConstraint(condition=models.Q(('conditions__isnull', True), models.Q(django.db.models.lookups.Exact(models.Func(models.F('conditions'), function='jsonb_typeof', output_field=models.TextField()), models.Value('object')), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length(django.db.models.functions.comparison.Cast('conditions', models.TextField())), 500)), _connector='OR'), name='vote_conditions_are_a_small_object'),
        ),
    ]
