"""Each failure of a network at each request of a plan and an apply that do every kind of operation.

After each: the receipt is true (the registry file itself says so), no key is in anything that was written or shown, and
a second run finishes the work.
"""

from __future__ import annotations

import json
import shutil
import traceback
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regsync.backends.base import BackendError, Status
from regsync.backends.local import LocalReader
from regsync.core.plan import Plan
from regsync.core.plan_document import plan_document
from regsync.core.standing import Is, standing
from regsync.diagnostics import RegsyncError, StalePlanError
from regsync.execution.receipt import Receipt, receipt_document
from tests.backends.wandb.faults import LASTING, PASSING, Fault, from_then_on, is_secret_in, once
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.wire import Behaviour, Forward, Request, Response, relay
from tests.backends.wandb.worlds import KEYS, Work, everything, local_apply, local_plan, prints, served, write_world

SECRETS = [KEYS["alice"], b64encode(f"api:{KEYS['alice']}".encode()).decode()]
REQUESTS = 54
"""More than a plan and an apply of the script need; a test says so."""
SAMPLE = 9
"""Outside of torture, every so many-th request is met by each fault, starting from another one for each fault."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A world to copy, and what it is like in the end."""

    seed: Path
    goal: dict[str, str]


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """The goal is what the backend `local` makes of it."""
    folder = tmp_path_factory.mktemp("campaign")
    seed = write_world(folder / "seed.db", SEED)
    done = folder / "done.db"
    shutil.copy(seed, done)
    work = Work(folder, "")
    plan = local_plan(done, work.manifest(MANIFEST))
    assert local_apply(done, plan, folder / "state").receipt is not None
    yield Campaign(seed, dict(prints(everything(done))))


@dataclass(slots=True)
class Ran:
    """One plan and apply: what it gave, and everything that anybody could have seen of it."""

    plan: Plan | None
    receipt: Receipt | None
    error: RegsyncError | None
    seen: str
    requests: int

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return self.receipt.exit_code if self.receipt else 0


def run(work: Work, manifest: Path) -> Ran:
    """Plan and apply, as the command line does."""
    plan = receipt = error = None
    seen = []
    try:
        plan = work.plan(manifest)
        seen.append(json.dumps(plan_document(plan)))
        receipt = work.apply(plan).receipt
        seen.append(json.dumps(receipt_document(receipt)) if receipt else "")
    except RegsyncError as raised:
        error = raised
        seen += ["".join(traceback.format_exception(raised)), raised.message, raised.hint or ""]
    seen += work.said
    seen += [path.read_text() for path in work.folder.glob("state/*/*") if path.is_file()]
    return Ran(plan, receipt, error, "\n".join(seen), 0)


def check_true(ran: Ran, file: Path) -> None:
    """The receipt says of each operation what the registry file shows."""
    assert ran.plan is not None and ran.receipt is not None
    with LocalReader(file, "acme") as reader:
        registries = reader.observe(ran.plan.read.scope).registries
    for operation in ran.plan.operations:
        outcome = ran.receipt.outcomes[operation.id]
        there = standing(operation.action, registries).state is Is.DONE
        told = f"{operation.id} {operation.action.kind} {operation.action.address}: {outcome}"
        if outcome.status in (Status.DONE, Status.SKIPPED):
            assert there, told
        elif outcome.status is not Status.UNKNOWN:
            assert not there, told


def check_finishes(work: Work, ran: Ran, manifest: Path, file: Path, goal: dict[str, str]) -> None:
    """The same plan again (or a new one, where that one is stale) does the rest, and then there is nothing to do."""
    try:
        plan = ran.plan or work.plan(manifest)
        work.apply(plan)
    except StalePlanError:
        work.apply(work.plan(manifest))
    assert dict(prints(everything(file))) == goal
    assert work.plan(manifest).operations == ()


def meet(campaign: Campaign, tmp_path: Path, behave: Behaviour) -> Ran:
    """Run the script while a relay misbehaves; then check what must hold after anything."""
    file = tmp_path / "registry.db"
    shutil.copy(campaign.seed, file)
    with served(file) as server, relay(server) as between:
        work = Work(tmp_path, between.url)
        manifest = work.manifest(MANIFEST)
        between.reset(behave)
        ran = run(work, manifest)
        ran.requests = len(between.requests)
        assert not is_secret_in(ran.seen, SECRETS)
        if ran.receipt is not None:
            check_true(ran, file)
        between.reset()
        check_finishes(work, ran, manifest, file, campaign.goal)
    return ran


def places(fault: Fault, faults: list[Fault]) -> range:
    """A sample of request numbers, another one for each fault."""
    return range(faults.index(fault) % SAMPLE, REQUESTS, SAMPLE)


def test_the_script_without_faults(campaign: Campaign, tmp_path: Path) -> None:
    ran = meet(campaign, tmp_path, lambda _, forward: forward())
    assert ran.exit_code == 0 and ran.receipt is not None and ran.receipt.verified
    assert 40 < ran.requests <= REQUESTS


def _passing(campaign: Campaign, tmp_path: Path, fault: Fault, number: int) -> None:
    ran = meet(campaign, tmp_path, once(fault, number))
    assert ran.error is None, (number, ran.error)
    assert ran.exit_code == 0 and ran.receipt is not None and ran.receipt.verified, number


def _lasting(campaign: Campaign, tmp_path: Path, behave: Behaviour) -> None:
    ran = meet(campaign, tmp_path, behave)
    if ran.error is not None:
        assert isinstance(ran.error, BackendError) and ran.exit_code == 1
        return
    assert ran.receipt is not None
    statuses = {outcome.status for outcome in ran.receipt.outcomes.values()}
    done = bool(statuses & {Status.DONE, Status.UNKNOWN})
    whole = statuses <= {Status.DONE, Status.SKIPPED}
    assert ran.exit_code == (0 if whole else 4 if done else 1)


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.__name__)
def test_a_passing_fault_is_got_over(
    campaign: Campaign, tmp_path_factory: pytest.TempPathFactory, fault: Fault
) -> None:
    for number in places(fault, PASSING):
        _passing(campaign, tmp_path_factory.mktemp("run"), fault, number)


@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.__name__)
def test_a_lasting_fault_ends_the_run_truthfully(
    campaign: Campaign, tmp_path_factory: pytest.TempPathFactory, fault: Fault
) -> None:
    for number in places(fault, LASTING):
        _lasting(campaign, tmp_path_factory.mktemp("run"), once(fault, number))


@pytest.mark.parametrize("fault", [PASSING[1], PASSING[9]], ids=lambda fault: fault.__name__)
def test_a_server_that_is_gone_from_then_on(
    campaign: Campaign, tmp_path_factory: pytest.TempPathFactory, fault: Fault
) -> None:
    for number in range(3, REQUESTS, 12):
        _lasting(campaign, tmp_path_factory.mktemp("run"), from_then_on(fault, number))


def _any_of(faults: dict[int, Fault]) -> Behaviour:
    def behave(request: Request, forward: Forward) -> Response:
        fault = faults.get(request.number)
        return fault(request, forward) if fault else forward()

    return behave


A_FEW_FAULTS = st.dictionaries(st.integers(0, REQUESTS + 20), st.sampled_from([*PASSING, *LASTING]), max_size=8)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=A_FEW_FAULTS)
def test_any_faults_in_any_order(
    campaign: Campaign, tmp_path_factory: pytest.TempPathFactory, faults: dict[int, Fault]
) -> None:
    _lasting(campaign, tmp_path_factory.mktemp("run"), _any_of(faults))


@pytest.mark.torture
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=A_FEW_FAULTS)
def test_many_faults_in_any_order(
    campaign: Campaign, tmp_path_factory: pytest.TempPathFactory, faults: dict[int, Fault]
) -> None:
    _lasting(campaign, tmp_path_factory.mktemp("run"), _any_of(faults))


@pytest.mark.torture
@pytest.mark.parametrize("number", range(REQUESTS))
@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.__name__)
def test_every_passing_fault_everywhere(campaign: Campaign, tmp_path: Path, fault: Fault, number: int) -> None:
    _passing(campaign, tmp_path, fault, number)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(REQUESTS))
@pytest.mark.parametrize("fault", LASTING, ids=lambda fault: fault.__name__)
def test_every_lasting_fault_everywhere(campaign: Campaign, tmp_path: Path, fault: Fault, number: int) -> None:
    _lasting(campaign, tmp_path, once(fault, number))


@pytest.mark.torture
@pytest.mark.parametrize("number", range(REQUESTS))
@pytest.mark.parametrize("fault", [*PASSING, *LASTING], ids=lambda fault: fault.__name__)
def test_every_fault_from_then_on(campaign: Campaign, tmp_path: Path, fault: Fault, number: int) -> None:
    _lasting(campaign, tmp_path, from_then_on(fault, number))
