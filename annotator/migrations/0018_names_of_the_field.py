"""Four models have the field's names; their tables keep theirs."""

from __future__ import annotations

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

RENAMED = {
    "KeptAnswer": ("IdempotentResponse", "annotator_keptanswer"),
    "Lineage": ("ServerEpoch", "annotator_lineage"),
    "Standing": ("AnnotatorStats", "annotator_standing"),
    "Act": ("ModerationAction", "annotator_act"),
}


class Migration(migrations.Migration):
    dependencies = [("annotator", "0017_campaign_rule_limits")]

    operations = [
        operation
        for old, (new, table) in RENAMED.items()
        for operation in (migrations.AlterModelTable(old, table), migrations.RenameModel(old, new))
    ] + [
        # The name of a trigger in the database is made of its model's.
        pgtrigger.migrations.RemoveTrigger(
            model_name='moderationaction',
            name='act_is_fixed',
        ),
        migrations.AlterField(
            model_name='campaignstatistics',
            name='document',
            field=models.JSONField(help_text='As annotator/scoring/statistics/schema.py describes it. Only shown.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='moderationaction',
            trigger=pgtrigger.compiler.Trigger(name='act_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5f8a81f3e289d8fd33ce1c70d4d6ac44e808089e', operation='UPDATE OR DELETE', pgid='pgtrigger_act_is_fixed_90a91', table='annotator_act', when='BEFORE')),
        ),
    ]
