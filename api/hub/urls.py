"""The addresses of the Hub's protocol, below /hub/. A revision can contain slashes: they arrive as %2F, which servers decode."""

from django.urls import re_path

from api.hub import views

REPOSITORY = r"(?P<namespace>[A-Za-z0-9._-]{1,100})/(?P<name>[A-Za-z0-9._-]{1,110})"
REVISION = r"(?P<revision>refs/(?:heads|tags|convert|pr)/[^/]+|[^/]+)"
PATH = r"(?P<path>.+)"

app_name = "hub"
urlpatterns = [
    re_path(rf"^datasets/{REPOSITORY}/resolve/{REVISION}/{PATH}\Z", views.resolve, name="resolve"),
    re_path(r"^api/datasets/?\Z", views.datasets, name="datasets"),
    re_path(rf"^api/datasets/{REPOSITORY}\Z", views.info, name="info"),
    re_path(rf"^api/datasets/{REPOSITORY}/revision/{REVISION}\Z", views.info, name="info_at"),
    re_path(rf"^api/datasets/{REPOSITORY}/tree/{REVISION}(?:/{PATH})?\Z", views.tree, name="tree"),
    re_path(rf"^api/datasets/{REPOSITORY}/paths-info/{REVISION}\Z", views.paths_info, name="paths_info"),
    re_path(rf"^api/datasets/{REPOSITORY}/refs\Z", views.refs, name="refs"),
    re_path(rf"^api/datasets/{REPOSITORY}/commits/{REVISION}\Z", views.commits, name="commits"),
    re_path(rf"^api/datasets/{REPOSITORY}/auth-check\Z", views.auth_check, name="auth_check"),
    re_path(r"^api/whoami-v2\Z", views.whoami, name="whoami"),
    re_path(r"^api/agent-harnesses\Z", views.agent_harnesses, name="agent_harnesses"),
    re_path("", views.not_there, name="nothing"),
]
