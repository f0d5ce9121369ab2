"""The forms of the account pages."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.core import context, ratelimit
from allauth.socialaccount import forms as socialaccount_forms
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotator.accounts.api_tokens import revoke_tokens
from annotator.accounts.reset_mail import origin_of
from annotator.errors import Conflict
from annotator.models import User
from annotator.tasks import run_after_answer, send_reset_mail

TAKEN = {"username_taken", "username_looks_alike"}


class LogInForm(allauth_forms.LoginForm):
    """allauth's form with the field names `username` and `password`, which password managers and scripts fill in."""

    username = forms.CharField(
        label=gettext_lazy("Username or email"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["login"]
        self.order_fields(["username", "password"])
        self.fields["password"].help_text = ""
        without_placeholders(self)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["login"] = self.cleaned_data.get("username", "").strip()
        return super().clean()


class CountsTakenNames:
    """A form in which people choose a username. That one is taken has to be said, so it is said to one address so often only."""

    def clean_username(self) -> str:
        request = context.request
        if not ratelimit.consume(request, action="username_taken", dry_run=True):
            raise forms.ValidationError(
                gettext("Too many taken usernames were tried from your network. Wait an hour and try again.")
            )
        try:
            username: str = super().clean_username()  # type: ignore[misc]
        except forms.ValidationError as error:
            if error.code in TAKEN:
                ratelimit.consume(request, action="username_taken")
            raise
        return username


class SignUpForm(CountsTakenNames, allauth_forms.SignupForm):
    """A username, an email address and a password."""

    account_already_exists: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = gettext("Username")
        self.fields["username"].help_text = gettext("Your campaigns' managers see it. It is never in a dataset.")
        self.fields["email"].label = gettext("Email")
        self.fields["email"].help_text = gettext("For logging in and for resetting your password.")
        without_placeholders(self)

    def try_save(self, request: HttpRequest) -> Any:
        """Where the address must be confirmed and has an account, an account is made all the same, and taken back.

        So the answer takes as long as for any other address. What differs is the e-mail.
        """
        if self.account_already_exists:
            with transaction.atomic():
                self.account_already_exists = False
                self.save(request)
                transaction.set_rollback(True)
            self.account_already_exists = True
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError as error:  # somebody with the same name, or one that looks alike, at the same moment
            raise Conflict(gettext("This username is taken. Go back and choose another one.")) from error


class Labelled:
    """An allauth form with our label for the email field and without placeholders."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert isinstance(self, forms.Form)
        if "email" in self.fields:
            self.fields["email"].label = gettext("Email")
        without_placeholders(self)


class AddAddressForm(Labelled, allauth_forms.AddEmailForm):
    pass


class RevokesTokens(Labelled):
    """A form with a new password that also revokes the user's API tokens, if they have some and want it."""

    user: User | None
    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user is not None and self.user.tokens.usable(timezone.now()).exists():
            self.fields["revoke_tokens"] = forms.BooleanField(
                label=gettext("Also revoke my API tokens"),
                required=False,
                help_text=gettext("Programs that use them can no longer act as you."),
            )

    def save(self) -> None:
        super().save()  # type: ignore[misc]
        if self.cleaned_data.get("revoke_tokens") and self.user is not None:
            revoke_tokens(user=self.user, by=self.user)


class ChangePasswordForm(RevokesTokens, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(RevokesTokens, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordForm(Labelled, allauth_forms.ResetPasswordForm):
    """Nothing is looked up before the answer, so that neither its words nor its time tell who has an account."""

    def clean_email(self) -> str:
        email: str = get_adapter().clean_email(self.cleaned_data["email"].lower())
        return email

    def save(self, request: HttpRequest, **_: Any) -> str:
        run_after_answer(send_reset_mail, self.cleaned_data["email"], origin_of(request))
        email: str = self.cleaned_data["email"]
        return email


class ResetPasswordKeyForm(RevokesTokens, allauth_forms.ResetPasswordKeyForm):
    pass


class PasswordAgainForm(Labelled, allauth_forms.ReauthenticateForm):
    pass


class ProviderSignUpForm(CountsTakenNames, Labelled, socialaccount_forms.SignupForm):
    pass


def without_placeholders(form: forms.Form) -> None:
    """Each field has a label. A placeholder repeats it and disappears on typing."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
