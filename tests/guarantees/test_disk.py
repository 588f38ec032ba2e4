"""Failures of the files themselves, in the middle of an apply: no room, locked, cut off. Nothing is lost, the receipt is true, and
the same command again finishes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backends.wandb.script import MANIFEST, SEED
from tests.budget import some
from tests.guarantees import history
from tests.guarantees.figures import check_at_least
from tests.guarantees.grounds import Grounds, Zygote, watched

STEP = 4096


def prepared(folder: Path, zygote: Zygote) -> Grounds:
    grounds = Grounds(folder, zygote, batch=1)
    grounds.prepare(SEED, MANIFEST, "local:registry.db")
    return grounds


@pytest.mark.share(seconds=40)
def test_a_disk_that_is_full_at_any_size(quick: Path, zygote: Zygote) -> None:
    """From a limit at which nothing can be written to one at which everything can."""
    grounds = prepared(quick, zygote)
    largest = grounds.file.stat().st_size + 16 * STEP
    codes = set()
    limits = range(512, largest, STEP // 2)
    for limit in some(limits, 7):
        grounds.reset()
        with watched(grounds):
            full = grounds.zygote.run(replace(grounds.job(grounds.saved), limit=limit))
            assert full.code in (0, 1, 4), full
            assert full.code == 0 or "error:" in full.err or "failed" in full.out, full
            codes.add(full.code)
            again = grounds.run(grounds.saved)
        assert again.code == 0, again
        grounds.check_finished()
    assert codes == {0, 1, 4}, "some limits let a part of it through"
    check_at_least("a full disk: limits", len(limits))


def test_a_receipt_that_cannot_be_written(quick: Path, zygote: Zygote) -> None:
    """Everything was done, and the receipt finds no room: it is shown, the journal is kept, and the next apply writes it."""
    grounds = prepared(quick, zygote)
    receipts = grounds.state / "receipts"
    for path in receipts.glob("*"):
        path.unlink()
    receipts.rmdir()
    receipts.write_text("in the way")
    lost = grounds.run(grounds.saved)
    assert lost.code == 1
    receipts.unlink()
    grounds.reset()
    points = grounds.run(grounds.saved).points
    grounds.reset()
    before = points.index("before write_receipt") + 1
    with zygote.stopped(grounds.job(grounds.saved, cut=before)) as stopped:
        receipts.rmdir()
        receipts.write_text("in the way")
    assert stopped.ended is not None
    assert stopped.ended.code == 1, stopped.ended
    assert "Apply done" in stopped.ended.out
    assert "cannot write" in stopped.ended.err
    receipts.unlink()
    assert list((grounds.state / "journals").glob("*"))
    again = grounds.run(grounds.saved)
    assert again.code == 0
    assert "an earlier apply ended before its receipt" in again.err
    grounds.check_finished()
    (receipt,) = history.receipts_in(grounds.state)
    assert receipt["result"] == "done"


def test_a_registry_file_that_is_locked_in_the_middle(quick: Path, zygote: Zygote) -> None:
    grounds = prepared(quick, zygote)
    points = grounds.run(grounds.saved).points
    for number, name in enumerate(points, start=1):
        if name != "before perform" or number % 3:
            continue
        grounds.reset()
        job = replace(grounds.job(grounds.saved, cut=number), patience=0.05)
        with closing(sqlite3.connect(grounds.file, isolation_level=None)) as db:
            with zygote.stopped(job) as stopped:
                db.execute("BEGIN EXCLUSIVE")
            db.execute("ROLLBACK")
        assert stopped.ended is not None
        assert stopped.ended.code in (1, 4), stopped.ended
        assert "another process is using the registry" in stopped.ended.out + stopped.ended.err
        history.check_receipts(history.events(grounds.file, grounds.before), history.receipts_in(grounds.state))
        assert grounds.run(grounds.saved).code == 0
        grounds.check_finished()
