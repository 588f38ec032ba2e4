"""The process ends without taking every object apart; all that others wait for is done before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = "from regsync.commands import main; main()"


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("atexit.register(print, 'at the end', end='')", "at the end"),
        ("atexit.register(lambda: 1 / 0)", "ZeroDivisionError"),
        ("threading.Thread(target=lambda: os.read(0, 1) and print('from the thread')).start()", "from the thread"),
    ],
    ids=["at the end", "a failure at the end", "a thread"],
)
def test_what_others_asked_for_is_done_first(before: str, says: str) -> None:
    command = [sys.executable, "-c", f"import atexit, os, threading; {before}; {MAIN}", "validate", "no-such.yaml"]
    done = subprocess.run(command, input="x", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert says in done.stdout + done.stderr
    assert "no such file" in done.stderr


def test_whoever_called_it_goes_on_afterwards(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    command = [sys.executable, "-m", "cProfile", "-o", str(profile), "-m", "regsync", "--version"]
    subprocess.run(command, capture_output=True, check=True)
    assert profile.stat().st_size > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk at hand")
def test_output_that_cannot_be_written_after_the_command_is_said() -> None:
    code = f"import atexit; atexit.register(print, 'lost'); {MAIN}"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", code, "validate", "no-such.yaml"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=buffered)
    assert done.returncode == 120  # Python's own code for it.
    assert "No space left on device" in done.stderr
