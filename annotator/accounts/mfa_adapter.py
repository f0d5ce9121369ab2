"""What django-allauth's second factors ask of this site: secrets are kept encrypted."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter

from annotator.lib import encryption

PURPOSE = "second factors"


class MfaAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        """The secret of an authenticator app, or of recovery codes: the database alone does not tell it."""
        return encryption.encrypt(text, purpose=PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text, purpose=PURPOSE)
