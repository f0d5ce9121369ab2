"""Static files whose scripts import each other by the hashed names under which they are served."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class ModulesStorage(CompressedManifestStaticFilesStorage):
    """Modules in a circle of imports cannot have hashes: `collectstatic` fails on one."""

    support_js_module_import_aggregation = True
    # Of our own scripts: packages bring some that name modules which are not there, in comments.
    _js_module_import_aggregation_patterns = ("js/*.js", HashedFilesMixin._js_module_import_aggregation_patterns[1])  # type: ignore[attr-defined]
