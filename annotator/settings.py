"""The settings: one file, filled from the environment alone. docs/operators.md lists the variables."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from annotator import embedded
from annotator.environment import read_bool, read_int, read_list, read_path, read_str, read_url

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
DATABASE_URL = read_url("DATABASE_URL", "postgres", "postgresql")
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


def read_database() -> dict[str, Any]:
    if DATABASE_URL:
        config: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL))
    else:
        parameters = embedded.Postgres(DATA_DIR).connection_parameters()
        config = {
            "HOST": parameters["host"],
            "USER": parameters["user"],
            "NAME": parameters["dbname"],
        }
    config["ENGINE"] = "annotator.postgres"
    options = config.setdefault("OPTIONS", {})
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
        socket = embedded.Valkey(DATA_DIR).socket
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


def read_storage() -> dict[str, Any]:
    parts = urlsplit(STORAGE_URL)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise ImproperlyConfigured("STORAGE_URL=s3://… names no bucket. Use s3://bucket or s3://bucket/folder.")
        options: dict[str, Any] = {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "file_overwrite": True,
            "default_acl": None,
            "querystring_auth": True,
        }
        if endpoint := read_str("AWS_ENDPOINT_URL"):
            options["endpoint_url"] = endpoint
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    if parts.scheme not in ("", "file"):
        raise ImproperlyConfigured(f"STORAGE_URL={STORAGE_URL!r}: use a folder, or s3://bucket/folder.")
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(Path(parts.path).expanduser().resolve()), "allow_overwrite": True},
    }


def read_send_files() -> str:
    """Who sends the bytes of stored files to clients: `app` (the web process itself), `proxy` or `store`."""
    sender, needed = read_str("SEND_FILES", "app"), {"app": "", "proxy": "a folder", "store": "an S3 bucket"}
    if sender not in needed:
        raise ImproperlyConfigured(f"SEND_FILES={sender!r}: use app, proxy or store.")
    is_bucket = urlsplit(STORAGE_URL).scheme == "s3"
    if sender != "app" and is_bucket != (sender == "store"):
        raise ImproperlyConfigured(f"SEND_FILES={sender} needs {needed[sender]} as STORAGE_URL. Use app, or change one of them.")
    return sender


SEND_FILES = read_send_files()

STORAGES = {
    "default": read_storage(),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_URL = "static/"
STATIC_ROOT = read_path("STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_AUTOREFRESH = DEBUG

# --- the application
ROOT_URLCONF = "annotator.urls"
WSGI_APPLICATION = "annotator.wsgi.application"
INSTALLED_APPS = [
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
]
MIDDLEWARE = [
    "annotator.views.observing.ObservingMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Pages are closed unless a view says otherwise.
    "annotator.views.accounts.LogInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "annotator.views.refusals.RefusalMiddleware",
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
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
# Files below this size arrive in memory, larger ones in a temporary file; JSON bodies are never larger than the second.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

# --- people
AUTH_USER_MODEL = "annotator.User"
AUTHENTICATION_BACKENDS = ["annotator.backends.PasswordBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "campaigns"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- safety
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
# Read from the cache, kept in the database: a wiped or absent cache costs a query, never a log-in.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked inside the machine, where nobody speaks HTTPS
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
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- background work
CELERY_TASK_ACKS_LATE = True  # a task whose worker dies runs again; every task is safe to run twice
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
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
    "max_retries": 0,  # whoever sends a task is told at once that the broker is away, not after seconds; workers go on trying
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_TIMEZONE = "UTC"

# --- the API
HUB_NAMESPACE = read_str("HUB_NAMESPACE", "diptych")
HUB_URL = (read_url("HUB_URL", "http", "https") or "https://huggingface.co").rstrip("/")  # where releases are published to
API_UPLOAD_LIMIT = read_int("UPLOAD_LIMIT_MB", 4096, low=1, high=1024 * 1024) * 1024 * 1024  # bytes of one import
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NewestFirst",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is a 405 like any other method that is not there
    "EXCEPTION_HANDLER": "api.errors.answer",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Diptych",
    "DESCRIPTION": (
        "Human preferences over generated images: campaigns, imports, assignments, votes, releases. "
        "Every request but the one for this document carries `Authorization: Bearer …`; a token acts as its user, within its "
        "scopes. Lists are `{next, previous, results}` by cursor. Times are UTC."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
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

# --- what operators see
METRICS_TOKEN = read_str("METRICS_TOKEN")
METRICS_PORT = read_int("METRICS_PORT", 0, low=1, high=65535)  # of a worker
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "annotator.logs.Context"}},
    "formatters": {"lines": {"()": "annotator.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["context"]}},
    "root": {"handlers": ["stderr"], "level": read_str("LOG_LEVEL", "INFO").upper()},
    "loggers": {"django.server": {"propagate": True}, "httpx": {"level": "WARNING"}, "httpx2": {"level": "WARNING"}},
}
