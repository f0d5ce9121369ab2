"""Modules that are loaded when they are first used: the web processes import code that draws and compares, and never run it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class _LazyModule(ModuleType):
    """Stands for a module. What is asked of it is asked of the module, which that imports.

    `importlib.util.LazyLoader` is no help: of two threads that are first at once, the second finds an empty module.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


@cache
def lazy_import(name: str) -> ModuleType:
    """The module, which runs when something of it is first asked for. Raises ModuleNotFoundError where its package is not."""
    if find_spec(name.partition(".")[0]) is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _LazyModule(name)
