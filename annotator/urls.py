from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from annotator.views import manage, publishing
from annotator.views.accounts import LogIn
from annotator.views.annotate import annotate, flag, skip, undo, vote
from annotator.views.campaigns import campaigns, guideline
from annotator.views.health import healthz, prometheus, readyz
from annotator.views.images import image

urlpatterns = [
    # machines
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", prometheus, name="metrics"),
    # people
    path("login/", LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    # judging
    path("", campaigns, name="campaigns"),
    path("c/<str:slug>/", annotate, name="annotate"),
    path("c/<str:slug>/guideline/", guideline, name="guideline"),
    path("c/<str:slug>/undo/", undo, name="undo"),
    path("assignments/<int:assignment_id>/vote/", vote, name="vote"),
    path("assignments/<int:assignment_id>/skip/", skip, name="skip"),
    path("assignments/<int:assignment_id>/flag/", flag, name="flag"),
    path("images/<uuid:public_id>/<int:width>/", image, name="image"),
    path("images/<uuid:public_id>/full/", image, name="image"),
    # managing
    path("manage/new/", manage.new_campaign, name="new_campaign"),
    path("manage/<str:slug>/", manage.campaign_page, name="campaign_page"),
    path("manage/<str:slug>/progress/", manage.campaign_progress, name="campaign_progress"),
    path("manage/<str:slug>/state/", manage.campaign_state, name="campaign_state"),
    path("manage/<str:slug>/settings/", manage.campaign_settings, name="campaign_settings"),
    path("manage/<str:slug>/guideline/", manage.edit_guideline, name="edit_guideline"),
    path("manage/<str:slug>/members/", manage.members, name="members"),
    path("manage/<str:slug>/members/<int:member_id>/state/", manage.member_state, name="member_state"),
    path("manage/<str:slug>/members/<int:member_id>/suspension/", manage.member_suspension, name="member_suspension"),
    path("manage/<str:slug>/flags/", manage.flags, name="flags"),
    path("manage/<str:slug>/imports/", manage.imports, name="imports"),
    path("manage/<str:slug>/imports/<int:import_id>/", manage.import_page, name="import_page"),
    path("manage/<str:slug>/releases/", manage.releases, name="releases"),
    path("manage/<str:slug>/releases/<int:number>/", manage.release_page, name="release_page"),
    path("manage/<str:slug>/releases/<int:number>/publish/", publishing.publish_release, name="publish_release"),
    path("manage/<str:slug>/hub/", publishing.hub_account, name="hub_account"),
    path("manage/<str:slug>/hub/forget/", publishing.forget_hub_account, name="forget_hub_account"),
    path("admin/", admin.site.urls),
    # programs
    path("api/", include("api.urls")),
    path("hub/", include("api.hub.urls")),
]
handler500 = "api.errors.server_error"
