"""The e-mail with a link to set a new password."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import DisallowedHost

from annotator.accounts.reset_mail import origin_of, send_reset_mail
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_link_leads_to_where_the_site_was_asked(rf, settings):
    settings.ALLOWED_HOSTS = ["annotate.example.org"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    user = UserFactory()
    request = rf.post("/", headers={"Host": "annotate.example.org", "X-Forwarded-Proto": "https"})

    send_reset_mail(email=user.email, origin=origin_of(request))

    assert mail.outbox[0].to == [user.email]
    assert "https://annotate.example.org/account/password/reset/" in mail.outbox[0].body


def test_no_link_leads_to_a_host_that_is_not_this_site(rf):
    with pytest.raises(DisallowedHost):
        origin_of(rf.post("/", headers={"Host": "elsewhere.example"}))


def test_all_accounts_of_an_address_get_a_link_and_nobody_else(rf):
    origin = origin_of(rf.post("/"))
    for name in ("ana", "bert"):
        UserFactory(username=name, email="shared@example.org")
    UserFactory(username="closed", email="shared@example.org", is_active=False)

    send_reset_mail(email="shared@example.org", origin=origin)
    assert sorted(name for name in ("ana", "bert", "closed") if any(name in sent.body for sent in mail.outbox)) == ["ana", "bert"]

    mail.outbox.clear()
    send_reset_mail(email="never@example.org", origin=origin)
    assert "/password/reset/" not in mail.outbox[0].body.replace("/account/sign-up/", "")
