"""What belongs to a campaign stays together: assignments and votes say which campaign they are of, and every reference in it
is kept by a foreign key of two columns.

Filling the new columns changes no vote: the triggers that note a change are off meanwhile, so that nobody who follows the
votes reads all of them once more. Rows that refer to another campaign were never written by Diptych; where there are some,
the constraint that fails names them, and nothing is changed.
"""

from __future__ import annotations

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from annotator.lib.together import Together

import annotator.models.fields

FILL = """
ALTER TABLE annotator_assignment DISABLE TRIGGER USER;
UPDATE annotator_assignment SET campaign_id = member.campaign_id
FROM annotator_member member WHERE member.id = annotator_assignment.member_id;
ALTER TABLE annotator_assignment ENABLE TRIGGER USER;
ALTER TABLE annotator_vote DISABLE TRIGGER USER;
UPDATE annotator_vote SET campaign_id = seat.campaign_id
FROM annotator_assignment seat WHERE seat.id = annotator_vote.assignment_id;
ALTER TABLE annotator_vote ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("annotator", "0014_guideline_in_force")]

    operations = [
        migrations.AddField(
            model_name='assignment',
            name='campaign',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.campaign'),
        ),
        migrations.AddField(
            model_name='vote',
            name='campaign',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.campaign'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='assignment',
            name='campaign',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.campaign'),
        ),
        migrations.AlterField(
            model_name='vote',
            name='campaign',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.campaign'),
        ),
        # What a foreign key of two columns refers to is unique first.
        migrations.RemoveIndex(
            model_name='pair',
            name='pair_of_campaign',
        ),
        Together(
            [
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=models.UniqueConstraint(fields=('campaign', 'id'), name='assignment_of_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='guideline',
                    constraint=models.UniqueConstraint(fields=('campaign', 'id'), name='guideline_of_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='image',
                    constraint=models.UniqueConstraint(fields=('prompt', 'id'), name='image_of_prompt'),
                ),
                migrations.AddConstraint(
                    model_name='member',
                    constraint=models.UniqueConstraint(fields=('campaign', 'id'), name='member_of_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='pair',
                    constraint=models.UniqueConstraint(fields=('campaign', 'id'), name='pair_of_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='prompt',
                    constraint=models.UniqueConstraint(fields=('campaign', 'id'), name='prompt_of_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='question',
                    constraint=models.UniqueConstraint(fields=('campaign', 'id'), name='question_of_campaign'),
                ),
                # No other index of a prompt, a pair or a member begins with the campaign: one that did might be taken in its place.
                migrations.RemoveConstraint(
                    model_name='pair',
                    name='pair_external_id_unique_in_campaign',
                ),
                migrations.RemoveConstraint(
                    model_name='prompt',
                    name='prompt_text_unique_in_campaign',
                ),
                migrations.RemoveConstraint(
                    model_name='prompt',
                    name='prompt_external_id_unique_in_campaign',
                ),
                migrations.AlterField(
                    model_name='prompt',
                    name='campaign',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='prompts', to='annotator.campaign'),
                ),
                migrations.AddConstraint(
                    model_name='pair',
                    constraint=models.UniqueConstraint(fields=('external_id', 'campaign'), name='pair_external_id_unique_in_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='prompt',
                    constraint=models.UniqueConstraint(fields=('text_sha256', 'campaign'), name='prompt_text_unique_in_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='prompt',
                    constraint=models.UniqueConstraint(fields=('external_id', 'campaign'), name='prompt_external_id_unique_in_campaign'),
                ),
                migrations.RemoveConstraint(
                    model_name='member',
                    name='member_once_per_campaign',
                ),
                migrations.AlterField(
                    model_name='member',
                    name='campaign',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='annotator.campaign'),
                ),
                migrations.AlterField(
                    model_name='member',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AddConstraint(
                    model_name='member',
                    constraint=models.UniqueConstraint(fields=('user', 'campaign'), name='member_once_per_campaign'),
                ),
                # Each stands in for the one or two of a single column.
                migrations.AlterField(
                    model_name='assignment',
                    name='guideline',
                    field=models.ForeignKey(blank=True, db_constraint=False, help_text='The version that was in force.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.guideline'),
                ),
                migrations.AlterField(
                    model_name='assignment',
                    name='member',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.member'),
                ),
                migrations.AlterField(
                    model_name='assignment',
                    name='pair',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.pair'),
                ),
                migrations.AlterField(
                    model_name='crowdidentity',
                    name='campaign',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='crowd_identities', to='annotator.campaign'),
                ),
                migrations.AlterField(
                    model_name='crowdidentity',
                    name='member',
                    field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='crowd_identity', to='annotator.member'),
                ),
                migrations.AlterField(
                    model_name='image',
                    name='prompt',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='images', to='annotator.prompt'),
                ),
                migrations.AlterField(
                    model_name='pair',
                    name='campaign',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='annotator.campaign'),
                ),
                migrations.AlterField(
                    model_name='pair',
                    name='image_a',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs_as_a', to='annotator.image'),
                ),
                migrations.AlterField(
                    model_name='pair',
                    name='image_b',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs_as_b', to='annotator.image'),
                ),
                migrations.AlterField(
                    model_name='pair',
                    name='prompt',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='annotator.prompt'),
                ),
                migrations.AlterField(
                    model_name='vote',
                    name='assignment',
                    field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.assignment'),
                ),
                migrations.AlterField(
                    model_name='vote',
                    name='question',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.question'),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'member'), name='assignment_member_in_campaign', to='annotator.Member', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'pair'), name='assignment_pair_in_campaign', to='annotator.Pair', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'guideline'), name='assignment_guideline_in_campaign', to='annotator.Guideline', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='campaign',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('id', 'guideline'), name='campaign_guideline_is_its_own', to='annotator.Guideline', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='crowdidentity',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'member'), name='crowd_identity_member_in_campaign', to='annotator.Member', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='pair',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'prompt'), name='pair_prompt_in_campaign', to='annotator.Prompt', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='pair',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('prompt', 'image_a'), name='pair_image_a_of_prompt', to='annotator.Image', to_fields=('prompt', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='pair',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('prompt', 'image_b'), name='pair_image_b_of_prompt', to='annotator.Image', to_fields=('prompt', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='vote',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'assignment'), name='vote_assignment_in_campaign', to='annotator.Assignment', to_fields=('campaign', 'id')),
                ),
                migrations.AddConstraint(
                    model_name='vote',
                    constraint=annotator.models.fields.ForeignKeyPair(fields=('campaign', 'question'), name='vote_question_in_campaign', to='annotator.Question', to_fields=('campaign', 'id')),
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='assignment',
                    name='assignment_seat_is_fixed',
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name='vote',
                    name='vote_answer_is_fixed',
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='assignment',
                    trigger=pgtrigger.compiler.Trigger(name='assignment_seat_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."campaign_id" IS DISTINCT FROM (NEW."campaign_id") OR OLD."member_id" IS DISTINCT FROM (NEW."member_id") OR OLD."pair_id" IS DISTINCT FROM (NEW."pair_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='9b223d8a078ae70abf634c9666552ef5d6f59871', operation='UPDATE', pgid='pgtrigger_assignment_seat_is_fixed_865ba', table='annotator_assignment', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='vote',
                    trigger=pgtrigger.compiler.Trigger(name='vote_answer_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."campaign_id" IS DISTINCT FROM (NEW."campaign_id") OR OLD."assignment_id" IS DISTINCT FROM (NEW."assignment_id") OR OLD."question_id" IS DISTINCT FROM (NEW."question_id") OR OLD."choice" IS DISTINCT FROM (NEW."choice") OR OLD."elapsed_ms" IS DISTINCT FROM (NEW."elapsed_ms") OR OLD."comment" IS DISTINCT FROM (NEW."comment") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='c10a932118dcc558f34aa3d7d8bef4ca1390b7a4', operation='UPDATE', pgid='pgtrigger_vote_answer_is_fixed_a9578', table='annotator_vote', when='BEFORE')),
                ),
            ]
        ),
    ]
