"""Playwright on a thread of its own.

Its synchronous API keeps an event loop running in the thread that started it. In the tests' own thread Django would then
refuse every query, also those of the tests that come after, so the browser lives on another one: a `Remote` stands for one
of Playwright's objects here, and whatever is called on it is called there.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from playwright.sync_api import expect as playwright_expect

# On a machine that has other things to do as well. Nobody waits for as long where all is well.
playwright_expect.set_options(timeout=15_000)


class BrowserThread:
    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="playwright")

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What the function returns there; Playwright's objects among it as Remotes."""
        future = self._executor.submit(function, *map(bare, arguments), **{name: bare(value) for name, value in options.items()})
        return self._dressed(future.result())

    def stop(self) -> None:
        self._executor.shutdown()

    def _dressed(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._dressed(item) for item in value]
        is_playwrights = type(value).__module__.startswith("playwright") or callable(value)
        return Remote(self, value) if is_playwrights else value


class Remote:
    def __init__(self, thread: BrowserThread, target: Any) -> None:
        self._thread = thread
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return self._thread.call(getattr, self._target, name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._thread.call(self._target, *arguments, **options)

    def __enter__(self) -> Any:
        return self._thread.call(self._target.__enter__)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> Any:
        return self._thread.call(self._target.__exit__, kind, error, traceback)


def bare(value: Any) -> Any:
    return value._target if isinstance(value, Remote) else value


def expect(remote: Remote) -> Any:
    """Playwright's `expect`: waits until what is said of the page or the locator holds."""
    return remote._thread.call(playwright_expect, remote)
