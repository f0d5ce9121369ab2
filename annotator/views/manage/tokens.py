"""A user's own API tokens: made, named, limited and revoked in the browser."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.accounts import api_tokens
from annotator.campaigns.access import require_console
from annotator.choices import Scope
from annotator.errors import DomainError, NotFound
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import posted, status_of
from annotator.views.requests import UserRequest

LIFETIMES = [
    ("7", gettext_lazy("7 days")),
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("1 year")),
    ("", gettext_lazy("No end")),
]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("What uses it, such as “nightly training”.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(label=gettext_lazy("Ends after"), choices=LIFETIMES, required=False, initial="90")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: UserRequest) -> HttpResponse:
    """The tokens of the user, and a form for another one. Asks for the password first: a token outlives the session."""
    require_console(request.user)
    response: HttpResponse = _tokens(request)
    return response


@reauthentication_required
def _tokens(request: UserRequest) -> HttpResponse:
    """The key of a new token is shown once: on the page that answers the form."""
    form, key = TokenForm(posted(request)), ""
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        try:
            _, key = api_tokens.create_token(
                user=request.user,
                scopes=form.cleaned_data["scopes"],
                name=form.cleaned_data["name"],
                expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
                by=request.user,
            )
            form = TokenForm()
        except DomainError as error:
            add_domain_error(form, error)
    context = {"form": form, "key": key, "tokens": api_tokens.tokens_of(request.user)[:100], "now": timezone.now()}
    return render(request, "manage/settings/tokens.html", context, status=status_of(form))


@require_POST
def revoke_token(request: UserRequest, token_id: int) -> HttpResponse:
    require_console(request.user)
    token = request.user.tokens.filter(pk=token_id).first()
    if token is None:
        raise NotFound(gettext("This token does not exist."))
    api_tokens.revoke_token(token=token, by=request.user)
    words = gettext("Token %(token)s is revoked. It opens nothing any more.")
    messages.success(request, words % {"token": token.name or token.hint})
    return redirect("tokens")
