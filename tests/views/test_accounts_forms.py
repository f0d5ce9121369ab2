"""The forms of the account pages."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from annotator.views import accounts_forms
from annotator.views.accounts_forms import AddAddressForm, LogInForm, ResetPasswordForm, SignUpForm
from tests.factories import UserFactory

PASSWORD = "correct horse battery"


def log_in_form(**data: str) -> LogInForm:
    return LogInForm(data={"password": PASSWORD} | data, request=RequestFactory().post("/login/"))


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["ana", " ana ", "ana@example.org", "ANA@example.org"])
def test_somebody_logs_in_by_user_name_or_address_in_one_field(name):
    user = UserFactory(username="ana")

    form = log_in_form(username=name)

    assert form.is_valid(), form.errors
    assert form.user == user
    assert list(form.fields)[:2] == ["username", "password"]
    assert "login" not in form.fields


@pytest.mark.django_db
@pytest.mark.parametrize("data", [{"username": ""}, {"username": " "}, {"username": "ana", "password": ""}, {"login": "ana"}])
def test_an_incomplete_log_in_is_refused(data):
    UserFactory(username="ana")

    assert not log_in_form(**data).is_valid()


@pytest.mark.django_db
@pytest.mark.parametrize("form", [LogInForm, SignUpForm, AddAddressForm, ResetPasswordForm])
def test_every_field_has_a_label_and_no_placeholder(form):
    fields = form().fields.values()

    assert all(field.label for field in fields)
    assert not any("placeholder" in field.widget.attrs for field in fields)


def test_every_form_of_the_module_is_in_use(settings):
    used = {*settings.ACCOUNT_FORMS.values(), *settings.SOCIALACCOUNT_FORMS.values()}
    made = {
        f"{accounts_forms.__name__}.{name}"
        for name, value in vars(accounts_forms).items()
        if isinstance(value, type) and value.__module__ == accounts_forms.__name__ and name.endswith("Form")
    }

    assert made == used
