"""Secrets of others are kept encrypted."""

from __future__ import annotations

import pytest

from annotator.lib.encryption import DecryptionFailed, decrypt, encrypt


@pytest.mark.parametrize("secret", ["", "hf_token", "Schlüssel 🔑", "x" * 10_000])
def test_a_secret_is_read_again_and_never_looks_the_same(secret):
    one, other = encrypt(secret, purpose="tests"), encrypt(secret, purpose="tests")

    assert decrypt(one, purpose="tests") == decrypt(other, purpose="tests") == secret
    assert one != other
    assert not secret or secret not in one


def test_a_secret_of_one_purpose_is_none_of_another():
    with pytest.raises(DecryptionFailed):
        decrypt(encrypt("secret", purpose="webhooks"), purpose="hub")


def test_another_secret_key_reads_nothing(settings):
    encrypted = encrypt("secret", purpose="tests")
    settings.SECRET_KEY = "another one"

    with pytest.raises(DecryptionFailed):
        decrypt(encrypted, purpose="tests")


@pytest.mark.parametrize("change", [lambda text: text[:-2] + "AA", lambda text: text[:20], lambda text: "", lambda text: "é"])
def test_a_changed_text_is_not_read(change):
    with pytest.raises(DecryptionFailed):
        decrypt(change(encrypt("secret", purpose="tests")), purpose="tests")
