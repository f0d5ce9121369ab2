"""Signed parameters of crowd platforms."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from annotator.campaigns.platform_tokens import PROLIFIC_KEYS, PURPOSE, PlatformIds, check_key, fetch_keys, read_token
from annotator.errors import Conflict, Invalid, NotAllowed
from annotator.lib.encryption import encrypt

HOST = "annotate.example.org"
SECRET = "a secret of more than thirty-two characters"
RSA, EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
ANA = {
    "PROLIFIC_PID": "5f3e2d1c0b9a8f7e6d5c4b3a",
    "STUDY_ID": "64aa00112233",
    "SESSION_ID": "65bb00112233",
    "workspace_id": "ws-0001",
}
IDS = PlatformIds(ANA["PROLIFIC_PID"], ANA["STUDY_ID"], ANA["SESSION_ID"])


def pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_set(key: Any, kid: str) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if key is RSA else jwt.algorithms.ECAlgorithm
    public = json.loads(algorithm.to_jwk(key.public_key()))
    return {"keys": [public | {"kid": kid, "use": "sig", "alg": "RS256" if key is RSA else "ES256"}]}


def sign(key: Any, algorithm: str, *, kid: str | None = None, without: str = "", **changes: Any) -> str:
    claims = {"exp": int(time.time()) + 60, "aud": HOST, "prolific": ANA} | changes
    claims.pop(without, None)
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


def read(token: str, key: str, customer: str = "", keys: dict[str, Any] | None = None) -> PlatformIds:
    encrypted = encrypt(key, purpose=PURPOSE)
    return read_token(token, encrypted_key=encrypted, host=HOST, customer=customer, fetch=lambda url, key_id: keys or {})


def code_of(*arguments: Any, **named: Any) -> str:
    with pytest.raises(NotAllowed) as error:
        read(*arguments, **named)
    return error.value.code


def test_each_kind_of_key_opens_what_was_signed_with_it():
    assert read(sign(SECRET, "HS256"), SECRET) == IDS
    assert read(sign(RSA, "RS256"), pem(RSA)) == IDS
    assert read(sign(EC, "ES256"), pem(EC)) == IDS
    assert read(sign(EC, "ES256", kid="k1"), json.dumps(key_set(EC, "k1"))) == IDS
    assert read(sign(RSA, "RS256", kid="k1"), PROLIFIC_KEYS, keys=key_set(RSA, "k1")) == IDS


def test_names_may_stand_at_the_top_and_the_subject_is_the_participant():
    assert read(sign(SECRET, "HS256", without="prolific", **ANA), SECRET) == IDS
    assert read(sign(SECRET, "HS256", without="prolific", sub="somebody-01"), SECRET) == PlatformIds("somebody-01", "", "")


@pytest.mark.parametrize(
    ("token", "key"),
    [
        (lambda: sign("another secret of more than 32 characters", "HS256"), SECRET),
        (lambda: sign(None, "none"), SECRET),
        (lambda: sign(rsa.generate_private_key(65537, 2048), "RS256"), pem(RSA)),
        (lambda: sign(RSA, "RS512"), pem(RSA)),
        (lambda: sign(RSA, "RS256", kid="another"), json.dumps(key_set(RSA, "k1"))),
        (lambda: sign(RSA, "RS256"), json.dumps(key_set(RSA, "k1"))),
        (lambda: sign(SECRET, "HS256", without="exp"), SECRET),
        (lambda: "not.a.token", SECRET),
    ],
)
def test_another_signature_opens_nothing(token, key):
    assert code_of(token(), key) == "platform_token_invalid"


def test_a_public_key_is_no_shared_secret():
    """The oldest trick with such tokens: sign with the public key as the secret of HS256."""
    forged = jwt.api_jws.PyJWS().encode(b'{"exp": 99999999999}', b"x" * 32, "HS256")

    assert code_of(forged, pem(RSA)) == "platform_token_invalid"


def test_what_is_old_or_for_others_opens_nothing():
    assert code_of(sign(SECRET, "HS256", exp=int(time.time()) - 3600), SECRET) == "platform_token_expired"
    assert code_of(sign(SECRET, "HS256", aud="elsewhere.example"), SECRET) == "platform_token_audience"
    assert code_of(sign(RSA, "RS256", kid="k", without="aud"), PROLIFIC_KEYS, keys=key_set(RSA, "k")) == "platform_token_audience"
    assert code_of(sign(SECRET, "HS256"), SECRET, customer="another-study") == "platform_token_study"


@pytest.mark.parametrize("aud", [HOST, f"https://{HOST}", f"https://{HOST}/join/x/", ["other", HOST]])
def test_a_site_is_named_by_its_host_or_an_address_on_it(aud):
    assert read(sign(SECRET, "HS256", aud=aud), SECRET, customer="ws-0001") == IDS
    assert read(sign(SECRET, "HS256", without="aud"), SECRET, customer=ANA["STUDY_ID"]) == IDS


@pytest.mark.parametrize("key", [SECRET, pem(RSA), pem(EC), json.dumps(key_set(RSA, "k")), PROLIFIC_KEYS])
def test_a_key_that_can_be_used_is_taken(key):
    check_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "short",
        "https://",
        "https://user:pass@keys.example.org/",
        "{}",
        '{"keys": []}',
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        pem(rsa.generate_private_key(65537, 1024)),
        pem(ec.generate_private_key(ec.SECP384R1())),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_with_a_reason(key):
    with pytest.raises(Invalid) as error:
        check_key(key)

    assert len(error.value.detail) > 20


@pytest.mark.parametrize("url", ["https://127.0.0.1/jwks.json", "https://nowhere.invalid/jwks.json"])
def test_keys_are_fetched_from_public_addresses_alone(url):
    with pytest.raises(Conflict) as error:
        fetch_keys(url, "k1")

    assert error.value.code == "platform_keys_away"
