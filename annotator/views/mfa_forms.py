"""The forms of the pages about second factors."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotator.accounts import lockout
from annotator.accounts.devices import device_of
from annotator.errors import NotAllowed
from annotator.views.accounts_forms import without_placeholders


class CountedCode:
    """A form with a code of an authenticator app or a recovery code: wrong ones are counted as wrong passwords are.

    Not per address: who comes to this form knows the password, so that strangers cannot make the owner wait.
    """

    user: Any
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert isinstance(self, forms.Form)
        without_placeholders(self)

    def clean_code(self) -> str:
        device = device_of(context.request, self.user.username)
        try:
            attempt = lockout.begin_log_in(name=f"second factor of {self.user.pk}", device=device, can_reset=False)
        except NotAllowed as locked:
            raise forms.ValidationError(locked.detail) from locked
        code: str = super().clean_code()  # type: ignore[misc]
        lockout.clear_attempt(attempt)
        return code


class CodeForm(CountedCode, code_forms.AuthenticateForm):
    pass


class CodeAgainForm(CountedCode, code_forms.ReauthenticateForm):
    pass


class ActivateAppForm(CountedCode, totp_forms.ActivateTOTPForm):
    pass


# What the readers of a browser's answer raise where it has another shape, beside what allauth expects.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
NO_ANSWER = gettext_lazy("This is no valid answer of a passkey. Try again.")


class CheckedPasskey:
    """A form with a browser's answer, which anybody may have written."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except MALFORMED as error:
            raise forms.ValidationError(NO_ANSWER) from error


class PasskeyForm(CheckedPasskey, passkey_forms.AuthenticateWebAuthnForm):
    pass


class PasskeyAgainForm(CheckedPasskey, passkey_forms.ReauthenticateWebAuthnForm):
    pass


class PasskeyLogInForm(CheckedPasskey, passkey_forms.LoginWebAuthnForm):
    pass


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = gettext("Helps you tell your passkeys apart.")
        self.fields["passwordless"].label = gettext("Log in without a password")
        self.fields["passwordless"].help_text = gettext("The device then asks for a fingerprint, your face or a PIN.")

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except MALFORMED as error:
            raise forms.ValidationError(NO_ANSWER) from error
        return cleaned
