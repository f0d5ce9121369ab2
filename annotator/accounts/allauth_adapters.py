"""What django-allauth asks of this site: who may sign up, how often a log-in may fail, what is said."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy

from annotator.accounts import lockout
from annotator.accounts.devices import device_of, remember_device
from annotator.campaigns import invites
from annotator.errors import NotAllowed
from annotator.lib.client_address import address_of
from annotator.lib.languages import known_language
from annotator.models import User
from annotator.models.lookalikes import skeleton

SIGN_UP_BY = "invite"  # in the session: the id of the invite whose link was opened
QUIET = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}  # everybody sees that they are
NOBODYS_ADDRESS = "0.0.0.0"  # noqa: S104 - listened on nowhere
DO_NOT_FIT = gettext_lazy("Wrong username or password. Passwords are case-sensitive.")


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": DO_NOT_FIT,
        "email_password_mismatch": DO_NOT_FIT,
        "username_taken": gettext_lazy("This username is taken."),
        "username_looks_alike": gettext_lazy("This username looks like that of somebody else. Choose another one."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of whom it is for, where their account has one; else in that of the page that sends it."""
        language = known_language(getattr(context.get("user"), "language", "")) or get_language()
        with translation.override(language):
            super().send_mail(template_prefix, email, context)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """A language that was chosen before there was an account is kept with it."""
        user.language = known_language(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.OPEN_SIGN_UP or invites.may_sign_up(invite_id=request.session.get(SIGN_UP_BY))

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Also for names that are made up for people who come by a provider."""
        cleaned: str = super().clean_username(username, shallow)
        if User.objects.filter(name_skeleton=skeleton(cleaned)).exists():
            raise self.validation_error("username_looks_alike")
        return cleaned

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Every password goes through here: log-in, and the question for it before an account is changed."""
        name = credentials.get("username") or credentials.get("email") or ""
        try:
            attempt = lockout.begin_log_in(name=name, address=address_of(request), device=device_of(request, name))
        except NotAllowed as locked:
            self.error_messages = self.error_messages | {"too_many_login_attempts": locked.detail}
            raise self.validation_error("too_many_login_attempts") from locked
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            lockout.clear_attempt(attempt)
        return user

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse:
        response = super().post_login(request, user, **more)
        remember_device(request, response, user)
        return response

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        lockout.unlock(user.username, user.email)

    def get_client_ip(self, request: HttpRequest) -> str:
        """For the limits on e-mails and sign-ups, and the list of sessions. An unknown address is the proxy's, or nobody's."""
        found = (address_of(request) or request.META.get("REMOTE_ADDR") or "").partition("%")[0]
        try:
            return str(ip_address(found))
        except ValueError:  # such as a proxy on a Unix socket
            return NOBODYS_ADDRESS

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None, *rest: Any, **more: Any) -> None:
        if message_template not in QUIET:
            super().add_message(request, level, message_template, *rest, **more)


class ProviderAdapter(DefaultSocialAccountAdapter):
    """OpenID Connect providers. Whoever comes by one for the first time signs up, and may do so as anybody may."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """An address that has an account here stays that account's, whatever the provider says: it logs in and gets the mails."""
        for address in () if sociallogin.is_existing else sociallogin.email_addresses:
            address.verified = address.verified and not filter_users_by_email(address.email)
