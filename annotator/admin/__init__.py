"""The Django admin: every table to look at, and what staff may change, through the same verbs as everywhere.

Votes, assignments and what follows from them are read-only, and nothing is deleted that the database protects.
"""

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

from annotator.admin import campaigns, judging, material, people, quality, releases

__all__ = ["campaigns", "judging", "material", "people", "quality", "releases"]

# Providers and their secrets come from the environment alone, tokens of theirs are not kept, and addresses are people's own.
admin.site.unregister([EmailAddress, SocialAccount, SocialApp, SocialToken])
admin.site.site_header = "Diptych"
admin.site.site_title = "Diptych"
admin.site.index_title = "Administration"
# Where something may be deleted at all, it is one at a time, on its own page.
admin.site.disable_action("delete_selected")
