"""Runs programs of the Hub's clients, each in a process of its own that has nothing of the clients in it when it begins.

What the clients are built on takes most of a second to import, and is the same for all: it is imported once, and each program
runs in a fork. The clients themselves are not: their endpoint and their folders are read when they are imported.

A line of standard input is a program: its path and arguments, its folder, its environment, and the files for what it prints.
The answer is a line with its exit code. It ends with its standard input. Any Python with any generation of the clients runs it.
"""

import atexit
import importlib
import json
import os
import runpy
import signal
import sys
import threading
import traceback
from contextlib import suppress

CLIENTS = ("datasets", "huggingface_hub", "hf_xet")
BUILT_ON = (
    *("numpy", "pandas", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.compute", "PIL.Image", "dill", "multiprocess.pool"),
    *("fsspec.asyn", "fsspec.implementations.http", "aiohttp", "httpx", "requests", "yaml", "xxhash", "tqdm.auto", "asyncio"),
)


def main() -> None:
    for name in BUILT_ON:
        with suppress(ImportError):  # each generation is built on others
            importlib.import_module(name)
    assert not {name.partition(".")[0] for name in sys.modules} & {*CLIENTS}
    for line in sys.stdin:
        program = json.loads(line)
        child = os.fork()
        if not child:
            run(**program)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run(path: str, arguments: list, folder: str, environment: dict, files: list, timeout: int) -> None:
    signal.alarm(timeout)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, (name, flags) in enumerate([(os.devnull, os.O_RDONLY), *((file, os.O_WRONLY | os.O_CREAT) for file in files)]):
        os.dup2(os.open(name, flags | os.O_CLOEXEC), number)
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(path)
    code = 0
    try:
        runpy.run_path(path, run_name="__main__")
    except BaseException:
        traceback.print_exc()
        code = 1
    # As a fork of multiprocessing ends: libraries in C++ that were loaded before the fork cannot all be taken down after it.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
