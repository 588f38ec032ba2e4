"""One registry file, planned and applied through both backends: the same plan, the same result."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given

from regsync.backends.wandb.connection.options import Options
from regsync.core.plan import Plan
from regsync.core.plan_document import plan_document
from regsync.diagnostics import DiagnosticsError
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.wire import Forward, Request, Response, as_json, relay
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


NOBODY = {"registries": {"model": {"members": {"bob": "viewer", "bobby": "member", "team:acme-xl": "member"}}}}


def test_a_new_member_who_is_not_there_is_an_error_of_the_plan_of_both(tmp_path: Path) -> None:
    """To an admin, who is shown everybody."""
    file = write_world(tmp_path / "registry.db", SEED)
    with served(file) as server:
        work = Work(tmp_path, server, options=PATIENT)
        path = work.manifest(NOBODY)
        with pytest.raises(DiagnosticsError) as over_http:
            work.plan(path)
        with pytest.raises(DiagnosticsError) as on_the_file:
            local_plan(file, path)
        assert over_http.value.diagnostics == on_the_file.value.diagnostics
        assert [(each.code, each.message) for each in over_http.value.diagnostics if each.is_error] == [
            ("unknown-member", "there is no user 'bobby'"),
            ("unknown-member", "there is no team 'acme-xl'"),
        ]


def test_a_new_member_whom_this_key_may_not_see_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carol is no admin: another key may see more, and an apply with hers stops there."""
    file = write_world(tmp_path / "registry.db", SEED)
    monkeypatch.setenv("WANDB_API_KEY", KEYS["carol"])
    with served(file) as server:
        work = Work(tmp_path, server, options=PATIENT)
        plan = work.plan(work.manifest(NOBODY))
        said = [each.message for each in plan.warnings if each.code == "unknown-member"]
        assert [message.partition(":")[0] for message in said] == [
            "there is no user 'bobby', or this key cannot see it",
            "there is no team 'acme-xl', or this key cannot see it",
        ]
        receipt = work.apply(plan).receipt
        assert receipt is not None and receipt.exit_code == 1


def telling_of_nobody(request: Request, forward: Forward) -> Response:
    """HTTP 401 with data for the list of users, as for a field that this kind of key may not see."""
    if "users(" not in request.document:
        return forward()
    error = {"message": "permission denied", "path": ["p0"]}
    return as_json({"data": {"p0": None}, "errors": [error]}, 401)


def test_a_key_that_is_told_of_nobody_is_no_reason_to_warn(tmp_path: Path) -> None:
    file = write_world(tmp_path / "registry.db", SEED)
    with served(file) as server, relay(server) as between:
        between.reset(telling_of_nobody)
        work = Work(tmp_path, between.url, options=PATIENT)
        path = work.manifest({"registries": {"model": {"members": {"bobby": "member"}}}})
        plan = work.plan(path)
        assert [each.code for each in plan.warnings] == []
        assert any("users(" in request.document for request in between.requests)
