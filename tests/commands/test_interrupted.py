"""Ctrl-C: the first one finishes the operation under way and writes the receipt; the same command again finishes the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from benchmarks import worlds
from tests.commands.shell import Shell

BINDINGS = 1_600


@pytest.fixture
def large(tmp_path: Path) -> Shell:
    """A manifest whose bootstrap takes several transactions."""
    here = Shell(tmp_path)
    seed = yaml.load(worlds.seed(BINDINGS), Loader=yaml.CSafeLoader)
    del seed["registries"]
    here.write("seed.yaml", yaml.dump(seed, Dumper=yaml.CSafeDumper))
    here.write("registry.yaml", worlds.manifest(BINDINGS))
    assert here("local", "seed", "seed.yaml").code == 0
    return here


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_after_the_operation_under_way(large: Shell, number: signal.Signals) -> None:
    out_file, err_file = large.folder / "out.txt", large.folder / "err.txt"
    # Files, because nobody reads a pipe until the process ends, and the plan is longer than what a pipe holds.
    with out_file.open("w") as stdout, err_file.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "regsync", "apply", "registry.yaml", "--auto-approve", "--receipt", "receipt.json"],
            cwd=large.folder,
            stdout=stdout,
            stderr=stderr,
        )
    journals = large.folder / ".regsync" / "journals"
    while not any(b'"settled"' in journal.read_bytes() for journal in journals.glob("*.jsonl")):
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)
    os.kill(process.pid, number)
    process.wait(timeout=300)
    out, err = out_file.read_text("utf-8"), err_file.read_text("utf-8")
    assert process.returncode == 4, err
    assert "stopping after the operation under way" in err
    assert "Apply interrupted" in out
    receipt = json.loads((large.folder / "receipt.json").read_text(encoding="utf-8"))
    statuses = receipt["summary"]
    assert statuses["done"] > 0
    assert statuses["not-attempted"] > 0
    assert statuses["unknown"] == statuses["failed"] == 0

    assert large("apply", "registry.yaml", "--auto-approve").code == 0
    again = large("plan", "registry.yaml", "--detailed-exitcode")
    assert again.code == 0
