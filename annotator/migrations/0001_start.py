"""All tables as they were after the first twelve migrations, which this one replaces.

An installation that has all twelve goes on with the next; `migrate` refuses one that has fewer. That one is first updated to
the version of Diptych that had them (docs/operators.md).
"""

import annotator.models.campaigns
import annotator.models.fields
import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models

from annotator.lib.together import Together


class Migration(migrations.Migration):

    replaces = [
        ('annotator', '0001_initial'),
        ('annotator', '0002_invites_consent_and_crowd'),
        ('annotator', '0003_comments'),
        ('annotator', '0004_campaign_data_is_public'),
        ('annotator', '0005_hub_account_publication'),
        ('annotator', '0006_quality_control'),
        ('annotator', '0007_repeats_once'),
        ('annotator', '0008_gold_decisions'),
        ('annotator', '0009_review'),
        ('annotator', '0010_scoring_and_statistics'),
        ('annotator', '0011_rest_and_webhooks'),
        ('annotator', '0012_releases_in_shards'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('regular', 'Regular'), ('training', 'Training'), ('gold', 'Gold'), ('repeat', 'Repeat'), ('machine', 'Of a machine')], default='regular', max_length=8)),
                ('state', models.CharField(choices=[('open', 'Open'), ('answered', 'Answered'), ('skipped', 'Skipped'), ('flagged', 'Flagged'), ('expired', 'Lease expired'), ('returned', 'Returned by suspension or withdrawal')], default='open', max_length=8)),
                ('a_on_left', models.BooleanField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('lease_expires_at', models.DateTimeField()),
                ('shown_at', models.DateTimeField(blank=True, help_text='When it was first sent to the annotator.', null=True)),
                ('closed_at', models.DateTimeField(blank=True, help_text='When it stopped being open.', null=True)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'open')), fields=['lease_expires_at'], name='assignment_leases'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('kind__in', ['regular', 'training', 'gold', 'repeat', 'machine'])), name='assignment_kind_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['open', 'answered', 'skipped', 'flagged', 'expired', 'returned'])), name='assignment_state_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='assignment_closed_at_says_when'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(help_text='Its name in addresses and in the Hub repository: lower-case letters, digits, dots, dashes, underscores.', max_length=96, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9]+([._-][a-z0-9]+)*$', 'Use lower-case letters, digits, and single dots, dashes or underscores between them.')])),
                ('name', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True, help_text='For the people who join and for the dataset card.')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('open', 'Open'), ('paused', 'Paused'), ('closed', 'Closed')], default='draft', max_length=8)),
                ('votes_wanted', models.PositiveSmallIntegerField(default=3, help_text='How many people judge each pair at first.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('votes_max', models.PositiveSmallIntegerField(default=3, help_text='How many at most, where those at first do not agree. The same number: just as many for every pair.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('stop_confidence', models.FloatField(default=0.9, help_text='How probable the leading answer must be for a pair to need no further vote, from 0.5 to 0.999.', validators=[django.core.validators.MinValueValidator(0.5), django.core.validators.MaxValueValidator(0.999)])),
                ('limit_per_day', models.PositiveIntegerField(blank=True, help_text='Votes of one annotator in a day (UTC). Empty: any number.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('limit_total', models.PositiveIntegerField(blank=True, help_text='Votes of one annotator in all. Empty: any number.', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('limit_share', models.FloatField(blank=True, help_text='Share of the votes the campaign wants that one annotator may give, such as 0.1. Empty: any.', null=True, validators=[django.core.validators.MinValueValidator(0.001), django.core.validators.MaxValueValidator(1)])),
                ('flags_to_hold', models.PositiveSmallIntegerField(default=2, help_text='How many annotators must flag a pair before it is taken out until a manager decides.', validators=[django.core.validators.MinValueValidator(1)])),
                ('undo_votes', models.PositiveSmallIntegerField(default=10, help_text='How many of their last votes annotators may undo. 0: none.', validators=[django.core.validators.MaxValueValidator(100)])),
                ('undo_minutes', models.PositiveSmallIntegerField(default=15, help_text='For how many minutes after the vote.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)])),
                ('asks_comment', models.BooleanField(db_default=False, default=False, help_text='Whether annotators may write a comment beside their answer.')),
                ('lease_seconds', models.PositiveIntegerField(default=1800, help_text='How long an assignment waits for its annotator before somebody else gets the seat.', validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(604800)])),
                ('pairing_rule', models.CharField(choices=[('all_pairs', 'Every image with every other'), ('ring', 'Each image with its two neighbours on a shuffled ring')], default='all_pairs', help_text='How k images of one prompt become pairs.', max_length=16)),
                ('consensus_method', models.CharField(choices=[('majority', 'Majority'), ('dawid_skene', 'Dawid–Skene')], db_default='majority', default='majority', help_text='How votes become the label of a pair.', max_length=16)),
                ('gold_rate', models.FloatField(db_default=0.1, default=0.1, help_text="Share of an annotator's pairs that are gold, at unpredictable places, while there are some they have not met.", validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(0.5)])),
                ('repeat_rate', models.FloatField(db_default=0.05, default=0.05, help_text="Share of an annotator's pairs that are earlier ones of theirs once more, with the sides swapped.", validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(0.25)])),
                ('repeat_after', models.PositiveSmallIntegerField(db_default=20, default=20, help_text='How many other votes lie at least between a pair and its repeat.', validators=[django.core.validators.MinValueValidator(1)])),
                ('training_pairs', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='How many training pairs somebody judges, with feedback, before they are let in. 0: none.', validators=[django.core.validators.MaxValueValidator(100)])),
                ('training_pass_mark', models.FloatField(db_default=0.8, default=0.8, help_text='Share of them that must be right, from 0 to 1.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)])),
                ('training_tries', models.PositiveSmallIntegerField(db_default=2, default=2, help_text='How often somebody may try.', validators=[django.core.validators.MinValueValidator(1)])),
                ('too_fast_ms', models.PositiveIntegerField(db_default=700, default=700, help_text='An answer that took fewer milliseconds than this came too fast to have been looked at. 0: none does.', validators=[django.core.validators.MaxValueValidator(60000)])),
                ('review_share_max', models.FloatField(db_default=0.2, default=0.2, help_text='A rule of the review that would act on a larger share of the annotators than this asks first. 1: never.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)])),
                ('completion_code', models.CharField(blank=True, default='', help_text='What people who came from a crowd platform are shown at the end, to enter there. Empty: none.', max_length=64)),
                ('return_url', models.CharField(blank=True, default='', help_text='Where they go back to at the end. Empty: nowhere.', max_length=500, validators=[django.core.validators.URLValidator(message='Use an address that begins with https://.', schemes=['https'])])),
                ('data_is_public', models.BooleanField(default=False, help_text="Whether anybody may read the releases over the Hub's protocol. Otherwise its reviewers and managers alone.")),
                ('licence', models.CharField(blank=True, db_default='', default='', help_text="What others may do with releases: the Hub's short name of a licence, such as cc-by-4.0. Empty: not stated.", max_length=64, validators=[django.core.validators.RegexValidator('^[a-z0-9]+(?:[.-][a-z0-9]+)*$', "Use the Hub's short name of a licence, such as cc-by-4.0.")])),
                ('citation', models.TextField(blank=True, db_default='', default='', help_text='How to cite the releases, as BibTeX or in words. Empty: the card makes one of the name.', max_length=5000)),
                ('share_validation', models.FloatField(db_default=0.1, default=0.1, help_text='Share of the prompts that are in the validation split of releases, from 0 to 0.4.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(0.4)])),
                ('share_test', models.FloatField(db_default=0.1, default=0.1, help_text='Share of the prompts that are in the test split of releases, from 0 to 0.4.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(0.4)])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'open', 'paused', 'closed'])), name='campaign_state_known'),
                    models.CheckConstraint(condition=models.Q(('pairing_rule__in', ['all_pairs', 'ring'])), name='campaign_pairing_rule_known'),
                    models.CheckConstraint(condition=models.Q(('consensus_method__in', ['majority', 'dawid_skene'])), name='campaign_consensus_method_known'),
                    models.CheckConstraint(condition=models.Q(('gold_rate__gte', 0), ('gold_rate__lte', 0.5), ('repeat_rate__gte', 0), ('repeat_rate__lte', 0.25)), name='campaign_mixed_rates_range'),
                    models.CheckConstraint(condition=models.Q(('repeat_after__gte', 1)), name='campaign_repeat_after_range'),
                    models.CheckConstraint(condition=models.Q(('training_pairs__lte', 100), ('training_tries__gte', 1), ('training_pass_mark__gte', 0), ('training_pass_mark__lte', 1)), name='campaign_training_range'),
                    models.CheckConstraint(condition=models.Q(('review_share_max__gte', 0), ('review_share_max__lte', 1), ('too_fast_ms__lte', 60000)), name='campaign_review_range'),
                    models.CheckConstraint(condition=models.Q(('slug__regex', '^[a-z0-9]+([._-][a-z0-9]+)*$')), name='campaign_slug_form'),
                    models.CheckConstraint(condition=models.Q(('votes_wanted__gte', 1), ('votes_wanted__lte', 100)), name='campaign_votes_wanted_range'),
                    models.CheckConstraint(condition=models.Q(('votes_max__gte', models.F('votes_wanted')), ('votes_max__lte', 100)), name='campaign_votes_max_from_votes_wanted'),
                    models.CheckConstraint(condition=models.Q(('stop_confidence__gte', 0.5), ('stop_confidence__lt', 1)), name='campaign_stop_confidence_is_probability'),
                    models.CheckConstraint(condition=models.Q(('limit_per_day__isnull', True), ('limit_per_day__gte', 1), _connector='OR'), name='campaign_limit_per_day_positive'),
                    models.CheckConstraint(condition=models.Q(('limit_total__isnull', True), ('limit_total__gte', 1), _connector='OR'), name='campaign_limit_total_positive'),
                    models.CheckConstraint(condition=models.Q(('limit_share__isnull', True), models.Q(('limit_share__gt', 0), ('limit_share__lte', 1)), _connector='OR'), name='campaign_limit_share_is_share'),
                    models.CheckConstraint(condition=models.Q(('flags_to_hold__gte', 1)), name='campaign_flags_to_hold_positive'),
                    models.CheckConstraint(condition=models.Q(('lease_seconds__gte', 5), ('lease_seconds__lte', 604800)), name='campaign_lease_seconds_range'),
                    models.CheckConstraint(condition=models.Q(('licence', ''), ('licence__regex', '^[a-z0-9]+(?:[.-][a-z0-9]+)*$'), _connector='OR'), name='campaign_licence_form'),
                    models.CheckConstraint(condition=models.Q(('share_validation__gte', 0), ('share_validation__lte', 0.4), ('share_test__gte', 0), ('share_test__lte', 0.4)), name='campaign_split_shares_range'),
                    models.CheckConstraint(condition=models.Q(('return_url', ''), ('return_url__startswith', 'https://'), _connector='OR'), name='campaign_return_url_is_https'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('annotator', 'Annotator'), ('reviewer', 'Reviewer'), ('manager', 'Manager')], default='annotator', max_length=10)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused'), ('suspended', 'Suspended'), ('withdrawn', 'Withdrew consent')], default='active', max_length=10)),
                ('kind', models.CharField(choices=[('human', 'Person'), ('machine', 'Machine')], db_default='human', default='human', max_length=8)),
                ('public_id', models.CharField(default=annotator.models.fields.random_public_id, editable=False, max_length=16, unique=True)),
                ('guideline_accepted_at', models.DateTimeField(blank=True, null=True)),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
                ('training_try', models.PositiveSmallIntegerField(db_default=1, default=1, editable=False)),
                ('training_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('training_passed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('training_failed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('answered_count', models.PositiveIntegerField(default=0, editable=False)),
                ('side_balance', models.IntegerField(default=0, editable=False)),
            ],
            options={
                'ordering': ['campaign', 'pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('role__in', ['annotator', 'reviewer', 'manager'])), name='member_role_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['active', 'paused', 'suspended', 'withdrawn'])), name='member_state_known'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['human', 'machine'])), name='member_kind_known'),
                    models.CheckConstraint(condition=models.Q(('kind', 'human'), ('role', 'annotator'), _connector='OR'), name='member_machine_is_annotator'),
                ],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('is_crowd', models.BooleanField(default=False, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('is_crowd', False), models.Q(('email', ''), ('is_staff', False), ('is_superuser', False), ('password__startswith', '!')), _connector='OR'), name='user_crowd_is_pseudonymous'),
                ],
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Act',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('warn', 'Warned'), ('pause', 'Paused'), ('suspend', 'Suspended'), ('lift', 'Let work again'), ('dismiss', 'Left as it was'), ('withdraw', 'Withdrew consent')], max_length=8)),
                ('figures', models.JSONField(default=dict, help_text='What was measured at that moment. Only shown.')),
                ('note', models.CharField(blank=True, default='', help_text='What the manager wrote to the member.', max_length=2000)),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('kind__in', ['warn', 'pause', 'suspend', 'lift', 'dismiss', 'withdraw'])), name='act_kind_known'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CampaignProgress',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='progress', serialize=False, to='annotator.campaign')),
                ('pairs_total', models.PositiveIntegerField(default=0)),
                ('pairs_settled', models.PositiveIntegerField(default=0)),
                ('pairs_held', models.PositiveIntegerField(default=0)),
                ('votes_wanted', models.PositiveBigIntegerField(default=0, help_text='Sum of votes_wanted over the pairs in circulation or settled.')),
                ('votes_live', models.PositiveBigIntegerField(default=0, help_text='Live votes of regular assignments on the primary question, on those same pairs.')),
                ('seats_open', models.PositiveIntegerField(default=0, help_text='Assignments handed out and not answered yet.')),
                ('votes_last_hour', models.PositiveIntegerField(default=0)),
                ('annotators_last_hour', models.PositiveIntegerField(default=0)),
                ('label_counts', models.JSONField(default=dict, help_text='Scored pairs by label, for the primary question. Only shown.')),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'campaign progress',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('pairs_settled__lte', models.F('pairs_total'))), name='progress_settled_within_total'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CampaignScoring',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='scoring', serialize=False, to='annotator.campaign')),
                ('changes', models.PositiveBigIntegerField(default=0, help_text='Changes to votes that were scored so far.')),
                ('dawid_skene_changes', models.PositiveBigIntegerField(help_text='At how many of them Dawid–Skene was run last.', null=True)),
                ('dawid_skene_at', models.DateTimeField(null=True)),
                ('dawid_skene_seconds', models.FloatField(default=0.0, help_text='How long that took.')),
            ],
        ),
        migrations.CreateModel(
            name='CampaignStatistics',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='statistics', serialize=False, to='annotator.campaign')),
                ('document', models.JSONField(help_text='As annotator/statistics/document.py describes it. Only shown.')),
                ('changes', models.PositiveBigIntegerField(default=0, help_text='CampaignScoring.changes as it was.')),
                ('votes_counted', models.PositiveBigIntegerField(default=0)),
                ('computed_at', models.DateTimeField()),
                ('seconds', models.FloatField(default=0.0, help_text='How long it took.')),
                ('is_outdated', models.BooleanField(default=False, help_text='Whether something else than votes has changed since.')),
            ],
            options={
                'verbose_name_plural': 'campaign statistics',
            },
        ),
        migrations.CreateModel(
            name='GroupQuestion',
            fields=[
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='group_question', serialize=False, to='annotator.campaign')),
                ('text', models.CharField(max_length=300)),
                ('options', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None)),
                ('people_min', models.PositiveSmallIntegerField(default=5, help_text='How many people there are in a group at least of which anything is told.')),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('people_min__gte', 3)), name='group_question_people_min_protects'),
                    models.CheckConstraint(condition=models.Q(('options__len__gte', 2), ('options__len__lte', 12)), name='group_question_has_options'),
                ],
            },
        ),
        migrations.AddField(
            model_name='campaign',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns_created', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='ConsentText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('text', models.TextField(help_text='Markdown.')),
                ('published_at', models.DateTimeField()),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consent_texts', to='annotator.campaign')),
            ],
            options={
                'ordering': ['campaign', '-version'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'version'), name='consent_text_version_unique_in_campaign'),
                    models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='consent_text_version_from_one'),
                ],
            },
        ),
        migrations.AddField(
            model_name='campaign',
            name='consent_text',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.consenttext'),
        ),
        migrations.CreateModel(
            name='FailedLogIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name_digest', models.CharField(max_length=64)),
                ('address_digest', models.CharField(blank=True, help_text='Empty where the address is not known.', max_length=64)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [
                    models.Index(fields=['name_digest', 'at'], name='failed_log_in_name'),
                    models.Index(fields=['address_digest', 'at'], name='failed_log_in_address'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('unsafe', 'Unsafe content'), ('broken_image', 'Broken image'), ('bad_prompt', 'Bad prompt'), ('identical_images', 'Identical images')], max_length=16)),
                ('note', models.TextField(blank=True)),
                ('created_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='flag', to='annotator.assignment')),
                ('resolved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason__in', ['unsafe', 'broken_image', 'bad_prompt', 'identical_images'])), name='flag_reason_known'),
                    models.CheckConstraint(condition=models.Q(('resolved_by__isnull', True), ('resolved_at__isnull', False), _connector='OR'), name='flag_resolution_has_time'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Generator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='generators', to='annotator.campaign')),
            ],
            options={
                'ordering': ['campaign', 'name'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'name'), name='generator_name_unique_in_campaign'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Guideline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('text', models.TextField(help_text='Markdown.')),
                ('change_note', models.CharField(blank=True, default='', help_text='What is new in this version, for those who know the last one.', max_length=2000)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='guidelines_written', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guidelines', to='annotator.campaign')),
            ],
            options={
                'ordering': ['campaign', '-version'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'version'), name='guideline_version_unique_in_campaign'),
                    models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='guideline_version_from_one'),
                ],
            },
        ),
        migrations.AddField(
            model_name='assignment',
            name='guideline',
            field=models.ForeignKey(blank=True, help_text='The version that was in force.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.guideline'),
        ),
        migrations.CreateModel(
            name='HubAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('repository', models.CharField(help_text='Owner and name, such as flowers/preferences.', max_length=200)),
                ('is_private', models.BooleanField(default=True, help_text='Whether the repository is made private where there is none yet.')),
                ('sealed_token', models.TextField(editable=False, help_text='Encrypted with a key that is made of SECRET_KEY.')),
                ('token_hint', models.CharField(editable=False, help_text='The last characters, to tell tokens apart.', max_length=8)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='hub_account', to='annotator.campaign')),
                ('updated_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Image',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('seed', models.BigIntegerField(blank=True, null=True)),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('sha256', models.CharField(editable=False, help_text='Of the bytes as they were imported.', max_length=64)),
                ('format', models.CharField(editable=False, help_text='Of the clean full-size copy: JPEG, PNG or WEBP.', max_length=4)),
                ('width', models.PositiveIntegerField(editable=False, help_text='Pixels, after EXIF orientation.')),
                ('height', models.PositiveIntegerField(editable=False, help_text='Pixels, after EXIF orientation.')),
                ('byte_size', models.PositiveIntegerField(editable=False, help_text='Of the clean full-size copy.')),
                ('phash', models.BigIntegerField(editable=False, help_text='64 bits of how it looks, as a signed number. Null: imported before there were any.', null=True)),
                ('generator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='images', to='annotator.generator')),
            ],
            options={
                'ordering': ['prompt', 'pk'],
                'indexes': [
                    models.Index(fields=['sha256'], name='image_by_sha256'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='image_sha256_form'),
                    models.CheckConstraint(condition=models.Q(('format__in', ['JPEG', 'PNG', 'WEBP'])), name='image_format_known'),
                    models.CheckConstraint(condition=models.Q(('height__gte', 1), ('width__gte', 1)), name='image_has_size'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(help_text='As the uploader named it; only shown.', max_length=255)),
                ('stored_name', models.CharField(blank=True, editable=False, help_text='Of the upload in storage, until read.', max_length=255)),
                ('column_map', models.JSONField(blank=True, default=dict, help_text='Our column to theirs: {"image_a": "image_quality_dev"}.')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('reading', 'Reading the file'), ('running', 'Ingesting'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=8)),
                ('error', models.TextField(blank=True, help_text='Why the whole import failed.')),
                ('lines_total', models.PositiveIntegerField(default=0)),
                ('lines_done', models.PositiveIntegerField(default=0)),
                ('lines_failed', models.PositiveIntegerField(default=0)),
                ('pairs_added', models.PositiveIntegerField(default=0)),
                ('pairs_known', models.PositiveIntegerField(default=0, help_text='Pairs the campaign had already.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='annotator.campaign')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['campaign', '-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'reading', 'running', 'done', 'failed'])), name='import_state_known'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ImportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('lines', models.JSONField(help_text='[{"number": 1, "line": {…}}, …]; emptied when done.')),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('batch_of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='annotator.import')),
            ],
            options={
                'ordering': ['batch_of', 'number'],
                'indexes': [
                    models.Index(condition=models.Q(('done_at__isnull', True)), fields=['batch_of'], name='import_batch_pending'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('batch_of', 'number'), name='import_batch_number_unique'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Invite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=annotator.models.fields.random_public_id, editable=False, max_length=16, unique=True)),
                ('note', models.CharField(blank=True, help_text='To tell links apart; for managers alone.', max_length=100)),
                ('role', models.CharField(choices=[('annotator', 'Annotator'), ('reviewer', 'Reviewer'), ('manager', 'Manager')], default='annotator', max_length=10)),
                ('for_crowd', models.BooleanField(default=False, help_text='People whom a crowd platform sends need no account.')),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('uses_max', models.PositiveIntegerField(blank=True, help_text='How many people may join by it. Empty: any number.', null=True)),
                ('uses', models.PositiveIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invites', to='annotator.campaign')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('role__in', ['annotator', 'reviewer', 'manager'])), name='invite_role_known'),
                    models.CheckConstraint(condition=models.Q(('for_crowd', False), ('role', 'annotator'), _connector='OR'), name='invite_for_crowd_makes_annotators'),
                    models.CheckConstraint(condition=models.Q(('uses_max__isnull', True), models.Q(('uses__lte', models.F('uses_max')), ('uses_max__gte', 1)), _connector='OR'), name='invite_uses_within_max'),
                ],
            },
        ),
        migrations.CreateModel(
            name='KeptAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('route', models.CharField(max_length=300)),
                ('key', models.CharField(max_length=255)),
                ('digest', models.CharField(help_text='The sha256 of what was sent.', max_length=64)),
                ('sealed_answer', models.TextField(blank=True, help_text='Encrypted: an answer may hold a secret that is shown once.')),
                ('created_at', models.DateTimeField()),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [
                    models.Index(fields=['created_at'], name='kept_answer_age'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('user', 'route', 'key'), name='kept_answer_once_per_key'),
                    models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='kept_answer_digest_is_sha256'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Lineage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('server', models.CharField(help_text='Its identifier and timeline: a restored copy has others.', max_length=80)),
                ('name', models.CharField(default=annotator.models.fields.random_public_id, help_text='In every cursor, so that an old one is known.', max_length=16)),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('pk', 1)), name='lineage_is_one'),
                ],
            },
        ),
        migrations.CreateModel(
            name='LineError',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='Line (JSONL, CSV) or row (parquet) of the file, from 1.')),
                ('field', models.CharField(blank=True, max_length=64)),
                ('message', models.TextField()),
                ('line_of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='line_errors', to='annotator.import')),
            ],
            options={
                'ordering': ['line_of', 'number'],
                'constraints': [
                    models.UniqueConstraint(fields=('line_of', 'number'), name='line_error_once_per_line'),
                    models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='line_error_number_from_one'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SelfDescription',
            fields=[
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='self_description', serialize=False, to='annotator.member')),
                ('option', models.CharField(help_text="One of the options of the campaign's question.", max_length=60)),
                ('described_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Standing',
            fields=[
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='standing', serialize=False, to='annotator.member')),
                ('counted_since', models.DateTimeField(blank=True, help_text='Answers before this do not count: a manager has let the member start afresh.', null=True)),
                ('gold_count', models.PositiveIntegerField(default=0)),
                ('gold_right', models.PositiveIntegerField(default=0)),
                ('repeat_count', models.PositiveIntegerField(default=0)),
                ('repeat_same', models.PositiveIntegerField(default=0)),
                ('repeat_same_side', models.PositiveIntegerField(default=0, help_text='Of the repeats answered otherwise, on how many the image on the same side was chosen.')),
                ('side_count', models.PositiveIntegerField(default=0, help_text='Answers for one image or the other.')),
                ('left_count', models.PositiveIntegerField(default=0, help_text='Of these, for the one on the left.')),
                ('left_p_value', models.FloatField(default=1.0, help_text='How probable that is, or worse, for somebody without a side.')),
                ('timed_count', models.PositiveIntegerField(default=0)),
                ('fast_count', models.PositiveIntegerField(default=0)),
                ('shared_count', models.PositiveIntegerField(default=0, help_text='Answers on pairs on which the others have a majority.')),
                ('agreed_count', models.PositiveIntegerField(default=0)),
                ('skill', models.FloatField(blank=True, help_text='0: chance. 1: as the good annotators of the campaign.', null=True)),
                ('skill_lower', models.FloatField(blank=True, null=True)),
                ('skill_upper', models.FloatField(blank=True, null=True)),
                ('evidence_count', models.PositiveIntegerField(default=0, help_text='Answers that trust is made of.')),
                ('trust', models.FloatField(default=0.0, help_text='Log odds of a good annotator against chance, from all answers.')),
                ('recent_trust', models.FloatField(default=0.0, help_text='How far trust lies below its highest; 0 or less.')),
                ('computed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('agreed_count__lte', models.F('shared_count')), ('fast_count__lte', models.F('timed_count')), ('gold_right__lte', models.F('gold_count')), ('left_count__lte', models.F('side_count')), ('repeat_same__lte', models.F('repeat_count')), ('repeat_same_side__lte', django.db.models.expressions.CombinedExpression(models.F('repeat_count'), '-', models.F('repeat_same')))), name='standing_parts_within_wholes'),
                ],
            },
        ),
        migrations.AddField(
            model_name='member',
            name='campaign',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='annotator.campaign'),
        ),
        migrations.AddField(
            model_name='member',
            name='consent_accepted',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.consenttext'),
        ),
        migrations.AddField(
            model_name='member',
            name='guideline_accepted',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.guideline'),
        ),
        migrations.AddField(
            model_name='member',
            name='invite',
            field=models.ForeignKey(blank=True, editable=False, help_text='The link they came by.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='annotator.invite'),
        ),
        migrations.AddField(
            model_name='member',
            name='notice',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotator.act'),
        ),
        migrations.AddField(
            model_name='member',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='CrowdIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('participant', models.CharField(help_text='PROLIFIC_PID.', max_length=64)),
                ('study', models.CharField(blank=True, help_text='STUDY_ID.', max_length=64)),
                ('session', models.CharField(blank=True, help_text='SESSION_ID of their last visit.', max_length=64)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='crowd_identities', to='annotator.campaign')),
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='crowd_identity', to='annotator.member')),
            ],
            options={
                'verbose_name_plural': 'crowd identities',
                'ordering': ['campaign', '-pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'participant'), name='crowd_identity_once_per_campaign'),
                    models.CheckConstraint(condition=models.Q(('participant__regex', '^[A-Za-z0-9_-]{6,64}$')), name='crowd_identity_participant_form'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accepted_at', models.DateTimeField()),
                ('text', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='annotator.consenttext')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='annotator.member')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('member', 'text'), name='consent_once_per_member_and_text'),
                ],
            },
        ),
        migrations.AddField(
            model_name='assignment',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.member'),
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.CharField(max_length=2000)),
                ('state', models.CharField(choices=[('open', 'Waits for an answer'), ('accepted', 'Accepted'), ('declined', 'Declined')], default='open', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, default='', max_length=2000)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='annotator.member')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state__in', ['open', 'accepted', 'declined'])), name='appeal_state_known'),
                    models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('member',), name='appeal_one_open_per_member'),
                    models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='appeal_answered_at_says_when'),
                ],
            },
        ),
        migrations.AddField(
            model_name='act',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='annotator.member'),
        ),
        migrations.CreateModel(
            name='Pair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(blank=True, max_length=200, null=True)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('open', 'In circulation'), ('settled', 'Has all its votes'), ('held', 'Taken out until a manager decides')], default='open', max_length=8)),
                ('gold_choice', models.CharField(blank=True, choices=[('a', 'A is better'), ('b', 'B is better'), ('both_good', 'Both good'), ('both_bad', 'Both bad')], help_text='The known answer. A gold pair collects no regular votes.', max_length=9, null=True)),
                ('gold_use', models.CharField(choices=[('check', 'Mixed in to check annotators'), ('training', 'Training, with feedback')], db_default='check', default='check', max_length=8)),
                ('gold_in_review_since', models.DateTimeField(blank=True, help_text='Since when a gold pair counts for nobody, because good annotators failed it.', null=True)),
                ('gold_note', models.TextField(blank=True, help_text='Why that is the answer.')),
                ('votes_wanted', models.PositiveSmallIntegerField()),
                ('seats_taken', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('seats_a_on_left', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('priority', models.SmallIntegerField(default=0, help_text='Higher comes first.')),
                ('ring', models.IntegerField(editable=False, help_text='Random position at which annotators come past.')),
                ('image_distance', models.PositiveSmallIntegerField(editable=False, help_text='Bits in which the perceptual hashes of its images differ, where both have one.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='annotator.campaign')),
                ('image_a', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pairs_as_a', to='annotator.image')),
                ('image_b', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pairs_as_b', to='annotator.image')),
            ],
            options={
                'ordering': ['campaign', 'pk'],
                'indexes': [
                    models.Index(fields=['campaign', 'id'], name='pair_of_campaign'),
                    models.Index(condition=models.Q(('gold_choice__isnull', True), ('seats_taken__lt', models.F('votes_wanted')), ('state', 'open')), fields=['campaign', 'priority', 'ring'], name='pair_ring_with_free_seats'),
                    models.Index(condition=models.Q(('gold_choice__isnull', False)), fields=['campaign', 'gold_use', 'ring'], name='pair_gold_ring'),
                    models.Index(condition=models.Q(('image_distance__lte', 6)), fields=['campaign', 'image_distance', 'id'], name='pair_near_identical'),
                    models.Index(condition=models.Q(('gold_choice__isnull', True), ('seats_taken', models.F('votes_wanted')), ('state', 'open')), fields=['campaign'], name='pair_full_not_settled'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'external_id'), name='pair_external_id_unique_in_campaign'),
                    models.CheckConstraint(condition=models.Q(('image_a', models.F('image_b')), _negated=True), name='pair_images_differ'),
                    models.CheckConstraint(condition=models.Q(('seats_taken__lte', models.F('votes_wanted'))), name='pair_seats_within_votes_wanted'),
                    models.CheckConstraint(condition=models.Q(('seats_a_on_left__lte', models.F('seats_taken'))), name='pair_left_seats_within_seats'),
                    models.CheckConstraint(condition=models.Q(('votes_wanted__gte', 1), ('votes_wanted__lte', 100)), name='pair_votes_wanted_range'),
                    models.CheckConstraint(condition=models.Q(('ring__gte', 0)), name='pair_ring_not_negative'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['open', 'settled', 'held'])), name='pair_state_known'),
                    models.CheckConstraint(condition=models.Q(('gold_choice__in', ['a', 'b', 'both_good', 'both_bad'])), name='pair_gold_choice_known'),
                    models.CheckConstraint(condition=models.Q(('gold_use__in', ['check', 'training'])), name='pair_gold_use_known'),
                    models.CheckConstraint(condition=models.Q(('gold_in_review_since__isnull', True), ('gold_choice__isnull', False), _connector='OR'), name='pair_review_is_of_gold'),
                ],
            },
        ),
        migrations.CreateModel(
            name='GoldDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('made', 'Made gold'), ('changed', 'Changed'), ('removed', 'No gold any more'), ('review', 'Put up for review'), ('kept', 'Kept as it was')], max_length=8)),
                ('gold_choice', models.CharField(blank=True, choices=[('a', 'A is better'), ('b', 'B is better'), ('both_good', 'Both good'), ('both_bad', 'Both bad')], help_text='The known answer from then on.', max_length=9, null=True)),
                ('answers', models.PositiveIntegerField(default=0, help_text='Answers of annotators with a good record, when it was reviewed.')),
                ('answers_wrong', models.PositiveIntegerField(default=0, help_text='How many of them were another answer.')),
                ('decided_at', models.DateTimeField()),
                ('decided_by', models.ForeignKey(blank=True, help_text='Empty: automatic.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pair', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gold_decisions', to='annotator.pair')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('act__in', ['made', 'changed', 'removed', 'review', 'kept'])), name='gold_decision_act_known'),
                    models.CheckConstraint(condition=models.Q(('gold_choice__in', ['a', 'b', 'both_good', 'both_bad'])), name='gold_decision_choice_known'),
                    models.CheckConstraint(condition=models.Q(('answers_wrong__lte', models.F('answers'))), name='gold_decision_wrong_within_answers'),
                ],
            },
        ),
        migrations.AddField(
            model_name='assignment',
            name='pair',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='annotator.pair'),
        ),
        migrations.CreateModel(
            name='Prompt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('text_sha256', models.CharField(editable=False, max_length=64)),
                ('external_id', models.CharField(blank=True, max_length=200, null=True)),
                ('category', models.CharField(blank=True, max_length=200)),
                ('language', models.CharField(blank=True, help_text='BCP 47, such as en or pt-BR.', max_length=35)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prompts', to='annotator.campaign')),
            ],
            options={
                'ordering': ['campaign', 'pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'text_sha256'), name='prompt_text_unique_in_campaign'),
                    models.UniqueConstraint(fields=('campaign', 'external_id'), name='prompt_external_id_unique_in_campaign'),
                    models.CheckConstraint(condition=models.Q(('text_sha256__regex', '^[0-9a-f]{64}$')), name='prompt_text_sha256_form'),
                    models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='prompt_text_not_empty'),
                ],
            },
        ),
        migrations.AddField(
            model_name='pair',
            name='prompt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='annotator.prompt'),
        ),
        migrations.AddField(
            model_name='image',
            name='prompt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='images', to='annotator.prompt'),
        ),
        migrations.CreateModel(
            name='Question',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=48, validators=[django.core.validators.RegexValidator('^[a-z][a-z0-9_]*$', 'Use lower-case letters, digits, _.')])),
                ('text', models.CharField(max_length=300)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('choices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('a', 'A is better'), ('b', 'B is better'), ('both_good', 'Both good'), ('both_bad', 'Both bad')], max_length=9), default=annotator.models.campaigns.all_choices, size=None)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='annotator.campaign')),
            ],
            options={
                'ordering': ['campaign', 'position'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'slug'), name='question_slug_unique_in_campaign'),
                    models.UniqueConstraint(fields=('campaign', 'position'), name='question_position_unique_in_campaign'),
                    models.CheckConstraint(condition=models.Q(('choices__contained_by', ['a', 'b', 'both_good', 'both_bad']), ('choices__contains', ['a', 'b'])), name='question_choices_known_with_a_and_b'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Consensus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('method', models.CharField(choices=[('majority', 'Majority'), ('dawid_skene', 'Dawid–Skene')], default='majority', max_length=16)),
                ('label', models.CharField(choices=[('a', 'A is better'), ('b', 'B is better'), ('both_good', 'Both good'), ('both_bad', 'Both bad'), ('tie', 'Tie')], max_length=9)),
                ('confidence', models.FloatField(help_text='Probability, by the method, of the leading choice.')),
                ('agreement', models.FloatField(blank=True, help_text='Share of agreeing pairs of votes; null below two votes.', null=True)),
                ('n_a', models.PositiveSmallIntegerField(default=0)),
                ('n_b', models.PositiveSmallIntegerField(default=0)),
                ('n_both_good', models.PositiveSmallIntegerField(default=0)),
                ('n_both_bad', models.PositiveSmallIntegerField(default=0)),
                ('p_a', models.FloatField()),
                ('p_b', models.FloatField()),
                ('p_both_good', models.FloatField()),
                ('p_both_bad', models.FloatField()),
                ('computed_at', models.DateTimeField()),
                ('pair', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consensus', to='annotator.pair')),
                ('question', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.question')),
            ],
            options={
                'verbose_name_plural': 'consensus',
                'constraints': [
                    models.UniqueConstraint(fields=('pair', 'question', 'method'), name='consensus_once_per_pair_question_method'),
                    models.CheckConstraint(condition=models.Q(('label__in', ['a', 'b', 'both_good', 'both_bad', 'tie'])), name='consensus_label_known'),
                    models.CheckConstraint(condition=models.Q(('method__in', ['majority', 'dawid_skene'])), name='consensus_method_known'),
                    models.CheckConstraint(condition=models.Q(('confidence__gte', 0), ('confidence__lte', 1)), name='consensus_confidence_is_probability'),
                    models.CheckConstraint(condition=models.Q(('agreement__isnull', True), models.Q(('agreement__gte', 0), ('agreement__lte', 1)), _connector='OR'), name='consensus_agreement_is_share'),
                    models.CheckConstraint(condition=models.Q(('p_a__gte', 0), ('p_a__lte', 1), ('p_b__gte', 0), ('p_b__lte', 1), ('p_both_bad__gte', 0), ('p_both_bad__lte', 1), ('p_both_good__gte', 0), ('p_both_good__lte', 1)), name='consensus_soft_label_in_range'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('revision', models.CharField(blank=True, editable=False, help_text='40 hex digits: the hash of its content.', max_length=40, null=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('building', 'Building'), ('ready', 'Ready'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=9)),
                ('progress', models.FloatField(default=0.0, help_text='Share of the work done, 0 to 1.')),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('heard_at', models.DateTimeField(blank=True, editable=False, help_text='When a builder was last heard of. Null: none has begun.', null=True)),
                ('tries', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, help_text='Builders that began the step it is at, and have not ended it.')),
                ('has_leftovers', models.BooleanField(db_default=False, default=False, editable=False, help_text='Whether files of its building may still lie about.')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='annotator.campaign')),
                ('cancelled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['campaign', '-number'],
                'indexes': [
                    models.Index(condition=models.Q(('state__in', ('queued', 'building')), ('has_leftovers', True), _connector='OR'), fields=['id'], name='release_to_look_after'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'number'), name='release_number_unique_in_campaign'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'building', 'ready', 'failed', 'cancelled'])), name='release_state_known'),
                    models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='release_number_from_one'),
                    models.CheckConstraint(condition=models.Q(('progress__gte', 0), ('progress__lte', 1)), name='release_progress_is_share'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('finished_at__isnull', False), ('revision__regex', '^[0-9a-f]{40}$')), _connector='OR'), name='release_ready_has_revision'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Publication',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('repository', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('publishing', 'Publishing'), ('done', 'Published'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('progress', models.FloatField(default=0.0, help_text='Share of the bytes that are there, 0 to 1.')),
                ('error', models.TextField(blank=True)),
                ('commit', models.CharField(blank=True, help_text='What the Hub calls it.', max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='publications', to='annotator.release')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'publishing', 'done', 'failed'])), name='publication_state_known'),
                    models.CheckConstraint(condition=models.Q(('progress__gte', 0), ('progress__lte', 1)), name='publication_progress_is_share'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(models.Q(('commit', ''), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='publication_done_has_commit'),
                    models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'publishing'))), fields=('release',), name='publication_one_at_a_time_per_release'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReleaseFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(help_text='Inside the release, such as pairs/train-00000-of-00001.parquet.', max_length=300)),
                ('size', models.PositiveBigIntegerField(help_text='Bytes.')),
                ('sha256', models.CharField(max_length=64)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='annotator.release')),
            ],
            options={
                'ordering': ['release', 'path'],
                'constraints': [
                    models.UniqueConstraint(fields=('release', 'path'), name='release_file_path_unique'),
                    models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='release_file_sha256_form'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReleaseShard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(help_text='Inside the release.', max_length=300)),
                ('staged_as', models.CharField(blank=True, help_text='The file of its rows. Empty: written as they were read.', max_length=300)),
                ('row_groups', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), blank=True, default=list, help_text='Rows of each.', size=None)),
                ('image_bytes', models.PositiveBigIntegerField(default=0, help_text='Of the images that go in.')),
                ('bytes_done', models.PositiveBigIntegerField(default=0, help_text='Of these, about as many as went in so far.')),
                ('tries', models.PositiveSmallIntegerField(default=0, help_text='Workers that began it.')),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('size', models.PositiveBigIntegerField(blank=True, help_text='Bytes.', null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('rows', models.PositiveBigIntegerField(blank=True, null=True)),
                ('num_bytes', models.PositiveBigIntegerField(blank=True, help_text='Bytes before compression.', null=True)),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shards', to='annotator.release')),
            ],
            options={
                'ordering': ['release', 'pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('release', 'path'), name='release_shard_path_unique'),
                    models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), models.Q(('num_bytes__isnull', False), ('rows__isnull', False), ('sha256__regex', '^[0-9a-f]{64}$'), ('size__isnull', False)), _connector='OR'), name='release_shard_finished_is_described'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReviewRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('measure', models.CharField(choices=[('gold_accuracy', 'Right on gold'), ('consistency', 'The same again on repeats'), ('side_share', 'Share of one side'), ('fast_rate', 'Answers that came too fast'), ('agreement', 'Agreement with others'), ('trust', 'Trust'), ('recent_trust', 'Trust since their best time')], max_length=16)),
                ('outcome', models.CharField(choices=[('warn', 'Warn'), ('pause', 'Pause'), ('suspend', 'Suspend')], max_length=8)),
                ('threshold', models.FloatField()),
                ('minimum', models.PositiveIntegerField(help_text='How many answers of the kind it looks at there must be at least.')),
                ('enabled', models.BooleanField(default=True)),
                ('asks_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='review_rules', to='annotator.campaign')),
            ],
            options={
                'ordering': ['campaign', 'pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'measure', 'outcome'), name='review_rule_once_per_measure_and_outcome'),
                    models.CheckConstraint(condition=models.Q(('measure__in', ['gold_accuracy', 'consistency', 'side_share', 'fast_rate', 'agreement', 'trust', 'recent_trust'])), name='review_rule_measure_known'),
                    models.CheckConstraint(condition=models.Q(('outcome__in', ['warn', 'pause', 'suspend'])), name='review_rule_outcome_known'),
                    models.CheckConstraint(condition=models.Q(('minimum__gte', 1)), name='review_rule_minimum_from_one'),
                    models.CheckConstraint(condition=models.Q(('threshold__gte', -1000), ('threshold__lte', 1000)), name='review_rule_threshold_is_number'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('figures', models.JSONField(default=dict, help_text='What was measured at that moment. Only shown.')),
                ('proposed_at', models.DateTimeField()),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.member')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='annotator.reviewrule')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [
                    models.UniqueConstraint(fields=('rule', 'member'), name='proposal_once_per_rule_and_member'),
                ],
            },
        ),
        migrations.AddField(
            model_name='act',
            name='rule',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='annotator.reviewrule'),
        ),
        migrations.CreateModel(
            name='RingCursor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('priority', models.SmallIntegerField()),
                ('ring', models.IntegerField()),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ring_cursors', to='annotator.member')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('member', 'priority'), name='ring_cursor_once_per_priority'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=100)),
                ('hint', models.CharField(editable=False, help_text='The first characters, to tell tokens apart.', max_length=12)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('annotate', 'Take assignments and vote'), ('import', 'Import pairs'), ('export', 'Read votes and releases'), ('manage', 'Create and change campaigns')], max_length=8), size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['user', '-created_at'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='token_digest_is_sha256'),
                    models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['annotate', 'import', 'export', 'manage']), models.Q(('scopes', []), _negated=True)), name='token_scopes_known_and_some'),
                ],
            },
        ),
        migrations.CreateModel(
            name='UnscoredAssignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assignment', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='annotator.assignment')),
            ],
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('choice', models.CharField(choices=[('a', 'A is better'), ('b', 'B is better'), ('both_good', 'Both good'), ('both_bad', 'Both bad')], max_length=9)),
                ('elapsed_ms', models.PositiveIntegerField(blank=True, help_text='Milliseconds from both images shown to the answer, as the client measured.', null=True)),
                ('comment', models.TextField(blank=True, db_default='', default='', help_text='What the annotator wrote beside the answer; with its first vote.')),
                ('created_at', models.DateTimeField()),
                ('void_reason', models.CharField(blank=True, choices=[('undone', 'Undone by the annotator'), ('suspended', 'Annotator suspended'), ('withdrawn', 'Annotator withdrew consent')], max_length=9, null=True)),
                ('voided_at', models.DateTimeField(blank=True, null=True)),
                ('changed_in', annotator.models.fields.TransactionId(db_default=annotator.models.fields.ThisTransaction(), editable=False)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.assignment')),
                ('question', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='annotator.question')),
                ('voided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [
                    models.Index(condition=models.Q(('comment', ''), _negated=True), fields=['question', '-id'], name='vote_comments'),
                    models.Index(fields=['question', 'changed_in', 'id'], name='vote_changes'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('void_reason__isnull', True)), fields=('assignment', 'question'), name='vote_one_live_per_assignment_and_question'),
                    models.CheckConstraint(condition=models.Q(('choice__in', ['a', 'b', 'both_good', 'both_bad'])), name='vote_choice_known'),
                    models.CheckConstraint(condition=models.Q(('void_reason__in', ['undone', 'suspended', 'withdrawn'])), name='vote_void_reason_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('void_reason__isnull', True), ('voided_at__isnull', True), ('voided_by__isnull', True)), models.Q(('void_reason__isnull', False), ('voided_at__isnull', False)), _connector='OR'), name='vote_void_has_reason_and_time'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=1000)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('release.ready', 'A release is ready'), ('campaign.complete', 'The last pair has all its votes'), ('annotator.suspended', 'An annotator is suspended'), ('import.finished', 'An import is done or has failed'), ('ping', 'A test')], max_length=20), size=None)),
                ('is_active', models.BooleanField(default=True, help_text='Whether it is told anything. What happens meanwhile is not kept.')),
                ('sealed_secret', models.TextField(editable=False, help_text='Encrypted with a key that is made of SECRET_KEY.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='annotator.campaign')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('url__regex', '^https?://')), name='webhook_url_is_a_web_address'),
                    models.CheckConstraint(condition=models.Q(('events__contained_by', ['release.ready', 'campaign.complete', 'annotator.suspended', 'import.finished']), models.Q(('events', []), _negated=True)), name='webhook_events_known_and_some'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('event', models.CharField(choices=[('release.ready', 'A release is ready'), ('campaign.complete', 'The last pair has all its votes'), ('annotator.suspended', 'An annotator is suspended'), ('import.finished', 'An import is done or has failed'), ('ping', 'A test')], max_length=20)),
                ('body', models.TextField(help_text='What is sent and signed, the same at every attempt.')),
                ('state', models.CharField(choices=[('waiting', 'To be sent'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='waiting', max_length=9)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                ('last_attempt_at', models.DateTimeField(blank=True, null=True)),
                ('status', models.PositiveSmallIntegerField(blank=True, help_text='Of the last answer.', null=True)),
                ('error', models.CharField(blank=True, help_text='Why the last attempt failed.', max_length=200)),
                ('created_at', models.DateTimeField()),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='annotator.webhook')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-pk'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='delivery_due'),
                    models.Index(fields=['webhook', '-id'], name='delivery_log'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('event__in', ['release.ready', 'campaign.complete', 'annotator.suspended', 'import.finished', 'ping'])), name='delivery_event_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'delivered', 'failed'])), name='delivery_state_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('next_attempt_at__isnull', False), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('next_attempt_at__isnull', True)), _connector='OR'), name='delivery_waiting_says_until_when'),
                ],
            },
        ),
        Together(
            [
                pgtrigger.migrations.AddTrigger(
                    model_name='consenttext',
                    trigger=pgtrigger.compiler.Trigger(name='consent_text_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fc6d7d5af3332b3c1c45077161e95390889ed936', operation='UPDATE OR DELETE', pgid='pgtrigger_consent_text_is_fixed_dd863', table='annotator_consenttext', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='flag',
                    trigger=pgtrigger.compiler.Trigger(name='flag_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='70a4625ca2ac9792d80305641da48503b4a66a72', operation='DELETE', pgid='pgtrigger_flag_never_deleted_d5649', table='annotator_flag', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='guideline',
                    trigger=pgtrigger.compiler.Trigger(name='guideline_published_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."published_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c1b0c71753e6ca545f2014436ed87acf412ae78b', operation='UPDATE OR DELETE', pgid='pgtrigger_guideline_published_is_fixed_95db1', table='annotator_guideline', when='BEFORE')),
                ),
                migrations.AddConstraint(
                    model_name='member',
                    constraint=models.UniqueConstraint(fields=('campaign', 'user'), name='member_once_per_campaign'),
                ),
                migrations.AddConstraint(
                    model_name='member',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('guideline_accepted__isnull', True), ('guideline_accepted_at__isnull', True)), models.Q(('guideline_accepted__isnull', False), ('guideline_accepted_at__isnull', False)), _connector='OR'), name='member_acceptance_has_time'),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='member',
                    trigger=pgtrigger.compiler.Trigger(name='member_who_counts_otherwise_is_noted', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.kind <> NEW.kind OR (OLD.state = 'withdrawn') <> (NEW.state = 'withdrawn'))", func='\n    INSERT INTO annotator_unscoredassignment (assignment_id)\n    SELECT id FROM annotator_assignment WHERE member_id = NEW.id AND closed_at IS NOT NULL;\n    RETURN NULL;\n', hash='65d04a730fa958f9bc2406581c0641d9ad67557b', operation='UPDATE', pgid='pgtrigger_member_who_counts_otherwise_is_noted_e5c48', table='annotator_member', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='consent',
                    trigger=pgtrigger.compiler.Trigger(name='consent_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b5f91a0da09d8f878e82abddf8e6bb30667aa30b', operation='UPDATE OR DELETE', pgid='pgtrigger_consent_is_fixed_0e05c', table='annotator_consent', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='appeal',
                    trigger=pgtrigger.compiler.Trigger(name='appeal_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='21d066b38b9683a9e27a3c11aab819dfe72ba38a', operation='DELETE', pgid='pgtrigger_appeal_never_deleted_7047e', table='annotator_appeal', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='appeal',
                    trigger=pgtrigger.compiler.Trigger(name='appeal_message_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."member_id" IS DISTINCT FROM (NEW."member_id") OR OLD."message" IS DISTINCT FROM (NEW."message") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='0914fe85b4baa54d8f776f582a06d4b4d2aac892', operation='UPDATE', pgid='pgtrigger_appeal_message_is_fixed_ccee2', table='annotator_appeal', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='golddecision',
                    trigger=pgtrigger.compiler.Trigger(name='gold_decision_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e8d5afd98ce40ebc62957c616afbe8d85eb6b6af', operation='UPDATE OR DELETE', pgid='pgtrigger_gold_decision_is_fixed_ba788', table='annotator_golddecision', when='BEFORE')),
                ),
                migrations.AddIndex(
                    model_name='assignment',
                    index=models.Index(condition=models.Q(('state', 'open')), fields=['member', 'id'], name='assignment_queue'),
                ),
                migrations.AddIndex(
                    model_name='assignment',
                    index=models.Index(condition=models.Q(('kind', 'machine'), ('state', 'expired')), fields=['member', 'pair'], name='assignment_machine_again'),
                ),
                migrations.AddIndex(
                    model_name='assignment',
                    index=models.Index(condition=models.Q(('state', 'answered')), fields=['member', 'closed_at'], name='assignment_answers'),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=models.UniqueConstraint(condition=models.Q(('kind', 'regular')), fields=('member', 'pair'), name='assignment_regular_once_per_member_and_pair'),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=models.UniqueConstraint(condition=models.Q(('kind', 'gold')), fields=('member', 'pair'), name='assignment_gold_once_per_member_and_pair'),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=models.UniqueConstraint(condition=models.Q(('kind', 'machine')), fields=('member', 'pair'), name='assignment_machine_once_per_member_and_pair'),
                ),
                migrations.AddConstraint(
                    model_name='assignment',
                    constraint=models.UniqueConstraint(condition=models.Q(('kind', 'repeat')), fields=('member', 'pair'), name='assignment_repeat_once_per_member_and_pair'),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='assignment',
                    trigger=pgtrigger.compiler.Trigger(name='assignment_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='95077c1a5eded6a51fdf431fee226f1b46e85751', operation='DELETE', pgid='pgtrigger_assignment_never_deleted_23a12', table='annotator_assignment', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='assignment',
                    trigger=pgtrigger.compiler.Trigger(name='assignment_seat_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."member_id" IS DISTINCT FROM (NEW."member_id") OR OLD."pair_id" IS DISTINCT FROM (NEW."pair_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='a28f8d31dfb3671f6175030833b17689bf9118ae', operation='UPDATE', pgid='pgtrigger_assignment_seat_is_fixed_865ba', table='annotator_assignment', when='BEFORE')),
                ),
                migrations.AddConstraint(
                    model_name='pair',
                    constraint=models.UniqueConstraint(models.F('prompt'), django.db.models.functions.comparison.Least('image_a', 'image_b'), django.db.models.functions.comparison.Greatest('image_a', 'image_b'), name='pair_once_in_either_order'),
                ),
                migrations.AddConstraint(
                    model_name='image',
                    constraint=models.UniqueConstraint(fields=('prompt', 'generator', 'seed', 'sha256'), name='image_once_per_prompt_generator_seed', nulls_distinct=False),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='release',
                    trigger=pgtrigger.compiler.Trigger(name='release_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='11a7e99dc16b8d7b8391bbf5cac5297fc0d0540e', operation='DELETE', pgid='pgtrigger_release_never_deleted_e5d1d', table='annotator_release', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='release',
                    trigger=pgtrigger.compiler.Trigger(name='release_number_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."campaign_id" IS DISTINCT FROM (NEW."campaign_id") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='be09d737389a97b3d01715670e5290134ac41fe8', operation='UPDATE', pgid='pgtrigger_release_number_is_fixed_5a787', table='annotator_release', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='release',
                    trigger=pgtrigger.compiler.Trigger(name='release_ready_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."state" = \'ready\' AND (NEW."revision" IS DISTINCT FROM (OLD."revision") OR NOT (NEW."state" = \'ready\')))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='561865c88085996197d7d5a69d1c5f8bb0120dc8', operation='UPDATE', pgid='pgtrigger_release_ready_is_fixed_cbe24', table='annotator_release', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='releasefile',
                    trigger=pgtrigger.compiler.Trigger(name='release_file_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='8c7585e5189a7b87891572ad8925d4927968b51a', operation='UPDATE OR DELETE', pgid='pgtrigger_release_file_is_fixed_5ed88', table='annotator_releasefile', when='BEFORE')),
                ),
                migrations.AddIndex(
                    model_name='act',
                    index=models.Index(condition=models.Q(('rule__isnull', False)), fields=['rule', 'member'], name='act_of_rule'),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='act',
                    trigger=pgtrigger.compiler.Trigger(name='act_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='8dbf2690ade225407e052d94e1016d7b21c301aa', operation='UPDATE OR DELETE', pgid='pgtrigger_act_is_fixed_655bb', table='annotator_act', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='vote',
                    trigger=pgtrigger.compiler.Trigger(name='vote_change_is_noted', sql=pgtrigger.compiler.UpsertTriggerSql(func='NEW.changed_in = pg_current_xact_id(); RETURN NEW;', hash='13d354b38f4be97c82f58464c881a2c368d0284b', operation='UPDATE', pgid='pgtrigger_vote_change_is_noted_ef384', table='annotator_vote', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='vote',
                    trigger=pgtrigger.compiler.Trigger(name='vote_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='fcbf198bd718c1468160759e35920e67a9dde1cf', operation='DELETE', pgid='pgtrigger_vote_never_deleted_2f49b', table='annotator_vote', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='vote',
                    trigger=pgtrigger.compiler.Trigger(name='vote_answer_is_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."assignment_id" IS DISTINCT FROM (NEW."assignment_id") OR OLD."question_id" IS DISTINCT FROM (NEW."question_id") OR OLD."choice" IS DISTINCT FROM (NEW."choice") OR OLD."elapsed_ms" IS DISTINCT FROM (NEW."elapsed_ms") OR OLD."comment" IS DISTINCT FROM (NEW."comment") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='f0c88d512433e53a6e23366913554b1620d8b5a9', operation='UPDATE', pgid='pgtrigger_vote_answer_is_fixed_a9578', table='annotator_vote', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='vote',
                    trigger=pgtrigger.compiler.Trigger(name='vote_cast_is_noted', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n    INSERT INTO annotator_unscoredassignment (assignment_id) SELECT DISTINCT assignment_id FROM changed_votes;\n    RETURN NULL;\n', hash='6b4eb4dfaa5ef7d7e967d631eb60c6abf3a8d322', level='STATEMENT', operation='INSERT', pgid='pgtrigger_vote_cast_is_noted_1fecc', referencing='REFERENCING NEW TABLE AS changed_votes ', table='annotator_vote', when='AFTER')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='vote',
                    trigger=pgtrigger.compiler.Trigger(name='vote_voided_is_noted', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n    INSERT INTO annotator_unscoredassignment (assignment_id) SELECT DISTINCT assignment_id FROM changed_votes;\n    RETURN NULL;\n', hash='02a828f3a21a5dd80e99a4b9bc1c9eafafbfe866', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_vote_voided_is_noted_c20e3', referencing='REFERENCING NEW TABLE AS changed_votes ', table='annotator_vote', when='AFTER')),
                ),
            ]
        ),
    ]
