"""The votes of a campaign as packed columns, for whoever reads all of them. The first review fills them."""

import annotator.models.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0039_campaign_archive'),
    ]

    operations = [
        migrations.CreateModel(
            name='VoteColumns',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='annotator.campaign')),
                ('server', models.CharField(help_text='The database server whose transactions `since` counts.', max_length=80)),
                ('since', annotator.models.fields.TransactionId(help_text='Votes that were changed by this transaction or a later one may be missing.')),
            ],
            options={
                'verbose_name_plural': 'vote columns',
            },
        ),
        migrations.CreateModel(
            name='VoteChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='The id of a vote, divided by the size of a chunk.')),
                ('columns', models.BinaryField()),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.campaign')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('campaign', 'number'), name='vote_chunk_once_per_campaign_and_number')],
            },
        ),
    ]
