from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import path

from annotator.views.accounts import LogIn
from annotator.views.campaigns import campaigns, guideline
from annotator.views.health import healthz
from annotator.views.images import image

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    # people
    path("login/", LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    # judging
    path("", campaigns, name="campaigns"),
    path("c/<str:slug>/guideline/", guideline, name="guideline"),
    path("images/<uuid:public_id>/<int:width>/", image, name="image"),
    path("images/<uuid:public_id>/full/", image, name="image"),
    path("admin/", admin.site.urls),
]
