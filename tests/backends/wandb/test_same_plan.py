"""One registry file, planned and applied through both backends: the same plan, the same result."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given

from regsync.backends.wandb.connection.options import Options
from regsync.core.plan import Plan
from regsync.core.plan_document import plan_document
from regsync.diagnostics import DiagnosticsError
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.worlds import KEYS, Work, everything, local_apply, local_plan, prints, served, write_world
from tests.budget import share
from tests.laws.worlds import Json, live_worlds, wanted_worlds

PATIENT = Options(timeout=20.0, deadline=20.0)


def comparable(plan: Plan) -> dict[str, Any]:
    """A plan's document without what names the destination: that itself, the digest over it, and the pages of the read."""
    document = plan_document(plan)
    del document["destination"], document["digest"], document["read"]["pages"]
    return document


def check_same(seed: Json, manifest: Json) -> None:
    """Plan through both, compare; apply through each on a copy of its own, compare; plan again, which must be empty."""
    with tempfile.TemporaryDirectory(prefix="regsync-same-") as name:
        folder = Path(name)
        direct = write_world(folder / "direct.db", seed)
        over_http = folder / "http.db"
        shutil.copy(direct, over_http)
        with served(over_http) as server:
            work = Work(folder, server, options=PATIENT)
            path = work.manifest(manifest)
            try:
                planned = local_plan(over_http, path)
            except DiagnosticsError as error:
                check_same_errors(work, path, error)
                return
            plan = work.plan(path)
            assert comparable(plan) == comparable(planned)
            applied = work.apply(plan).receipt
            locally = local_apply(direct, local_plan(direct, path), folder / "local-state").receipt
            assert (applied is None) == (locally is None)
            assert applied is None or (applied.exit_code, applied.verified) == (0, True)
            assert prints(everything(over_http)) == prints(everything(direct))
            assert applied is None or work.plan(path).operations == ()


def check_same_errors(work: Work, path: Path, expected: DiagnosticsError) -> None:
    """What is wrong with a manifest is wrong with it everywhere, at the same places."""
    try:
        work.plan(path)
    except DiagnosticsError as error:
        assert [(d.code, d.position) for d in error.diagnostics] == [(d.code, d.position) for d in expected.diagnostics]
    else:
        raise AssertionError(f"planned over HTTP, and not on the file: {expected}")


def test_every_kind_of_operation() -> None:
    check_same(SEED, MANIFEST)


@share(25, suppress_health_check=list(HealthCheck))
@given(seed=live_worlds(), manifest=wanted_worlds())
def test_any_world_and_any_manifest(seed: Json, manifest: Json) -> None:
    users = {**seed["users"], "alice": {"api_key": KEYS["alice"], "role": "admin"}}
    check_same({**seed, "users": users}, manifest)
