"""Starting real processes from tests, and never leaving one behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    """A job of `tests.local.workers`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.local.workers", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a job that ends by itself; it must end well."""
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


@contextmanager
def begun(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A job that has said that it has begun; it is killed (SIGKILL) at the end of the block, if not before."""
    process = start(*arguments)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == "begun\n", process.communicate()[1]
        yield process
    finally:
        process.kill()
        process.communicate()


def in_a_fork(act: Callable[[], str]) -> str:
    """What `act` returns in a forked process, whose limits and rights it may change."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            text = act()
        except BaseException as error:  # noqa: BLE001 - the parent shows it
            text = f"raised {error!r}"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    return text


def as_nobody(act: Callable[[], str]) -> str:
    """What `act` returns as a user without rights: in a forked process, which gives up being root if it is root."""

    def inside() -> str:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        return act()

    return in_a_fork(inside)
