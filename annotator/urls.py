from allauth.account import views as allauth
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as socialaccount
from allauth.socialaccount.providers.openid_connect.views import callback
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import include, path, re_path, register_converter

from annotator.lib.public_ids import ShownAssignment
from annotator.views.accounts import LogIn, account, admin_log_in, provider_log_in, sessions, with_account
from annotator.views.annotate import appeals, training
from annotator.views.annotate.answers import answers
from annotator.views.annotate.campaign_list import campaigns, guideline
from annotator.views.annotate.deck import deck
from annotator.views.annotate.history import earlier, history
from annotator.views.annotate.images import image
from annotator.views.annotate.join import consent, join
from annotator.views.annotate.preferences import preferences
from annotator.views.annotate.views import annotate, flag, skip, undo, vote
from annotator.views.health import healthz, prometheus, readyz
from annotator.views.language import language
from annotator.views.manage import (
    audit,
    campaign,
    demographics,
    gold,
    hub_upload,
    imports,
    invites,
    meanwhile,
    members,
    opening,
    pairs,
    person,
    planning,
    questions,
    queue,
    release_files,
    releases,
    review,
    review_rules,
    search,
    site,
    statistics,
    tokens,
    webhooks,
    withdrawals,
)
from annotator.views.manage import guideline as guideline_pages
from annotator.views.manage import training as manage_training
from annotator.views.manifest import manifest as app_manifest
from annotator.views.security_txt import security_txt
from annotator.views.service_worker import service_worker

register_converter(ShownAssignment, "assignment")  # for the addresses of the API as well
log_in, log_out = LogIn.as_view(), LogoutView.as_view()

urlpatterns = [
    # machines
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", prometheus, name="metrics"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("manifest.webmanifest", app_manifest, name="manifest"),
    path("service-worker.js", service_worker, name="service_worker"),
    # people; django-allauth knows its own pages by names of its own
    path("login/", log_in, name="login"),
    path("login/", log_in, name="account_login"),
    path("logout/", log_out, name="logout"),
    path("logout/", log_out, name="account_logout"),
    path("language/", language, name="language"),
    path("join/<str:key>/", join, name="join"),
    path("account/", with_account(account), name="account"),
    path("account/sessions/", with_account(sessions), name="sessions"),
    path("account/sign-up/", allauth.signup, name="account_signup"),
    path("account/inactive/", allauth.account_inactive, name="account_inactive"),
    path("account/password-again/", with_account(allauth.reauthenticate), name="account_reauthenticate"),
    path("account/email/", with_account(allauth.email), name="account_email"),
    path("account/email/sent/", allauth.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^account/email/(?P<key>[-:\w]+)/$", allauth.confirm_email, name="account_confirm_email"),
    path("account/password/", with_account(allauth.password_change), name="account_change_password"),
    path("account/password/set/", with_account(allauth.password_set), name="account_set_password"),
    path("account/password/reset/", allauth.password_reset, name="account_reset_password"),
    path("account/password/reset/sent/", allauth.password_reset_done, name="account_reset_password_done"),
    path("account/password/reset/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^account/password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/two-factor/", with_account(mfa.index), name="mfa_index"),
    path("account/two-factor/log-in/", login_not_required(mfa.authenticate), name="mfa_authenticate"),
    path("account/two-factor/again/", with_account(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("account/two-factor/app/", with_account(totp.activate_totp), name="mfa_activate_totp"),
    path("account/two-factor/app/off/", with_account(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/two-factor/codes/", with_account(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "account/two-factor/codes/new/", with_account(recovery_codes.generate_recovery_codes), name="mfa_generate_recovery_codes"
    ),
    path(
        "account/two-factor/codes/file/", with_account(recovery_codes.download_recovery_codes), name="mfa_download_recovery_codes"
    ),
    path("account/passkeys/", with_account(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("account/passkeys/add/", with_account(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("account/passkeys/again/", with_account(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("account/passkeys/log-in/", login_not_required(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("account/passkeys/<int:pk>/", with_account(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", with_account(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("account/connections/", with_account(socialaccount.connections), name="socialaccount_connections"),
    path("account/connections/sign-up/", socialaccount.signup, name="socialaccount_signup"),
    path("account/connections/cancelled/", socialaccount.login_cancelled, name="socialaccount_login_cancelled"),
    path("account/connections/error/", socialaccount.login_error, name="socialaccount_login_error"),
    path("account/oidc/<slug:provider_id>/login/", with_account(provider_log_in), name="openid_connect_login"),
    path("account/oidc/<slug:provider_id>/login/callback/", with_account(callback), name="openid_connect_callback"),
    # judging
    path("", campaigns, name="campaigns"),
    path("c/<str:slug>/", annotate, name="annotate"),
    path("c/<str:slug>/deck/", deck, name="deck"),
    path("c/<str:slug>/consent/", consent, name="consent"),
    path("c/<str:slug>/guideline/", guideline, name="guideline"),
    path("c/<str:slug>/about-you/", demographics.about_you, name="about_you"),
    path("c/<str:slug>/history/", history, name="history"),
    path("c/<str:slug>/earlier/", earlier, name="earlier"),
    path("c/<str:slug>/training/", training.train, name="training"),
    path("c/<str:slug>/training/again/", training.try_again, name="training_again"),
    path("c/<str:slug>/training/<assignment:assignment_id>/", training.feedback, name="training_feedback"),
    path("c/<str:slug>/notice/", appeals.dismiss_notice, name="dismiss_notice"),
    path("c/<str:slug>/appeal/", appeals.appeal, name="appeal"),
    path("c/<str:slug>/withdraw/", appeals.withdraw, name="withdraw"),
    path("preferences/", preferences, name="preferences"),
    path("answers/", answers, name="answers"),
    path("assignments/<assignment:assignment_id>/vote/", vote, name="vote"),
    path("assignments/<assignment:assignment_id>/skip/", skip, name="skip"),
    path("assignments/<assignment:assignment_id>/flag/", flag, name="flag"),
    path("assignments/<assignment:assignment_id>/undo/", undo, name="undo"),
    path("images/<uuid:public_id>/<int:width>/", image, name="image"),
    path("images/<uuid:public_id>/full/", image, name="image"),
    # managing
    path("manage/new/", campaign.new_campaign, name="new_campaign"),
    path("manage/-/search/", search.search, name="console_search"),  # no campaign can be called "-"
    path("manage/-/tokens/", tokens.tokens, name="tokens"),
    path("manage/-/tokens/<int:token_id>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("manage/-/site/", site.site_health, name="site_health"),
    path("manage/-/site/users/", site.site_users, name="site_users"),
    path("manage/-/site/users/<int:user_id>/active/", site.user_active, name="user_active"),
    path("manage/-/site/campaigns/", site.site_campaigns, name="site_campaigns"),
    path("manage/-/site/audit/", audit.site_audit, name="site_audit"),
    path("manage/<str:slug>/meanwhile/", meanwhile.meanwhile, name="meanwhile"),
    path("manage/<str:slug>/audit/", audit.audit_log, name="audit_log"),
    path("manage/<str:slug>/", campaign.campaign_page, name="campaign_page"),
    path("manage/<str:slug>/progress/", campaign.campaign_progress, name="campaign_progress"),
    path("manage/<str:slug>/state/", campaign.campaign_state, name="campaign_state"),
    path("manage/<str:slug>/open/", opening.open_campaign, name="open_campaign"),
    path("manage/<str:slug>/archive/", opening.archive_campaign, name="archive_campaign"),
    path("manage/<str:slug>/delete/", opening.delete_draft, name="delete_draft"),
    path("manage/<str:slug>/settings/", campaign.campaign_settings, name="campaign_settings"),
    path("manage/<str:slug>/questions/", questions.questions, name="questions"),
    path("manage/<str:slug>/comments/", questions.comments, name="comments"),
    path("manage/<str:slug>/guideline/", guideline_pages.edit_guideline, name="edit_guideline"),
    path("manage/<str:slug>/guideline/preview/", guideline_pages.preview_guideline, name="preview_guideline"),
    path("manage/<str:slug>/guideline/versions/", guideline_pages.guideline_versions, name="guideline_versions"),
    path("manage/<str:slug>/guideline/versions/<int:version>/", guideline_pages.guideline_version, name="guideline_version"),
    path("manage/<str:slug>/consent/", invites.edit_consent, name="edit_consent"),
    path("manage/<str:slug>/invites/", invites.invites, name="invites"),
    path("manage/<str:slug>/invites/<int:invite_id>/", invites.invite_page, name="invite_page"),
    path("manage/<str:slug>/invites/<int:invite_id>/revoke/", invites.revoke_invite, name="revoke_invite"),
    path("manage/<str:slug>/crowd/", invites.crowd, name="crowd"),
    path("manage/<str:slug>/members/", members.members, name="members"),
    path("manage/<str:slug>/members/<int:member_id>/state/", members.member_state, name="member_state"),
    path("manage/<str:slug>/members/<int:member_id>/suspension/", members.member_suspension, name="member_suspension"),
    path("manage/<str:slug>/training/", manage_training.trainees, name="trainees"),
    path("manage/<str:slug>/pairs/", pairs.pairs, name="pairs"),
    path("manage/<str:slug>/pairs/views/", pairs.save_view, name="save_view"),
    path("manage/<str:slug>/pairs/views/<int:view_id>/remove/", pairs.remove_view, name="remove_view"),
    path("manage/<str:slug>/pairs/proposed/", gold.proposed_gold, name="proposed_gold"),
    path("manage/<str:slug>/pairs/<int:pair_id>/", pairs.pair_page, name="pair_page"),
    path("manage/<str:slug>/pairs/<int:pair_id>/review/", gold.review_pair, name="review_pair"),
    path("manage/<str:slug>/members/<int:member_id>/", person.member_page, name="member_page"),
    path("manage/<str:slug>/review/", review.review, name="review"),
    path("manage/<str:slug>/review/rules/", review_rules.review_rules, name="review_rules"),
    path("manage/<str:slug>/review/rules/<int:rule_id>/", review_rules.decide_rule, name="decide_rule"),
    path("manage/<str:slug>/review/appeals/<int:appeal_id>/", review.answer_appeal, name="answer_appeal"),
    path("manage/<str:slug>/review/acts/", review.moderation_log, name="moderation_log"),
    path("manage/<str:slug>/queue/", queue.queue, name="queue"),
    path("manage/<str:slug>/queue/pairs/<int:pair_id>/", queue.queue_pair, name="queue_pair"),
    path("manage/<str:slug>/queue/undo/<int:adjudication_id>/", queue.undo_adjudication, name="undo_adjudication"),
    path("manage/<str:slug>/queue/presence/<str:item>/", queue.presence, name="queue_presence"),
    path("manage/<str:slug>/queue/appeals/<int:appeal_id>/reopen/", review.reopen_appeal, name="reopen_appeal"),
    path("manage/<str:slug>/statistics/", statistics.statistics_page, name="statistics"),
    path("manage/<str:slug>/plan/", planning.plan_page, name="plan"),
    path("manage/<str:slug>/groups/", demographics.edit_group_question, name="group_question"),
    path("manage/<str:slug>/imports/", imports.imports, name="imports"),
    path("manage/<str:slug>/imports/<int:import_id>/", imports.import_page, name="import_page"),
    path("manage/<str:slug>/imports/<int:import_id>/cancel/", imports.cancel_import, name="cancel_import"),
    path("manage/<str:slug>/imports/<int:import_id>/undo/", imports.undo_import, name="undo_import"),
    path("manage/<str:slug>/releases/", releases.releases, name="releases"),
    path("manage/<str:slug>/releases/<int:number>/", releases.release_page, name="release_page"),
    path("manage/<str:slug>/webhooks/", webhooks.webhooks, name="webhooks"),
    path("manage/<str:slug>/webhooks/<int:webhook_id>/", webhooks.webhook_page, name="webhook_page"),
    path("manage/<str:slug>/webhooks/<int:webhook_id>/state/", webhooks.webhook_state, name="webhook_state"),
    path("manage/<str:slug>/webhooks/<int:webhook_id>/ping/", webhooks.ping_webhook, name="ping_webhook"),
    path("manage/<str:slug>/webhooks/<int:webhook_id>/remove/", webhooks.remove_webhook, name="remove_webhook"),
    path(
        "manage/<str:slug>/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/resend/",
        webhooks.resend_delivery,
        name="resend_delivery",
    ),
    path("manage/<str:slug>/releases/<int:number>/card/", release_files.release_card, name="release_card"),
    path("manage/<str:slug>/releases/<int:number>/zip/", release_files.release_zip, name="release_zip"),
    path("manage/<str:slug>/hub/check/", hub_upload.check_hub_account, name="check_hub_account"),
    path("manage/<str:slug>/releases/rebuild/", withdrawals.rebuild_releases, name="rebuild_releases"),
    path("manage/<str:slug>/releases/<int:number>/yank/", withdrawals.yank_release, name="yank_release"),
    path("manage/<str:slug>/take-downs/", withdrawals.take_downs, name="take_downs"),
    path("manage/<str:slug>/releases/<int:number>/cancel/", releases.cancel_release, name="cancel_release"),
    path("admin/login/", admin_log_in),
    path("manage/<str:slug>/releases/<int:number>/publish/", hub_upload.publish_release, name="publish_release"),
    path("manage/<str:slug>/hub/", hub_upload.hub_account, name="hub_account"),
    path("manage/<str:slug>/hub/forget/", hub_upload.forget_hub_account, name="forget_hub_account"),
    path("admin/", admin.site.urls),
    # programs
    path("api/", include("api.urls")),
    path("hub/", include("api.hub.urls")),
]
handler500 = "api.errors.server_error"
