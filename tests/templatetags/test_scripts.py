"""Scripts that are written in modules."""

from __future__ import annotations

from annotator.templatetags.scripts import modules_in, preload_modules


def test_every_module_is_fetched_at_once():
    links = preload_modules("js/annotate")

    assert {"js/annotate/main.js", "js/annotate/outbox.js"} <= set(modules_in("js/annotate"))
    assert links.count('<link rel="modulepreload" href="/static/js/annotate/') == len(modules_in("js/annotate"))
