"""Secrets of others that we must be able to use, kept so that the database alone does not tell them."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from annotator.errors import Conflict


class DecryptionFailed(Conflict):
    """What was encrypted cannot be opened: SECRET_KEY is another one than then, or the text was changed."""

    code = "seal_broken"


def encrypt(secret: str, *, purpose: str) -> str:
    """The secret, encrypted with a key that is made of SECRET_KEY for this purpose."""
    return _cipher(purpose).encrypt(secret.encode()).decode()


def decrypt(encrypted: str, *, purpose: str) -> str:
    """The secret again. Raises DecryptionFailed."""
    try:
        return _cipher(purpose).decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise DecryptionFailed("This value was encrypted with a different SECRET_KEY and cannot be read.") from error


def _cipher(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive_key(settings.SECRET_KEY, purpose)))


def derive_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes made of the secret, for this purpose alone."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"diptych {purpose}".encode()).derive(secret.encode())
