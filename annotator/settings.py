"""The settings: one file, filled from the environment alone. docs/operators.md lists the variables."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from annotator.lib import logs
from annotator.lib.env import read_bool, read_int, read_list, read_networks, read_path, read_postgres_url, read_str, read_url
from annotator.lib.request_body import LIMIT
from annotator.local.embedded_servers import Postgres, Valkey

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = read_path("DATA_DIR", BASE_DIR / "var")
DEBUG = read_bool("DEBUG", default=False)
HOST = read_str("HOST", "127.0.0.1")
PORT = read_int("PORT", 8000, low=1, high=65535)

# --- who may ask, and how
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS", LOOPBACK_HOSTS)
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS", [])
# A site that others can reach is behind HTTPS unless somebody says HTTPS=0; one on this machine alone is not.
HTTPS = read_bool("HTTPS", default=not DEBUG and not set(ALLOWED_HOSTS) <= set(LOOPBACK_HOSTS))

# --- the servers: given, or embedded in DATA_DIR
DATABASE_URL = read_str("DATABASE_URL")
REDIS_URL = read_url("REDIS_URL", "redis", "rediss", "redis+socket", "unix")
EMBEDDED_SERVERS = [name for name, url in [("postgres", DATABASE_URL), ("valkey", REDIS_URL)] if not url]


def read_secret_key() -> str:
    """From the environment. A site for this machine alone, or on its embedded database, makes one and keeps it in DATA_DIR."""
    key = read_str("SECRET_KEY")
    if key:
        return key
    if DATABASE_URL and not set(ALLOWED_HOSTS) <= set(LOOPBACK_HOSTS):
        raise ImproperlyConfigured("Set SECRET_KEY to a long random string, the same on every process that shares DATABASE_URL.")
    file = DATA_DIR / "secret_key"
    try:
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            with NamedTemporaryFile("w", dir=DATA_DIR) as fresh:  # which only its owner can read
                fresh.write(secrets.token_urlsafe(64))
                fresh.flush()
                with suppress(FileExistsError):  # of two processes that start at once, one comes first
                    os.link(fresh.name, file)
        return file.read_text()
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR={str(DATA_DIR)!r} cannot be used: {error.strerror}.") from error


SECRET_KEY = read_secret_key()

# Django's names of what libpq calls otherwise.
DATABASE_PARAMETERS = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
# Of several servers only the primary is of use, and one that is gone without a word has to be noticed within seconds.
FAILOVER_PARAMETERS = {
    "target_session_attrs": "read-write",
    "connect_timeout": "3",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def read_database() -> dict[str, Any]:
    parameters = read_postgres_url("DATABASE_URL") if DATABASE_URL else Postgres(DATA_DIR).connection_parameters()
    config: dict[str, Any] = {name: parameters.pop(key, "") for name, key in DATABASE_PARAMETERS.items()}
    if "," in config["HOST"]:
        parameters = FAILOVER_PARAMETERS | parameters
    config["ENGINE"] = "annotator.lib.postgres"
    options: dict[str, Any] = dict(parameters)
    config["OPTIONS"] = options
    if read_bool("DATABASE_PREPARE", default=True):
        options["prepare_threshold"] = 0
    if read_bool("DATABASE_POOL", default=False):
        options["pool"] = {"min_size": 1, "max_size": read_int("DATABASE_POOL_SIZE", 8, low=1, high=200), "timeout": 20}
        config["CONN_MAX_AGE"] = 0
    else:
        config["CONN_MAX_AGE"] = 60
    # A connection that died with its server is replaced, and not found out by somebody's vote.
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": read_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def read_broker_and_cache() -> tuple[str, str]:
    """The same server in the spelling of the broker's library and of the cache's."""
    if not REDIS_URL:
        socket = Valkey(DATA_DIR).socket
        return f"redis+socket://{socket}", f"unix://{socket}"
    parts = urlsplit(REDIS_URL)
    if parts.scheme in ("unix", "redis+socket"):
        query = parse_qs(parts.query)
        number = (query.get("db") or query.get("virtual_host") or ["0"])[0]
        return f"redis+socket://{parts.path}?virtual_host={number}", f"unix://{parts.path}?db={number}"
    return REDIS_URL, REDIS_URL


CELERY_BROKER_URL, CACHE_URL = read_broker_and_cache()
# A cache that is away is a cache that knows nothing: no error, and no waiting for it to come back.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "diptych",
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            # One more try on a fresh connection: the pooled ones are all dead after the server was restarted.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 1)},
        },
    },
}

# --- storage: images and releases, in a folder or an S3 bucket
STORAGE_URL = read_str("STORAGE_URL", str(DATA_DIR / "storage"))

# With less than this left on a disk, what writes much waits: imports, images, releases. Votes go on.
DISK_RESERVE_BYTES = read_int("DISK_RESERVE_MB", 200, low=0, high=1_000_000_000) * 1_000_000


def read_storage() -> dict[str, Any]:
    parts = urlsplit(STORAGE_URL)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise ImproperlyConfigured("STORAGE_URL=s3://… has no bucket. Use s3://bucket or s3://bucket/folder.")
        options: dict[str, Any] = {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "file_overwrite": True,
            "default_acl": None,
            "querystring_auth": True,
            # Of the addresses that clients are sent to (SEND_FILES=store). The library's own choice is an older signature, which
            # other stores than Amazon's refuse.
            "signature_version": "s3v4",
        }
        if endpoint := read_str("AWS_ENDPOINT_URL"):
            options["endpoint_url"] = endpoint
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    if parts.scheme not in ("", "file"):
        raise ImproperlyConfigured(f"STORAGE_URL={STORAGE_URL!r} is not valid. Use a folder or s3://bucket/folder.")
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(Path(parts.path).expanduser().resolve()), "allow_overwrite": True},
    }


def read_send_files() -> str:
    """Who sends the bytes of stored files to clients: `app` (the web process itself), `proxy` or `store`."""
    sender, needed = read_str("SEND_FILES", "app"), {"app": "", "proxy": "a folder", "store": "an S3 bucket"}
    if sender not in needed:
        raise ImproperlyConfigured(f"SEND_FILES={sender!r} is not valid. Use app, proxy or store.")
    is_bucket = urlsplit(STORAGE_URL).scheme == "s3"
    if sender != "app" and is_bucket != (sender == "store"):
        raise ImproperlyConfigured(
            f"SEND_FILES={sender} needs {needed[sender]} as STORAGE_URL. Change one of them, or use SEND_FILES=app."
        )
    return sender


SEND_FILES = read_send_files()


def read_cdn() -> tuple[str, str, str]:
    """Where browsers get images from, the secret that signs their cookies, and the domain of these. Empty: from this site."""
    url, secret, domain = read_str("CDN_URL").rstrip("/"), read_str("CDN_SECRET"), read_str("CDN_COOKIE_DOMAIN").lstrip(".")
    if not url:
        return "", "", ""
    parts = urlsplit(url)
    if not (parts.scheme in ("http", "https") and parts.hostname) and not (url.startswith("/") and not parts.netloc):
        raise ImproperlyConfigured(
            f"CDN_URL={url!r} is not valid. Use https://images.example.org or a path of this site, like /cdn."
        )
    if len(secret) < CDN_SECRET_MIN or not secret.isascii() or not secret.isalnum():
        raise ImproperlyConfigured(f"CDN_URL needs a CDN_SECRET of at least {CDN_SECRET_MIN} letters and digits.")
    if parts.hostname and not f".{parts.hostname}".endswith(f".{domain or '?'}"):
        raise ImproperlyConfigured(
            "CDN_URL needs CDN_COOKIE_DOMAIN: the domain that this site and the CDN share, like example.org."
        )
    return url, secret, domain


CDN_SECRET_MIN = 32
CDN_URL, CDN_SECRET, CDN_COOKIE_DOMAIN = read_cdn()


def read_image_origins() -> list[str]:
    """Where pages may have images from, beside this site: the CDN, and with SEND_FILES=store the bucket."""
    cdn = urlsplit(CDN_URL)
    return ([f"{cdn.scheme}://{cdn.netloc}"] if cdn.netloc else []) + read_bucket_origins()


def read_bucket_origins() -> list[str]:
    bucket, endpoint = urlsplit(STORAGE_URL).netloc, urlsplit(read_str("AWS_ENDPOINT_URL"))
    if SEND_FILES != "store":
        return []
    if endpoint.netloc:
        return [f"{endpoint.scheme}://{endpoint.netloc}", f"{endpoint.scheme}://{bucket}.{endpoint.netloc}"]
    region = read_str("AWS_DEFAULT_REGION")
    return [f"https://{bucket}.s3.amazonaws.com"] + ([f"https://{bucket}.s3.{region}.amazonaws.com"] if region else [])


IMAGE_ORIGINS = read_image_origins()
STORAGES = {
    "default": read_storage(),
    "staticfiles": {"BACKEND": "annotator.lib.static_modules.ModulesStorage"},
}
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_URL = "static/"
STATIC_ROOT = read_path("STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = ["annotator.lib.static_parts.PartsFinder", "django.contrib.staticfiles.finders.AppDirectoriesFinder"]
STATIC_JOINED = DATA_DIR / "static-joined"
# Files that are written in parts, which are joined in this order: those of css/base.css stand in static/css/base/.
STATIC_PARTS = {
    "css/base.css": (
        "tokens",
        "elements",
        "bar",
        "page",
        "buttons",
        "forms",
        "notices",
        "state",
        "account",
        "prose",
        "utilities",
    ),
    "css/annotate.css": (
        *("layout", "pair", "prompt", "views", "choices", "questions", "tools", "states"),
        *("bar", "guideline", "help", "narrow", "notice"),
    ),
    "css/manage.css": (
        *("components", "frame", "palette", "page", "campaign", "stats", "charts", "figures", "tables", "forms"),
        *("../annotate/pair", "pairs", "invites", "statistics", "review"),
    ),
}
# The cascade layer of each part, in the order of the layers: what stands in a later one wins, however long its selector is. The
# styles of the annotation page are in none, and win over all.
STATIC_LAYERS = {
    "tokens": ("css/base/tokens",),
    "elements": ("css/base/elements",),
    "components": ("css/base/", "css/manage/components"),
    "pages": ("css/manage/",),
    "utilities": ("css/base/utilities",),
}
WHITENOISE_AUTOREFRESH = DEBUG

# --- the application
ROOT_URLCONF = "annotator.urls"
# --- the web server
WEB_THREADS = read_int("WEB_THREADS", 4, low=1, high=1000)  # of each process
# Of each process: imports that are received at once. Each has a thread and a connection to the database of its own.
UPLOADS_AT_ONCE = 8
# Seconds that a client may send nothing of its request, or take nothing of its answer, before its connection is closed.
SLOW_CLIENT_SECONDS = read_int("SLOW_CLIENT_SECONDS", 30, low=1, high=3600)
# The paths of the only views that read a body larger than lib.request_body.LIMIT, each after it has checked who sends it.
# deploy/nginx.conf has the same.
LONG_BODIES = re.compile(r"/(manage|api/v1/campaigns)/[^/]+/imports/")
INSTALLED_APPS = [
    # Before ours, which takes what it keeps of secrets out of the administration again.
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "annotator",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "django_structlog",
]
MIDDLEWARE = [
    "annotator.views.middleware.request_log.ObservingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "annotator.views.middleware.https_only.ProgramsOverHttps",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "annotator.views.middleware.language.LanguageMiddleware",
    # Pages are closed unless a view says otherwise.
    "annotator.views.middleware.log_in_first.LogInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "annotator.views.middleware.require_mfa.RequireMfa",
    "annotator.views.middleware.domain_errors.DomainErrorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# --- languages: each by its own name; what is translated, and how, is in docs/contributors.md, "Languages"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("zh-hans", "简体中文"),
    ("ja", "日本語"),
    ("ar", "العربية"),
]
# In which of them managers' pages are whole: elsewhere half a page would be English, and the other half from right to left.
MANAGER_LANGUAGES = ["en"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
# A form is never written to disk: imports go straight to storage (importing.receive_upload), and nothing else has files.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE = LIMIT

# --- people
AUTH_USER_MODEL = "annotator.User"
AUTHENTICATION_BACKENDS = ["annotator.accounts.auth_backend.PasswordBackend"]  # by user name or e-mail address
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "campaigns"
LOGOUT_REDIRECT_URL = "login"
OPEN_SIGN_UP = read_bool("OPEN_SIGN_UP", default=False)
# Proxies in front, each of which adds to X-Forwarded-For. With none, that header is whatever somebody chose to send.
TRUSTED_PROXIES = read_int("TRUSTED_PROXIES", 0, low=0, high=10)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
ACCOUNT_ADAPTER = "annotator.accounts.allauth_adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "annotator.views.accounts_forms.LogInForm",
    "signup": "annotator.views.accounts_forms.SignUpForm",
    "add_email": "annotator.views.accounts_forms.AddAddressForm",
    "change_password": "annotator.views.accounts_forms.ChangePasswordForm",
    "set_password": "annotator.views.accounts_forms.SetPasswordForm",
    "reset_password": "annotator.views.accounts_forms.ResetPasswordForm",
    "reset_password_from_key": "annotator.views.accounts_forms.ResetPasswordKeyForm",
    "reauthenticate": "annotator.views.accounts_forms.PasswordAgainForm",
}
SOCIALACCOUNT_FORMS = {"signup": "annotator.views.accounts_forms.ProviderSignUpForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
# With an address that has an account already, people sign up as with any other, and get a second one.
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Diptych] "
# Log-ins are counted in Postgres (accounts.lockout), so that a cache that is away or wiped neither stops nor frees anybody.
# There a proxy's address does not count as somebody's; here it would, for all who sign up on the same morning.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "signup": "200/m/ip", "username_taken": "60/h/ip"}
# Second factors: an authenticator app, passkeys and security keys, and codes for those who lost both.
MFA_ADAPTER = "annotator.accounts.mfa_adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # most sites ask nobody to confirm an address
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # which browsers do for localhost alone
MFA_TOTP_ISSUER = "Diptych"
MFA_TOTP_TOLERANCE = 1  # a code is good for half a minute longer, for slow people and slow clocks
MFA_FORMS = {
    "authenticate": "annotator.views.mfa_forms.CodeForm",
    "reauthenticate": "annotator.views.mfa_forms.CodeAgainForm",
    "activate_totp": "annotator.views.mfa_forms.ActivateAppForm",
    "authenticate_webauthn": "annotator.views.mfa_forms.PasskeyForm",
    "reauthenticate_webauthn": "annotator.views.mfa_forms.PasskeyAgainForm",
    "login_webauthn": "annotator.views.mfa_forms.PasskeyLogInForm",
    "add_webauthn": "annotator.views.mfa_forms.AddPasskeyForm",
}
REQUIRE_MFA_FOR_MANAGERS = read_bool("REQUIRE_MFA_FOR_MANAGERS", default=False)
SOCIALACCOUNT_ADAPTER = "annotator.accounts.allauth_adapters.ProviderAdapter"


def read_email_verification() -> str:
    word = read_str("EMAIL_VERIFICATION", "none")
    if word not in ("none", "optional", "mandatory"):
        raise ImproperlyConfigured(f"EMAIL_VERIFICATION={word!r} is not valid. Use none, optional or mandatory.")
    if word == "mandatory" and not read_str("EMAIL_URL"):
        raise ImproperlyConfigured("EMAIL_VERIFICATION=mandatory needs EMAIL_URL, because without it no e-mail is sent.")
    return word


ACCOUNT_EMAIL_VERIFICATION = read_email_verification()


def read_oidc_providers() -> list[dict[str, Any]]:
    """The OpenID Connect providers of OIDC_PROVIDERS, as django-allauth wants them."""
    raw = read_str("OIDC_PROVIDERS", "[]")
    try:
        providers = json.loads(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"OIDC_PROVIDERS is not valid JSON: {error}.") from error
    if not isinstance(providers, list) or not all(isinstance(provider, dict) for provider in providers):
        raise ImproperlyConfigured('OIDC_PROVIDERS must be a JSON list of objects: [{"id": …, "url": …, "client_id": …}].')
    apps = [read_oidc_provider(number, provider) for number, provider in enumerate(providers, start=1)]
    if len({app["provider_id"] for app in apps}) < len(apps):
        raise ImproperlyConfigured("OIDC_PROVIDERS has two providers with the same id.")
    return apps


def read_oidc_provider(number: int, provider: dict[str, Any]) -> dict[str, Any]:
    which = f"Provider {number} of OIDC_PROVIDERS"
    known = {"id", "name", "url", "client_id", "client_secret", "scopes", "token_auth_method"}
    if unknown := sorted(provider.keys() - known):
        raise ImproperlyConfigured(f"{which} has unknown keys: {', '.join(unknown)}. Use {', '.join(sorted(known))}.")
    for name in ("id", "url", "client_id"):
        if not isinstance(provider.get(name), str) or not provider[name]:
            raise ImproperlyConfigured(f"{which} needs a string {name!r}.")
    if not re.fullmatch(r"[a-z0-9-]{1,40}", provider["id"]):
        raise ImproperlyConfigured(f"{which}: use only lower-case letters, digits and dashes in id. It is part of a URL.")
    parts = urlsplit(provider["url"])
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")):
        raise ImproperlyConfigured(f"{which}: url must start with https://.")
    scopes = provider.get("scopes", ["openid", "profile", "email"])
    if not isinstance(scopes, list) or "openid" not in scopes:
        raise ImproperlyConfigured(f'{which}: scopes must be a list that contains "openid".')
    method = provider.get("token_auth_method")
    if method not in (None, "client_secret_basic", "client_secret_post"):
        raise ImproperlyConfigured(f"{which}: token_auth_method must be client_secret_basic or client_secret_post.")
    return {
        "provider_id": provider["id"],
        "name": provider.get("name", provider["id"]),
        "client_id": provider["client_id"],
        "secret": provider.get("client_secret", ""),
        "settings": {
            "server_url": provider["url"].rstrip("/"),
            "scope": scopes,
            "oauth_pkce_enabled": True,
            "token_auth_method": method,
        },
    }


SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": read_oidc_providers()}}


# --- e-mail: by EMAIL_URL; without one to files that only their owner can read (manage.py show_mails)
EMAIL_URL = urlsplit(read_url("EMAIL_URL", "smtp", "smtps"))
if EMAIL_URL.scheme and not EMAIL_URL.hostname:
    raise ImproperlyConfigured("EMAIL_URL has no host. Use smtp://user:password@host:587 or smtps://user:password@host:465.")
EMAIL_REACHES_PEOPLE = bool(EMAIL_URL.scheme)
EMAIL_BACKEND = f"{'django.core.mail.backends.smtp' if EMAIL_REACHES_PEOPLE else 'annotator.lib.mail_files'}.EmailBackend"
EMAIL_HOST = EMAIL_URL.hostname or "localhost"
EMAIL_USE_SSL = EMAIL_URL.scheme == "smtps"
EMAIL_PORT = EMAIL_URL.port or (465 if EMAIL_USE_SSL else 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(EMAIL_URL.username or ""), unquote(EMAIL_URL.password or "")
EMAIL_USE_TLS = not EMAIL_USE_SSL and bool(EMAIL_HOST_USER)  # a password never travels in the clear
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read_str("EMAIL_FROM", "Diptych <diptych@localhost>")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},  # Django's own list of twenty thousand
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "annotator.accounts.password_words.ContextWordsValidator"},
]

# --- safety
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
# With this prefix, browsers take a cookie from this very host over HTTPS alone: no other host of the domain can set one for it.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_FAILURE_VIEW = "annotator.views.middleware.domain_errors.refuse_without_token"
DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}device"  # annotator.accounts.devices
LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_SECURE = f"{COOKIE_PREFIX}language", HTTPS  # annotator.lib.languages
# A session ends so long after its last use, and so long after it began, however much it is used. That it is in use is noted once
# a day (annotator.views.middleware.log_in_first), not per vote.
SESSION_END_SECONDS = read_int("SESSION_DAYS_MAX", 30, low=2, high=3650) * 24 * 3600
SESSION_COOKIE_AGE = min(read_int("SESSION_DAYS", 14, low=2, high=365) * 24 * 3600, SESSION_END_SECONDS)
# Read from the cache, kept in the database: a wiped or absent cache costs a query, never a log-in.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SECURE_SSL_REDIRECT = HTTPS
# The first are asked inside the machine, where nobody speaks HTTPS. Programs are refused (ProgramsOverHttps).
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$", r"^(api|hub)/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *IMAGE_ORIGINS],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # No text becomes a script or the address of one. HTML goes through the one policy of static/js/trusted_types.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
    }
}
# What no page uses, so that no script in one can ask for it.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope"),
        *("magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking"),
    )
}
# Whom to tell of a weakness, in /.well-known/security.txt.
SECURITY_CONTACT = read_str("SECURITY_CONTACT")
if SECURITY_CONTACT and not SECURITY_CONTACT.startswith(("mailto:", "https://", "tel:")):
    raise ImproperlyConfigured("SECURITY_CONTACT must start with mailto:, https:// or tel:. Example: mailto:security@example.org")

# --- background work
CELERY_TASK_ACKS_LATE = True  # a task whose worker dies runs again; every task is safe to run twice
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = 1000  # a task finds the connection of the one before; lib/kept_connections.py looks after it
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SOFT_TIME_LIMIT = 30 * 60
CELERY_TASK_TIME_LIMIT = 35 * 60
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "max_retries": 0,  # a sender fails at once when the broker is down, not after seconds; workers keep trying
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# kB. A process of the pool that needed more, for a release or statistics, is replaced by one that is small again.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000
CELERY_BEAT_SCHEDULER = "annotator.lib.beat.SteadyScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_TIMEZONE = "UTC"

# --- the API
HUB_NAMESPACE = read_str("HUB_NAMESPACE", "diptych")
HUB_URL = (read_url("HUB_URL", "http", "https") or "https://huggingface.co").rstrip("/")  # where releases are published to
API_UPLOAD_LIMIT = read_int("UPLOAD_LIMIT_MB", 4096, low=1, high=1024 * 1024) * 1024 * 1024  # bytes of one import
# Bytes of all imports of one campaign over HTTP that did not fail; 0 is no limit.
IMPORT_QUOTA = read_int("IMPORT_QUOTA_MB", 102_400, low=0, high=1024 * 1024 * 1024) * 1024 * 1024
# Requests a minute, of one token and of one address; 0 is no limit. Counted in the cache, which all web processes share.
API_RATE_TOKEN = read_int("API_RATE_TOKEN", 12_000, low=0, high=10_000_000)
API_RATE_ADDRESS = read_int("API_RATE_ADDRESS", 30_000, low=0, high=10_000_000)
# A file or an image is decoded in a child process with this much memory (on top of the program) and processor time per image.
IMPORT_MEMORY = read_int("IMPORT_MEMORY_MB", 1536, low=256, high=1024 * 1024) * 1024 * 1024
IMPORT_CPU_SECONDS = read_int("IMPORT_CPU_SECONDS", 60, low=5, high=3600)
# Webhooks go out to the internet, and to these networks of the operator's own, there also without TLS. Managers can have whatever
# listens there knocked at.
WEBHOOK_NETWORKS = read_networks("WEBHOOK_NETWORKS")
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NewestFirst",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is a 405, like every unsupported method
    "EXCEPTION_HANDLER": "api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Diptych",
    "DESCRIPTION": (
        "Human preferences over generated images: campaigns, imports, assignments, votes, releases. "
        "Send `Authorization: Bearer …` with every request except the one for this document. A token acts as its user, within "
        "its scopes. Lists are `{next, previous, results}` with cursors. Times are in UTC."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {"assignment": int},
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "CampaignState": "annotator.choices.CampaignState",
        "MemberState": "annotator.choices.MemberState",
        "AssignmentState": "annotator.choices.AssignmentState",
        "ImportState": "annotator.choices.ImportState",
        "ReleaseState": "annotator.choices.ReleaseState",
        "Choice": "annotator.choices.Choice",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "api.schema.complete"],
}

# New members within an hour, by one invite link and from one address; 0 is no limit.
JOIN_RATE_LINK = read_int("JOIN_RATE_LINK", 1000, low=0, high=10_000_000)
JOIN_RATE_ADDRESS = read_int("JOIN_RATE_ADDRESS", 100, low=0, high=10_000_000)

# --- what operators see
METRICS_TOKEN = read_str("METRICS_TOKEN")
METRICS_PORT = read_int("METRICS_PORT", 0, low=1, high=65535)  # of a worker
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "annotator.lib.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": read_str("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django.server": {"propagate": True},
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "celery.app.trace": {"level": "CRITICAL"},  # how tasks end is in the lines of django-structlog
    },
}
logs.configure()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = DJANGO_STRUCTLOG_STATUS_5XX_LOG_LEVEL = logging.INFO  # Django logs what went wrong
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # or it would ask the database who it is, for views that need not know
