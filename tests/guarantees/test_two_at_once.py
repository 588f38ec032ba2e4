"""Guarantee 2 where somebody else is at work: one wins, the other says that its plan is stale and writes nothing more.

The one process is stopped (SIGSTOP) at each point of its apply in turn, somebody else does something meanwhile, and it goes on.
So every interleaving of the one with a whole of the other is met, and none is left to chance.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsync.local.store import accounts, aliases, collections, registries
from regsync.local.store.actor import Actor
from regsync.local.store.database import open_store
from tests.backends.wandb.worlds import KEYS, PEOPLE, served, write_world
from tests.budget import some
from tests.guarantees import history
from tests.guarantees.figures import check_at_least
from tests.guarantees.grounds import EVERY_CONSENT, Ended, Grounds, Job, Zygote

Json = dict[str, Any]
DETECTOR = "acme-ml/fraud/detector"
SEED: Json = {
    **PEOPLE,
    "registries": {
        "model": {
            "artifact_types": ["model"],
            "protected_aliases": ["production"],
            "members": {"bob": "admin"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1", f"{DETECTOR}:v2"],
                    "aliases": {"production": "v0", "staging": "v0", "shadow": "v1"},
                },
                "churn": {"type": "model", "versions": [f"{DETECTOR}:v0"], "aliases": {"production": "v0"}},
            },
        }
    },
}


def moves(**blocks: Json) -> Json:
    return {"registries": {"model": {"collections": {name: {"type": "model", **it} for name, it in blocks.items()}}}}


ONE = moves(
    fraud={
        "versions": [f"{DETECTOR}:v3"],
        "aliases": {"production": f"{DETECTOR}:v1", "staging": "v2", "shadow": "absent", "canary": f"{DETECTOR}:v3"},
    },
    churn={"tags": ["one"], "aliases": {"production": f"{DETECTOR}:v4"}},
)
OTHER = moves(
    fraud={"versions": [f"{DETECTOR}:v5"], "aliases": {"production": f"{DETECTOR}:v2", "nightly": "v2"}},
    churn={"description": "the other"},
)
POINTS_IN_THE_WINDOW = 3
"""Over HTTP, between the read that checks an operation's precondition and the request that writes."""
APART = {"registries": {"another": {"collections": {"rows": {"type": "dataset"}}}}}


@dataclass(slots=True)
class Pair:
    """Two working copies, `one` and `other`, of one registry; each with a saved plan of its own."""

    one: Grounds
    other: Zygote
    other_folder: Path

    @property
    def other_job(self) -> Job:
        return Job(self.other_folder, self.one.environment, ["--backend", self.one.backend, "apply", "plan.json"])

    def reset(self) -> None:
        self.one.reset()
        shutil.rmtree(self.other_folder / ".regsync", ignore_errors=True)

    def receipts(self) -> list[Json]:
        return history.receipts_in(self.one.state) + history.receipts_in(self.other_folder / ".regsync")

    def events(self) -> list[history.Event]:
        return history.events(self.one.file, self.one.before)


@contextmanager
def pair(folder: Path, zygotes: tuple[Zygote, Zygote], over_http: bool, other: Json) -> Iterator[Pair]:
    """Both plans are made from the same state."""
    zygote, second = zygotes
    one = Grounds(folder / "one", zygote, batch=0 if over_http else 1)
    one.folder.mkdir()
    write_world(one.file, SEED)
    other_folder = folder / "other"
    other_folder.mkdir()
    manifest = {"apiVersion": "regsync/v1", "organization": "acme", **other}
    (other_folder / "registry.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
    with served(one.file) as url:
        one.prepare(SEED, ONE, f"wandb:{url}" if over_http else f"local:{one.file}")
        made = Pair(one, second, other_folder)
        plan = ["--backend", one.backend, "plan", "registry.yaml", "-o", "plan.json", *EVERY_CONSENT]
        assert second.run(Job(other_folder, one.environment, plan)).code == 0
        yield made


BACKENDS = pytest.mark.parametrize("over_http", [False, True], ids=["file", "http"])


@BACKENDS
@pytest.mark.parametrize("first", ["one", "other"])
def test_two_saved_plans_in_both_orders(
    quick: Path, zygote: Zygote, other_zygote: Zygote, over_http: bool, first: str
) -> None:
    with pair(quick, (zygote, other_zygote), over_http, OTHER) as both:
        runs = [lambda: both.one.run(both.one.saved), lambda: both.other.run(both.other_job)]
        winner, loser = runs if first == "one" else reversed(runs)
        assert winner().code == 0
        until = history.last_event(both.one.file)
        late = loser()
        assert late.code == 5
        assert "this plan is stale" in late.err
        assert "model/fraud:production" in late.err
        assert history.last_event(both.one.file) == until, "the loser has written"
        history.check_receipts(both.events(), both.receipts())


def outcome_is_orderly(both: Pair, slow: Ended, fast: Ended) -> None:
    """At most one of them had its way; the other knows it; and between them the receipts tell what was done."""
    codes = (slow.code, fast.code)
    assert codes in {(0, 5), (5, 0), (4, 0), (0, 4), (4, 5), (5, 4), (4, 4)}, (codes, slow.err, fast.err)
    for ended in (slow, fast):
        if ended.code == 5:
            assert "stale" in ended.err + ended.out
    history.check_receipts(both.events(), both.receipts())


@pytest.mark.share(seconds=20)
@BACKENDS
def test_another_apply_at_every_point(quick: Path, zygote: Zygote, other_zygote: Zygote, over_http: bool) -> None:
    """The other plan wants `production` elsewhere. It is carried out whole at each point of the first one."""
    with pair(quick, (zygote, other_zygote), over_http, OTHER) as both:
        points = apart_from_transactions(both.one.run(both.one.saved).points)
        won = {"slow": 0, "fast": 0}
        overruled = 0
        for number in some(points, 5):
            both.reset()
            with zygote.stopped(both.one.job(both.one.saved, cut=number)) as slow:
                fast = both.other.run(both.other_job)
                seen = history.last_event(both.one.file)
            assert slow.ended is not None
            if over_http and (slow.ended.code, fast.code) == (0, 0):
                overruled += 1  # W&B has no compare-and-set: it was cut between its last look and its write.
                history.check_receipts(both.events(), both.receipts())
                continue
            outcome_is_orderly(both, slow.ended, fast)
            won["slow" if slow.ended.code == 0 else "fast"] += 1
            if fast.code == 0:
                nothing_after_it_could_know(both, seen, slow.ended)
            check_bound_by_two(both)
        assert won["slow"] and won["fast"]
        assert overruled <= POINTS_IN_THE_WINDOW
        check_at_least(f"two at once: {'over HTTP' if over_http else 'registry file'}", len(points))


def nothing_after_it_could_know(both: Pair, seen: int, slow: Ended) -> None:
    """The other one was whole before the first went on: so the first may do what is still as it was, and must not move what has moved."""
    later = [event for event in both.events() if event.seq > seen]
    assert not [event for event in later if event.address == "model/fraud:production"]
    assert slow.code in (4, 5)


def check_bound_by_two(both: Pair) -> None:
    """No alias that both leave in place was ever unbound."""
    for event in both.events():
        if event.alias in {"model/fraud:production", "model/fraud:staging", "model/churn:production"}:
            assert event.kind == "set-alias"


def apart_from_transactions(points: list[str]) -> list[int]:
    """The numbers of the points at which no transaction is open; in one, everybody else waits."""
    return [number for number, name in enumerate(points, start=1) if "carry_out" not in name]


@BACKENDS
def test_a_plan_for_something_else_disturbs_nobody(
    quick: Path, zygote: Zygote, other_zygote: Zygote, over_http: bool
) -> None:
    with pair(quick, (zygote, other_zygote), over_http, APART) as both:
        for number in apart_from_transactions(both.one.run(both.one.saved).points)[::5]:
            both.reset()
            with zygote.stopped(both.one.job(both.one.saved, cut=number)) as slow:
                fast = both.other.run(both.other_job)
            assert slow.ended is not None
            assert (slow.ended.code, fast.code) == (0, 0), (slow.ended, fast)
            history.check_receipts(both.events(), both.receipts())


def person_moves(file: Path, alias: str, index: int) -> None:
    """bob moves an alias in the web app, say."""
    store = open_store(file)
    try:
        with store.read() as tx:
            bob = Actor(tx.value("SELECT id FROM users WHERE name = 'bob'"), "bob")
        with store.write(bob) as tx:
            registry = registries.get(tx, accounts.organization(tx, "acme"), "model")
            aliases.set_aliases(tx, collections.get(tx, registry, "fraud"), index, [alias])
    finally:
        store.close()


@pytest.mark.share(seconds=20)
@BACKENDS
@pytest.mark.parametrize("alias", ["production", "canary"])
def test_a_person_moves_an_alias_at_every_point(
    quick: Path, zygote: Zygote, other_zygote: Zygote, over_http: bool, alias: str
) -> None:
    """Nobody overrules the person after they have moved it, and nothing is done after that is known."""
    with pair(quick, (zygote, other_zygote), over_http, APART) as both:
        points = both.one.run(both.one.saved).points
        for number in some(apart_from_transactions(points), 5, len(alias)):
            both.reset()
            with zygote.stopped(both.one.job(both.one.saved, cut=number)) as slow:
                person_moves(both.one.file, alias, 1 if alias == "canary" else 2)
                seen = history.last_event(both.one.file)
            assert slow.ended is not None
            mine = [event for event in both.events() if event.actor == "alice"]
            moved = [event for event in mine if event.address == f"model/fraud:{alias}"]
            if any(event.seq < seen for event in moved):
                assert slow.ended.code == 0, "it was there first"
            elif points[number - 1] == "before write" and moved:
                # Between the check and the write there is nothing that could hold W&B's API back: docs/guarantees.md.
                assert over_http
            else:
                assert not moved, (number, points[number - 1], moved)
                assert slow.ended.code in (4, 5), (number, points[number - 1], slow.ended)
            history.check_receipts(mine, both.receipts())


CLIENT = """
import wandb
version = wandb.Api().artifact("wandb-registry-model/fraud:v2")
version.aliases.append("production")
version.save()
"""


@pytest.mark.parametrize("where", ["before sent", "after sent", "before write", "after settled"])
def test_a_person_with_the_real_client(quick: Path, zygote: Zygote, other_zygote: Zygote, where: str) -> None:
    with pair(quick, (zygote, other_zygote), True, APART) as both:
        points = both.one.run(both.one.saved).points
        number = [number for number, name in enumerate(points, start=1) if name == where][-2]
        both.reset()
        with zygote.stopped(both.one.job(both.one.saved, cut=number)) as slow:
            person_with_client(both)
            seen = history.last_event(both.one.file)
        assert slow.ended is not None
        after = [event for event in both.events() if event.address == "model/fraud:production"]
        assert after[-1].actor == "bob" or where == "before write", after
        assert slow.ended.code in (0, 4, 5)
        assert slow.ended.code == 0 or "production" in slow.ended.out + slow.ended.err
        assert [event for event in after if event.seq > seen] == [] or where == "before write"
        history.check_receipts([event for event in both.events() if event.actor == "alice"], both.receipts())


def person_with_client(both: Pair) -> None:
    home = both.other_folder / "home"
    home.mkdir(exist_ok=True)
    folders = {f"WANDB_{name}_DIR": str(home) for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "WANDB_BASE_URL": both.one.backend.removeprefix("wandb:"),
        "WANDB_API_KEY": KEYS["bob"],
        "WANDB_DIR": str(home),
        "WANDB_ERROR_REPORTING": "false",
        "NO_PROXY": "127.0.0.1",
        **folders,
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_two_regsync_processes_of_one_working_copy(quick: Path, zygote: Zygote, other_zygote: Zygote) -> None:
    """The second is turned away at each point of the first; and where the first died, nothing of it is in the way."""
    with pair(quick, (zygote, other_zygote), False, OTHER) as both:
        second = Job(both.one.folder, both.one.environment, both.one.saved)
        points = both.one.run(both.one.saved).points
        for number in apart_from_transactions(points)[::4]:
            both.reset()
            with zygote.stopped(both.one.job(both.one.saved, cut=number)) as first:
                seen = history.last_event(both.one.file)
                refused = both.other.run(second)
                assert refused.code == 1
                assert re.search(rf"another regsync \(process {first.process}\) is applying", refused.err), refused.err
                assert history.last_event(both.one.file) == seen
                first.kill = True
            assert first.ended is not None and first.ended.killed
            assert both.other.run(second).code == 0
            both.one.check_finished()


def test_a_lock_of_a_process_that_stopped_existing(quick: Path, zygote: Zygote, other_zygote: Zygote) -> None:
    """The file of the lock is still there, with a process id in it that may belong to anybody by now."""
    with pair(quick, (zygote, other_zygote), False, OTHER) as both:
        both.one.state.mkdir(exist_ok=True)
        (both.one.state / "lock").write_text(f"{os.getpid()}\n")
        assert both.one.run(both.one.saved).code == 0


def test_both_at_once_by_chance(quick: Path, zygote: Zygote, other_zygote: Zygote) -> None:
    """Started together, as real processes, ten times."""
    with pair(quick, (zygote, other_zygote), False, OTHER) as both:
        there = Grounds(both.other_folder, zygote, backend=both.one.backend)
        for _ in range(10):
            both.reset()
            processes = [both.one.start(both.one.saved), there.start(both.one.saved)]
            ended = []
            for process in processes:
                out, err = process.communicate()
                ended.append(Ended(process.returncode == -signal.SIGKILL, process.returncode, out, err, []))
            outcome_is_orderly(both, ended[0], ended[1])
            check_bound_by_two(both)
