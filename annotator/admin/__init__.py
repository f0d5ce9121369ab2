"""The Django admin: all tables to view, and what staff may change, through the same functions as everywhere.

Votes, assignments and results are read-only, and rows that the database protects cannot be deleted.
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin

from annotator.admin import campaigns, judging, material, people, quality, releases

__all__ = ["campaigns", "judging", "material", "people", "quality", "releases"]

# Providers and their secrets come from the environment alone, tokens of theirs are not kept, and addresses and second factors are
# people's own.
admin.site.unregister([Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken, UserSession])
admin.site.site_header = "Diptych"
admin.site.site_title = "Diptych"
admin.site.index_title = "Administration"
# Rows that may be deleted are deleted one at a time, on their own page.
admin.site.disable_action("delete_selected")
