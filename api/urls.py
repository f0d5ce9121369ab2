"""The addresses of the API, below /api/."""

from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter

from api.converters import CampaignSlug
from api.errors import not_there
from api.schema import SchemaView
from api.views.assignments import AssignmentList, FlagPair, Skip, Undo, VoteCast
from api.views.campaigns import CampaignDetail, CampaignList
from api.views.imports import ImportCancel, ImportDetail, ImportList, ImportUndo
from api.views.invites import InviteDetail, InviteList, InviteRevoke
from api.views.material import PairList, PromptList
from api.views.releases import ReleaseCancel, ReleaseDetail, ReleaseFileBytes, ReleaseList
from api.views.review import ActionList, RuleList, RulePreviewed
from api.views.statistics import LeaderboardDetail, StatisticsDetail
from api.views.votes import VoteList
from api.views.webhooks import DeliveryList, WebhookDetail, WebhookList, WebhookPing
from api.views.withdrawals import ReleaseRebuild, ReleaseYank, TakeDownList, WithdrawnReleaseList

register_converter(CampaignSlug, "campaign")
app_name = "api"

of_campaign: list[URLPattern | URLResolver] = [
    path("", CampaignDetail.as_view(), name="campaign"),
    path("imports/", ImportList.as_view(), name="imports"),
    path("imports/<int:import_id>/", ImportDetail.as_view(), name="import"),
    path("imports/<int:import_id>/cancel/", ImportCancel.as_view(), name="cancel_import"),
    path("imports/<int:import_id>/undo/", ImportUndo.as_view(), name="undo_import"),
    path("pairs/", PairList.as_view(), name="pairs"),
    path("prompts/", PromptList.as_view(), name="prompts"),
    path("votes/", VoteList.as_view(), name="votes"),
    path("assignments/", AssignmentList.as_view(), name="assignments"),
    path("stats/", StatisticsDetail.as_view(), name="statistics"),
    path("leaderboard/", LeaderboardDetail.as_view(), name="leaderboard"),
    path("review-rules/", RuleList.as_view(), name="review_rules"),
    path("review-rules/preview/", RulePreviewed.as_view(), name="review_preview"),
    path("moderation-actions/", ActionList.as_view(), name="moderation_actions"),
    path("invites/", InviteList.as_view(), name="invites"),
    path("invites/<int:invite_id>/", InviteDetail.as_view(), name="invite"),
    path("invites/<int:invite_id>/revoke/", InviteRevoke.as_view(), name="revoke_invite"),
    path("webhooks/", WebhookList.as_view(), name="webhooks"),
    path("webhooks/<int:webhook_id>/", WebhookDetail.as_view(), name="webhook"),
    path("webhooks/<int:webhook_id>/ping/", WebhookPing.as_view(), name="webhook_ping"),
    path("webhooks/<int:webhook_id>/deliveries/", DeliveryList.as_view(), name="deliveries"),
    path("releases/", ReleaseList.as_view(), name="releases"),
    path("releases/<int:number>/", ReleaseDetail.as_view(), name="release"),
    path("releases/withdrawn/", WithdrawnReleaseList.as_view(), name="withdrawn_releases"),
    path("releases/rebuild/", ReleaseRebuild.as_view(), name="rebuild_releases"),
    path("releases/<int:number>/yank/", ReleaseYank.as_view(), name="yank_release"),
    path("take-downs/", TakeDownList.as_view(), name="take_downs"),
    path("releases/<int:number>/cancel/", ReleaseCancel.as_view(), name="cancel_release"),
    path("releases/<int:number>/files/<path:path>", ReleaseFileBytes.as_view(), name="release_file"),
]
version_1: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("campaigns/", CampaignList.as_view(), name="campaigns"),
    path("campaigns/<campaign:slug>/", include(of_campaign)),
    path("assignments/<assignment:assignment_id>/vote/", VoteCast.as_view(), name="vote"),
    path("assignments/<assignment:assignment_id>/skip/", Skip.as_view(), name="skip"),
    path("assignments/<assignment:assignment_id>/flag/", FlagPair.as_view(), name="flag"),
    path("assignments/<assignment:assignment_id>/undo/", Undo.as_view(), name="undo"),
]
urlpatterns = [
    path("v1/", include(version_1)),
    re_path("", not_there),
]
