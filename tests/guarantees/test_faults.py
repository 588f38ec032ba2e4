"""Guarantees 2 to 8 where networks and disks fail: every fault at every request of an apply, on both backends.

Scripted: a plan with every kind of operation. Generated: any plan for any world. The judge is the registry's own history: only
what was planned, each once, no alias unbound or astray, and the receipts say of each operation what became of it. Then the same
command again finishes, and the next plan is empty.
"""

from __future__ import annotations

import random
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from sqlite3 import SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_IOERR, SQLITE_IOERR_FSYNC
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from regsync.backends.base import BackendError
from regsync.core import actions as a
from regsync.diagnostics import DiagnosticsError, RegsyncError
from regsync.execution.receipt import Receipt
from tests.backends.wandb.faults import LASTING, PASSING, REPEATED, Fault, from_then_on, is_secret_in, once
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.wire import Relay, honest
from tests.backends.wandb.worlds import KEYS
from tests.budget import Budget, is_torture, some, spend
from tests.guarantees.faulty import DiskFault, Field, Ran, disk, on_a_file, over_http, sqlite_error
from tests.guarantees.figures import check_at_least
from tests.laws.worlds import live_worlds, wanted_worlds

Json = dict[str, Any]
SECRETS = [KEYS["alice"], b64encode(f"api:{KEYS['alice']}".encode()).decode()]
STRIDE = 5 if is_torture() else 23
"""Each fault meets every so many-th request, beginning with another one for each; the campaigns of `make torture` leave none out."""
FAULTS: list[Fault] = [*PASSING, *REPEATED, *LASTING]
by_name = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


# Over HTTP ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, own_key: None) -> Iterator[tuple[Field, Relay, int]]:
    """The script, planned; and how many requests its apply makes."""
    with over_http(tmp_path_factory.mktemp("wire"), SEED, MANIFEST) as (field, between):
        field.reset()
        between.reset()
        assert field.apply().code == 0
        yield field, between, len(between.requests)


def meet(field: Field, between: Relay, behave: Any, fault: Fault | None) -> None:
    """Apply while the relay misbehaves; judge; then let the same command finish."""
    field.reset()
    between.reset(behave)
    ran = field.apply()
    between.settle()
    between.reset(honest)
    judge(field, ran, fault)
    field.finish()


def judge(field: Field, ran: Ran, fault: Fault | None) -> None:
    """After any fault; and after a passing one, that nobody even notices."""
    assert not is_secret_in("\n".join(ran.seen), SECRETS)
    if ran.error is not None:
        assert isinstance(ran.error, BackendError) and ran.code == 1, ran.error
    field.check(ran)
    if fault in PASSING:
        assert ran.code == 0 and ran.receipt is not None and ran.receipt.verified, (ran.error, ran.receipt)
    if fault in REPEATED:
        assert ran.code == 0 or made_a_registry(ran.receipt), (ran.error, ran.receipt)


def made_a_registry(receipt: Receipt | None) -> bool:
    """Whether it stopped after creating a registry that the server says was there: nobody can tell its own request from another's."""
    assert receipt is not None
    stale = [op.action for op in receipt.plan.operations if receipt.outcomes[op.id].stale]
    return receipt.exit_code == 4 and all(isinstance(action, a.CreateRegistry) for action in stale) and bool(stale)


@pytest.mark.share(seconds=8)
@by_name
def test_a_fault_over_http(wire: tuple[Field, Relay, int], fault: Fault) -> None:
    field, between, requests = wire
    for number in range(FAULTS.index(fault) % STRIDE, requests, STRIDE):
        meet(field, between, once(fault, number), fault)
    check_at_least("faults over HTTP: requests of the script", requests)
    check_at_least("faults over HTTP: kinds", len(FAULTS))


@pytest.mark.torture(seconds=30)
@by_name
def test_every_fault_over_http_everywhere(wire: tuple[Field, Relay, int], fault: Fault) -> None:
    field, between, requests = wire
    for number in spend(range(requests), fault.__name__):
        meet(field, between, once(fault, number), fault)


@pytest.mark.share
@pytest.mark.parametrize("fault", [PASSING[0], PASSING[1], PASSING[11]], ids=lambda fault: fault.__name__)
def test_a_server_that_is_gone_from_then_on(wire: tuple[Field, Relay, int], fault: Fault) -> None:
    field, between, requests = wire
    for number in some(range(1, requests, STRIDE), 2):
        meet(field, between, from_then_on(fault, number), None)


@pytest.mark.torture(seconds=40)
@by_name
def test_every_fault_from_every_request_on(wire: tuple[Field, Relay, int], fault: Fault) -> None:
    field, between, requests = wire
    for number in spend(range(requests), f"{fault.__name__} from then on"):
        meet(field, between, from_then_on(fault, number), None)


def any_faults(chance: random.Random, most: int) -> Any:
    """Some faults at some requests, others at others."""
    chosen = {chance.randrange(60): chance.choice(FAULTS) for _ in range(chance.randint(1, most))}

    def behave(request: Any, forward: Any) -> Any:
        fault = chosen.get(request.number)
        return fault(request, forward) if fault else forward()

    return behave


def many(field: Field, between: Relay, times: Iterable[int], seed: int) -> None:
    for number in times:
        meet(field, between, any_faults(random.Random(f"{seed} {number}"), 8), None)


@pytest.mark.share
def test_some_faults_in_any_order(wire: tuple[Field, Relay, int]) -> None:
    many(*wire[:2], some(range(12), 2), seed=1)


@pytest.mark.torture(seconds=60)
@pytest.mark.parametrize("seed", range(2, 10))
def test_many_faults_in_any_order(wire: tuple[Field, Relay, int], seed: int) -> None:
    many(*wire[:2], spend(range(50), "faults in any order"), seed=seed)


# Disks -------------------------------------------------------------------------------------------------------------------


def failing(code: int, message: str, *, after: bool = False) -> DiskFault:
    """SQLite fails there: before the statement takes effect, or after it has."""

    def fault(sql: str, execute: Callable[[], Any]) -> Any:
        if after:
            execute()
        raise sqlite_error(code, message)

    return fault


DISK_FAULTS: dict[str, DiskFault] = {
    "locked": failing(SQLITE_BUSY, "database is locked"),
    "full": failing(SQLITE_FULL, "database or disk is full"),
    "input or output": failing(SQLITE_IOERR, "disk I/O error"),
    "damaged": failing(SQLITE_CORRUPT, "database disk image is malformed"),
    "done and not said": failing(SQLITE_IOERR_FSYNC, "disk I/O error", after=True),
}


def fail_everywhere(field: Field, fault: DiskFault, first: int, one_in: int) -> int:
    """That fault at each statement that begins or ends a transaction of an apply (a share of them). How many there are."""
    field.reset()
    passed: list[str] = []
    with disk(fault, -1, passed):
        assert field.apply().code == 0
    for number in some(range(len(passed)), one_in, first):
        field.reset()
        with disk(fault, number, []):
            ran = field.apply()
        assert ran.error is None or isinstance(ran.error, RegsyncError)
        field.check(ran)
        field.finish()
    return len(passed)


@pytest.mark.share(seconds=10)
@pytest.mark.parametrize("name", DISK_FAULTS)
def test_a_fault_of_the_disk(quick: Path, name: str) -> None:
    with on_a_file(quick, SEED, MANIFEST) as field:
        tried = fail_everywhere(field, DISK_FAULTS[name], [*DISK_FAULTS].index(name), 7)
        check_at_least("faults of disks: statements of the script", tried)
        check_at_least("faults of disks: kinds", len(DISK_FAULTS))


# Generated plans ---------------------------------------------------------------------------------------------------------


def with_alice(seed: Json) -> Json:
    return {**seed, "users": {**seed["users"], "alice": {"api_key": KEYS["alice"], "role": "admin"}}}


def any_plan_over_http(seed: Json, manifest: Json, chance: random.Random) -> None:
    """At each request of its apply, some fault."""
    with tempfile.TemporaryDirectory(prefix="regsync-faults-") as name:
        try:
            with over_http(Path(name), with_alice(seed), manifest) as (field, between):
                assume(field.plan.operations)
                field.reset()
                between.reset()
                field.apply()
                for number in range(len(between.requests)):
                    fault = chance.choice(FAULTS)
                    meet(field, between, once(fault, number), fault)
        except DiagnosticsError:
            assume(False)


def any_plan_on_a_file(seed: Json, manifest: Json, chance: random.Random) -> None:
    with tempfile.TemporaryDirectory(prefix="regsync-faults-") as name:
        try:
            with on_a_file(Path(name), with_alice(seed), manifest) as field:
                assume(field.plan.operations)
                fail_everywhere(field, chance.choice(list(DISK_FAULTS.values())), chance.randrange(4), 4)
        except DiagnosticsError:
            assume(False)


def generated(examples: int) -> Any:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def spending() -> Budget:
    return Budget()


worlds = given(seed=live_worlds(), manifest=wanted_worlds(), chance=st.integers(0, 2**32).map(random.Random))


@pytest.mark.share(seconds=10)
@generated(4 if is_torture() else 2)
@worlds
def test_generated_plans_over_http(seed: Json, manifest: Json, chance: random.Random) -> None:
    any_plan_over_http(seed, manifest, chance)


@pytest.mark.share(seconds=20)
@generated(12 if is_torture() else 8)
@worlds
def test_generated_plans_on_a_file(seed: Json, manifest: Json, chance: random.Random) -> None:
    any_plan_on_a_file(seed, manifest, chance)


@pytest.mark.torture(seconds=600)
@generated(60)
@worlds
def test_many_generated_plans_over_http(spending: Budget, seed: Json, manifest: Json, chance: random.Random) -> None:
    if not spending.is_spent:
        any_plan_over_http(seed, manifest, chance)


@pytest.mark.torture(seconds=300)
@generated(150)
@worlds
def test_many_generated_plans_on_a_file(spending: Budget, seed: Json, manifest: Json, chance: random.Random) -> None:
    if not spending.is_spent:
        any_plan_on_a_file(seed, manifest, chance)
