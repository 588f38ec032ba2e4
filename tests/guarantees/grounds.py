"""Proving grounds: one registry file, one plan with every kind of operation, and regsync run on them as often as needed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from regsync.core.desired import HazardName
from regsync.core.operation import Operation
from regsync.core.plan_reading import decode_plan
from tests.backends.wandb.worlds import KEYS, everything, prints, write_world
from tests.guarantees import history

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
EVERY_CONSENT = [part for hazard in HazardName for part in ("--allow", hazard.value)]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `points`: the cuts that it passed, where it was not cut."""

    killed: bool
    code: int
    out: str
    err: str
    points: list[str]


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the command line, cut at the point of that number (from 1; 0 for none)."""

    folder: Path
    environment: dict[str, str]
    arguments: list[str]
    cut: int = 0
    batch: int = 0
    signal: str = "SIGKILL"
    limit: int = 0
    """Bytes that no file may grow beyond; 0: none. Where it is reached, a write fails as on a full disk."""
    patience: float = 0.0
    """Seconds that are waited for a registry file that another process has locked; 0: the usual."""
    hasty: bool = False
    """Whether a request that failed is sent again at once."""


@dataclass(slots=True)
class Stopped:
    """A process that does not go on; 0 where it ended before. `kill`: it never will. `ended` is filled in afterwards."""

    process: int
    kill: bool = False
    ended: Ended | None = None


class Zygote:
    """Runs the command line in forks of one process that has loaded it already."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.guarantees.zygote"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, job: Job) -> Ended:
        """Run a job to its end."""
        return self._ended(job.folder, self._say(job))

    @contextmanager
    def stopped(self, job: Job) -> Iterator[Stopped]:
        """A job that stops at its cut, for as long as the block lasts (unless it is killed there); then it goes on."""
        answer = self._say(replace(job, signal="SIGSTOP"))
        stopped = Stopped(answer.get("stopped", 0))
        if not stopped.process:
            stopped.ended = self._ended(job.folder, answer)
        try:
            yield stopped
        finally:
            if stopped.process:
                stopped.ended = self._ended(job.folder, self._tell("kill" if stopped.kill else "resume"))

    def _say(self, job: Job) -> Json:
        (job.folder / "points").unlink(missing_ok=True)
        return self._tell(json.dumps(asdict(job) | {"folder": str(job.folder)}))

    def _tell(self, line: str) -> Json:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer: Json = json.loads(self._process.stdout.readline())
        return answer

    @staticmethod
    def _ended(folder: Path, answer: Json) -> Ended:
        out, err = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        assert "Traceback" not in err, err
        points = folder / "points"
        passed = points.read_text().split("\n") if points.exists() else []
        return Ended(answer["killed"], answer["code"], out, err, passed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


@dataclass(slots=True)
class Grounds:
    """A folder with `registry.db`, `registry.yaml` and `plan.json`. `backend` is a SPEC; `reset` makes all as at first."""

    folder: Path
    zygote: Zygote
    backend: str = ""
    batch: int = 0
    goal: dict[str, str] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    before: int = 0

    @property
    def file(self) -> Path:
        return self.folder / "registry.db"

    @property
    def state(self) -> Path:
        return self.folder / ".regsync"

    @property
    def environment(self) -> dict[str, str]:
        return {"WANDB_API_KEY": KEYS["alice"], "HOME": str(self.folder), "REGSYNC_HTTP_TIMEOUT": "20"}

    @property
    def saved(self) -> list[str]:
        """Apply the saved plan."""
        return ["--backend", self.backend, "apply", "plan.json"]

    @property
    def declared(self) -> list[str]:
        """Apply the manifest."""
        return ["--backend", self.backend, "apply", "registry.yaml", "--auto-approve", *EVERY_CONSENT]

    def prepare(self, seed: Json, manifest: Json, backend: str) -> None:
        """Make the world, plan it, and learn from an undisturbed run where it must lead."""
        if not self.file.exists():
            write_world(self.file, seed)
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(self.folder / "first.db")) as copy:
            source.backup(copy)
        text = yaml.safe_dump({"apiVersion": "regsync/v1", "organization": "acme", **manifest}, sort_keys=False)
        (self.folder / "registry.yaml").write_text(text, encoding="utf-8")
        self.backend = backend
        planned = self.run(["--backend", backend, "plan", "registry.yaml", "-o", "plan.json", *EVERY_CONSENT])
        assert planned.code == 0, planned.err
        self.before = history.last_event(self.file)
        self.first = self.held()
        done = self.run(self.saved)
        assert done.code == 0, done.err + done.out
        self.goal, self.last = dict(prints(everything(self.file))), self.held()
        again = self.run(["--backend", backend, "plan", "registry.yaml", "--detailed-exitcode", *EVERY_CONSENT])
        assert again.code == 0, again.out
        self.check_history()
        self.reset()

    def reset(self) -> None:
        with closing(sqlite3.connect(self.folder / "first.db")) as source, closing(sqlite3.connect(self.file)) as copy:
            source.backup(copy)
        for folder in ("journals", "receipts", "seen"):
            for path in (self.state / folder).glob("*"):
                path.unlink()

    def job(self, arguments: Sequence[str], cut: int = 0) -> Job:
        return Job(self.folder, self.environment, list(arguments), cut, self.batch)

    def run(self, arguments: Sequence[str], cut: int = 0) -> Ended:
        return self.zygote.run(self.job(arguments, cut))

    def interrupt(self, arguments: Sequence[str], at: int) -> Ended:
        """Somebody presses Ctrl-C at that point."""
        return self.zygote.run(replace(self.job(arguments, at), signal="SIGINT"))

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """The command line as its users start it."""
        return subprocess.Popen(
            [sys.executable, "-m", "regsync", *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def held(self) -> dict[str, int]:
        with history.connect(self.file) as db:
            return held(db)

    def operations(self) -> list[Operation]:
        plan = decode_plan(json.loads((self.folder / "plan.json").read_text(encoding="utf-8")))
        return list(plan.operations)

    def check_history(self) -> None:
        """Nothing but the plan was done, nothing twice, and the receipts say so."""
        found = history.events(self.file, self.before)
        receipts = history.receipts_in(self.state)
        history.check_only_planned(found, self.operations())
        history.check_receipts(found, receipts)

    def check_finished(self) -> None:
        assert dict(prints(everything(self.file))) == self.goal
        assert not list((self.state / "journals").glob("*")), "a journal is left"
        self.check_history()


HELD = """SELECT c.id, a.name, m.version_index FROM aliases a JOIN memberships m ON m.id = a.membership_id
    JOIN collections c ON c.id = a.collection_id JOIN registries r ON r.project_id = c.project_id WHERE a.name <> 'latest'"""


def held(db: sqlite3.Connection) -> dict[str, int]:
    """The index that each alias points at; by the collection's key, which a renaming does not change."""
    return {f"{key}:{alias}": index for key, alias, index in db.execute(HELD)}


@contextmanager
def watched(grounds: Grounds) -> Iterator[None]:
    """Somebody looks at every alias all the time, and at the end says whether any was ever where it must not be."""
    stop = threading.Event()
    seen: list[dict[str, int]] = []
    trouble: list[BaseException] = []

    def look() -> None:
        try:
            with history.connect(grounds.file) as db:
                while not stop.is_set():
                    found = held(db)
                    if not seen or seen[-1] != found:
                        seen.append(found)
                    stop.wait(0.0005)
        except sqlite3.Error as error:
            trouble.append(error)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
    assert not trouble, trouble
    for found in seen:
        check_places(found, grounds.first, grounds.last)


def check_places(found: dict[str, int], first: dict[str, int], last: dict[str, int]) -> None:
    """Every alias is where it was or where it shall be; bound before and after means bound now."""
    for place in first.keys() | last.keys() | found.keys():
        assert found.get(place) in (first.get(place), last.get(place)), f"{place} is astray: {found.get(place)}"
