"""`python -m annotator.lib.preload MODULE PROGRAM [ARGUMENTS]`: runs the module `PROGRAM` with `MODULE` imported already.

For a server that forks its processes: they begin with all code loaded and share its memory, instead of importing it each.
"""

from __future__ import annotations

import gc
import importlib
import runpy
import sys


def freeze() -> None:
    """Let the garbage collector pass over all that is there now. To be called before a fork.

    Otherwise its first run in each child writes to every object, and so copies what the children share.
    """
    gc.collect()
    gc.freeze()


def main() -> None:
    module, program, *arguments = sys.argv[1:]
    gc.disable()  # an import makes much and little garbage: looking for it takes a seventh of the time
    importlib.import_module(module)
    freeze()
    gc.enable()
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__")


if __name__ == "__main__":
    main()
