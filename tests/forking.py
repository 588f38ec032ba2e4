"""`regsync` in a process of its own, forked from one that has everything loaded: starting Python takes longer than most commands.

`python -m tests.forking` is that process. Each line on stdin is a job, each line on stdout the exit code of it. It is a
script of its own, because a fork of a process with threads is no good model of anything.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from regsync.console.unused import leave_out
from regsync.diagnostics import DiagnosticsError
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import load_sources

ROOT = Path(__file__).parents[1]
FORKS = hasattr(os, "fork")
STREAMS = ("stdin", "stdout", "stderr")


class Forker:
    """The process that forks. One for each process of the tests, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with tempfile.TemporaryDirectory(prefix="regsync-fork-") as name:
            streams = Path(name)
            (streams / "stdin").write_text(stdin, encoding="utf-8")
            job = {
                "arguments": list(arguments),
                "folder": str(folder),
                "environment": dict(environment),
                "streams": name,
            }
            with self._lock:
                assert self._process.stdin is not None and self._process.stdout is not None
                self._process.stdin.write(json.dumps(job) + "\n")
                self._process.stdin.flush()
                code = int(self._process.stdout.readline())
            out, err = ((streams / each).read_text(encoding="utf-8") for each in STREAMS[1:])
        return subprocess.CompletedProcess(list(arguments), code, out, err)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


@cache
def forker() -> Forker:
    """That of this process."""
    return Forker()


def load_everything() -> None:
    """Import all that a command may need, and make what is made once: what a fork finds there, it shares."""
    leave_out()  # As `regsync.__main__` does.
    package = importlib.import_module("regsync")
    for module in pkgutil.walk_packages(package.__path__, "regsync."):
        if not module.name.startswith("regsync.local.server") and module.name != "regsync.__main__":
            importlib.import_module(module.name)
    httpx.Client().close()
    with suppress(DiagnosticsError):
        load_sources([Source("registry.yaml", b"registries: {}\n", "")])
    gc.collect()
    gc.freeze()


def main() -> None:
    """Load everything once, then fork for each job."""
    load_everything()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(job: dict[str, Any]) -> None:
    """In the child: never returns."""
    code = 99
    try:
        os.chdir(job["folder"])
        os.environ.clear()
        os.environ.update(job["environment"])
        for descriptor, name in enumerate(STREAMS):
            flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(os.path.join(job["streams"], name), flags, 0o600), descriptor)  # noqa: PTH118
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it lives as long as the process
        from regsync.commands import run

        code = run(job["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - shown on stderr; the code says that something is wrong
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
