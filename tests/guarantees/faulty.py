"""Proving grounds for faults: a registry file, a saved plan, and a backend between which and the registry anything may happen.

Applies run in this process, on the real backends; what is not real is the network (`tests/backends/wandb/wire.py`) or the disk
(`Disk`, below). What has happened is judged by the registry's own history, which neither of them touches.
"""

from __future__ import annotations

import shutil
import sqlite3
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from regsync.backends.base import Capabilities, Writer
from regsync.backends.local.writing import LocalWriter
from regsync.backends.wandb.connection.options import Options
from regsync.core.plan import Plan
from regsync.diagnostics import RegsyncError
from regsync.execution.receipt import Receipt
from regsync.execution.run import apply_plan
from regsync.local.store import database
from tests.backends.wandb.wire import Relay, relay
from tests.backends.wandb.worlds import Work, everything, local_plan, prints, served, write_world
from tests.guarantees import history
from tests.guarantees.grounds import check_places, held

Json = dict[str, Any]
HASTY = Options(timeout=0.7, connect_timeout=10.0, deadline=2.0, first_wait=0.01, longest_wait=0.05)
"""A timeout shorter than `faults.SLOW`, so that a fault that takes this long is one, and long enough for a busy machine."""
ONE_BY_ONE = 1
"""Operations in one transaction of a registry file: so few that there is something between any two."""


@dataclass(slots=True)
class Ran:
    """One apply: what came of it, and everything that anybody could have seen of it."""

    receipt: Receipt | None = None
    error: RegsyncError | None = None
    seen: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """What the command line would exit with."""
        if self.error is not None:
            return self.error.exit_code
        return self.receipt.exit_code if self.receipt else 0


@dataclass(slots=True)
class Field:
    """A folder with a registry file and what belongs to it. `reset` makes it as it was before the plan was applied."""

    folder: Path
    work: Work
    manifest: Path
    writer: Callable[[], Writer]
    plan: Plan
    before: int = 0
    places: tuple[dict[str, int], dict[str, int]] = ({}, {})
    bound: tuple[dict[str, int], dict[str, int]] = ({}, {})
    goal: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "registry.db"

    def learn(self) -> None:
        """Apply the plan undisturbed, and see where it leads."""
        shutil.copy(self.file, self.folder / "first.db")
        self.before, first = history.last_event(self.file), self.look()
        ran = self.apply()
        assert ran.code == 0, (ran.error, ran.receipt)
        last = self.look()
        self.places, self.bound = (first[0], last[0]), (first[1], last[1])
        self.goal = dict(prints(everything(self.file)))
        self.check(ran)
        assert self.again().operations == ()

    def look(self) -> tuple[dict[str, int], dict[str, int]]:
        """Where each alias points: by the key of the collection, if that was there before, and by address."""
        with history.connect(self.folder / "first.db") as db:
            (last,) = db.execute("SELECT max(id) FROM collections").fetchone()
        with history.connect(self.file) as db:
            old = {place: index for place, index in held(db).items() if int(place.partition(":")[0]) <= last}
            return old, history.bindings(db)

    def reset(self) -> None:
        with closing(sqlite3.connect(self.folder / "first.db")) as source, closing(sqlite3.connect(self.file)) as copy:
            source.backup(copy)
        shutil.rmtree(self.work.state.path, ignore_errors=True)

    def apply(self) -> Ran:
        """Apply the saved plan, as the command line does."""
        ran = Ran()
        try:
            with self.writer() as writer:
                ran.receipt = apply_plan(self.plan, writer, self.work.state, say=ran.seen.append).receipt
        except RegsyncError as raised:
            ran.error = raised
            ran.seen += ["".join(traceback.format_exception(raised)), raised.message, raised.hint or ""]
        ran.seen += self.work.said
        ran.seen += [path.read_text() for path in self.work.state.path.glob("*/*") if path.is_file()]
        self.work.said.clear()
        return ran

    def again(self) -> Plan:
        """The plan for what is live now."""
        if isinstance(self.writer(), LocalWriter):
            return local_plan(self.file, self.manifest)
        return self.work.plan(self.manifest)

    def check(self, ran: Ran) -> None:
        """Guarantees 2, 3, 5 and 8, from the history: only what was planned, once, no gap, and the receipts say so."""
        found = history.events(self.file, self.before)
        history.check_only_planned(found, self.plan.operations)
        history.check_bound(found, *self.bound)
        check_places(self.look()[0], *self.places)
        left = list(self.work.state.journals.glob("*"))
        if ran.receipt is not None or not left:
            assert not left, "there is a receipt, and a journal is left"
            history.check_receipts(found, history.receipts_in(self.work.state.path))

    def finish(self) -> None:
        """Guarantees 6 and 7: the same command again does the rest, and then there is nothing to do."""
        ran = self.apply()
        assert ran.code == 0, (ran.error, ran.receipt)
        self.check(ran)
        assert dict(prints(everything(self.file))) == self.goal
        assert self.again().operations == ()


@contextmanager
def over_http(folder: Path, seed: Json, manifest: Json) -> Iterator[tuple[Field, Relay]]:
    """The registry behind a server, and a relay in front of it."""
    write_world(folder / "registry.db", seed)
    with served(folder / "registry.db") as url, relay(url) as between:
        work = Work(folder, between.url, options=HASTY)
        path = work.manifest(manifest)
        made = Field(folder, work, path, work.writer, work.plan(path))
        between.reset()
        made.learn()
        yield made, between


@contextmanager
def on_a_file(folder: Path, seed: Json, manifest: Json) -> Iterator[Field]:
    """The registry file itself, one operation a transaction."""
    write_world(folder / "registry.db", seed)
    work = Work(folder, "")
    path = work.manifest(manifest)
    made = Field(
        folder, work, path, lambda: _OneByOne(folder / "registry.db", "acme"), local_plan(folder / "registry.db", path)
    )
    made.learn()
    yield made


class _OneByOne(LocalWriter):
    """A file's writer that takes one operation at a time."""

    def __init__(self, file: Path, organization: str) -> None:
        super().__init__(file, organization, timeout=0.0)

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, batch_size=ONE_BY_ONE)


# Disks -------------------------------------------------------------------------------------------------------------------

Statement = Callable[[], Any]
DiskFault = Callable[[str, Statement], Any]
"""Is given a statement that begins or ends a transaction, and what would execute it."""


def sqlite_error(code: int, message: str) -> sqlite3.OperationalError:
    """An error as SQLite raises it."""
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


@contextmanager
def disk(fault: DiskFault, number: int, count: list[str]) -> Iterator[None]:
    """SQLite meets that fault at the statement of that number, of all that begin or end a transaction; they are put into `count`."""

    class Faulty(sqlite3.Connection):
        def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:
            def plainly() -> sqlite3.Cursor:
                return super(Faulty, self).execute(sql, parameters)

            if sql not in ("BEGIN", "BEGIN IMMEDIATE", "COMMIT"):
                return plainly()
            count.append(sql)
            found: sqlite3.Cursor = fault(sql, plainly) if len(count) == number + 1 else plainly()
            return found

    real = database.sqlite3.connect
    database.sqlite3.connect = lambda *args, **options: real(*args, **options, factory=Faulty)  # type: ignore[assignment]
    try:
        yield
    finally:
        database.sqlite3.connect = real
