"""Guarantee 7, and 3 and 8 with it: whatever moment the process is killed at, the same command again finishes the work.

SIGKILL, so that nothing gets to clean up: before and after each line of the journal and in the middle of it, before, inside and
after each write to the registry, around the receipt; and at random moments. `make test` takes a share of the points. All the while
somebody watches every alias, and afterwards the registry's own history is held against the plan and the receipts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.worlds import served, write_world
from tests.budget import some, spend
from tests.guarantees.figures import check_at_least
from tests.guarantees.grounds import Grounds, Zygote, watched


@contextmanager
def on_a_file(folder: Path, zygote: Zygote, batch: int) -> Iterator[Grounds]:
    grounds = Grounds(folder, zygote, batch=batch)
    grounds.prepare(SEED, MANIFEST, "local:registry.db")
    yield grounds


@contextmanager
def over_http(folder: Path, zygote: Zygote) -> Iterator[Grounds]:
    grounds = Grounds(folder, zygote)
    write_world(grounds.file, SEED)
    with served(grounds.file) as url:
        grounds.prepare(SEED, MANIFEST, f"wandb:{url}")
        yield grounds


ONE_IN = 16
"""A share of the points, and not of one kind only: operations do not all pass as many."""


def kill_everywhere(grounds: Grounds, command: list[str]) -> int:
    """Cut the run at each of its points; let the same command finish. How many points there are."""
    points = grounds.run(command).points
    for number in some(range(1, len(points) + 1), ONE_IN):
        grounds.reset()
        with watched(grounds):
            cut = grounds.run(command, cut=number)
            assert cut.killed, cut
            again = grounds.run(command)
        assert again.code == 0, (number, points[number - 1], again)
        grounds.check_finished()
    return len(points)


@pytest.mark.share(seconds=50)
def test_a_saved_plan_on_a_file_one_operation_at_a_time(quick: Path, zygote: Zygote) -> None:
    with on_a_file(quick, zygote, batch=1) as grounds:
        check_at_least("kills: saved plan, registry file", kill_everywhere(grounds, grounds.saved))


@pytest.mark.share(seconds=40)
def test_manifests_on_a_file(quick: Path, zygote: Zygote) -> None:
    with on_a_file(quick, zygote, batch=0) as grounds:
        check_at_least("kills: manifests, registry file", kill_everywhere(grounds, grounds.declared))


@pytest.mark.share(seconds=70)
def test_a_saved_plan_over_http(quick: Path, zygote: Zygote) -> None:
    with over_http(quick, zygote) as grounds:
        check_at_least("kills: saved plan, over HTTP", kill_everywhere(grounds, grounds.saved))


def kill_at_random(grounds: Grounds, times: Iterable[int], seed: int) -> int:
    """The command as its users start it, killed at a moment between its start and its end. How often it was still running."""
    begun = time.monotonic()
    whole = grounds.start(grounds.saved)
    whole.communicate()
    lasts = time.monotonic() - begun
    killed = 0
    for number in times:
        chance = random.Random(f"{seed} {number}")
        grounds.reset()
        with watched(grounds):
            process = grounds.start(grounds.saved)
            time.sleep(chance.uniform(0.3, 1.0) * lasts)
            process.kill()
            process.communicate()
            killed += process.returncode == -9
            again = grounds.run(grounds.saved)
        assert again.code == 0, again
        grounds.check_finished()
    return killed


@pytest.mark.share
def test_at_random_on_a_file(quick: Path, zygote: Zygote) -> None:
    with on_a_file(quick, zygote, batch=0) as grounds:
        kill_at_random(grounds, some(range(12), 3), seed=1)


@pytest.mark.share
def test_at_random_over_http(quick: Path, zygote: Zygote) -> None:
    with over_http(quick, zygote) as grounds:
        kill_at_random(grounds, some(range(12), 3), seed=2)


def kill_twice(grounds: Grounds, times: Iterable[int], seed: int) -> None:
    """Cut, cut again while it recovers and goes on, and then let it finish."""
    points = len(grounds.run(grounds.saved).points)
    for number in times:
        chance = random.Random(f"{seed} {number}")
        grounds.reset()
        with watched(grounds):
            assert grounds.run(grounds.saved, cut=chance.randint(1, points)).killed
            grounds.run(grounds.saved, cut=chance.randint(1, points))
            again = grounds.run(grounds.saved)
        assert again.code == 0, again
        grounds.check_finished()


@pytest.mark.share
def test_twice_in_a_row(quick: Path, zygote: Zygote) -> None:
    with on_a_file(quick, zygote, batch=1) as grounds:
        kill_twice(grounds, some(range(40), 6), seed=3)


@pytest.mark.torture(seconds=150)
def test_many_more_on_a_file(quick: Path, zygote: Zygote) -> None:
    with on_a_file(quick, zygote, batch=1) as grounds:
        kill_twice(grounds, spend(range(400), "killed twice"), seed=4)
        kill_at_random(grounds, spend(range(60), "killed at random"), seed=5)


@pytest.mark.torture(seconds=150)
def test_many_more_over_http(quick: Path, zygote: Zygote) -> None:
    with over_http(quick, zygote) as grounds:
        kill_twice(grounds, spend(range(150), "killed twice"), seed=6)
        kill_at_random(grounds, spend(range(40), "killed at random"), seed=7)
