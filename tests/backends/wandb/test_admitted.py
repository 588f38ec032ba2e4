"""Planning and applying against servers that public knowledge admits: what a search does not show is not taken for absent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regsync.backends.base import BackendError
from regsync.core import actions as a
from regsync.core.plan import Plan
from regsync.diagnostics import DiagnosticsError
from regsync.planning.live import read_live
from tests.backends.wandb.script import DETECTOR, MANIFEST, SEED
from tests.backends.wandb.servers import Server, admitted, nothing, some_of
from tests.backends.wandb.worlds import KEYS, Json, Work, everything, local_plan, prints
from tests.budget import share
from tests.laws.worlds import live_worlds, wanted_worlds

Switches = dict[str, object]


def turn(server: Server, switches: Switches) -> None:
    """Turn these switches."""
    for name, value in switches.items():
        setattr(server, name, value)


def actions_of(plan: Plan) -> list[a.Action]:
    return [operation.action for operation in plan.operations]


def test_a_search_that_finds_nothing_makes_no_plan_that_creates_what_is_there(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        before = prints(everything(file))
        path = work.manifest({"registries": {"model": {"collections": {"detector": {"aliases": {"staging": "v1"}}}}}})
        server.shows = nothing
        assert actions_of(work.plan(path)) == []
        moved = work.manifest({"registries": {"model": {"collections": {"detector": {"aliases": {"staging": "v2"}}}}}})
        plan = work.plan(moved)
        assert [action.kind for action in actions_of(plan)] == ["set-alias"]
        receipt = work.apply(plan).receipt
        assert receipt is not None and receipt.exit_code == 0 and receipt.verified
        after = prints(everything(file))
        assert after.keys() == before.keys()
        assert everything(file).registries["model"].description == "as it was"


def test_everything_of_the_script_on_a_server_whose_filters_find_nothing(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest(MANIFEST)
        expected = actions_of(local_plan(file, path))
        server.shows = nothing
        plan = work.plan(path)
        assert actions_of(plan) == expected
        receipt = work.apply(plan).receipt
        assert receipt is not None and (receipt.exit_code, receipt.verified) == (0, True)
        assert actions_of(local_plan(file, path)) == []


ANY_SERVER = st.fixed_dictionaries(
    {"shows": st.integers(0, 10**6).map(some_of)},
    optional={
        "null_nodes": st.just(True),
        "nulls": st.sampled_from([("tags",), ("artifactMemberships",), ("artifactTypes",)]),
        "places": st.just(False),
        "counts_hidden": st.just(True),
        "counts_own": st.just(True),
        "own_lists": st.just(False),
        "lags": st.just(True),
        "one_mutation": st.just(True),
        "most_fields": st.integers(1, 5),
        "lacks": st.sampled_from([("artifactCollectionMembership",), ("createArtifactPortfolio",)]),
    },
)


@share(30, suppress_health_check=list(HealthCheck))
@given(live_worlds(), wanted_worlds(), ANY_SERVER)
def test_on_any_server_the_plan_is_right_or_there_is_none_and_what_is_verified_is_true(
    world: Json, manifest: Json, switches: Switches
) -> None:
    world = {**world, "users": {**world["users"], "alice": {"api_key": KEYS["alice"], "role": "admin"}}}
    with tempfile.TemporaryDirectory(prefix="regsync-admitted-") as name, admitted(Path(name), world) as found:
        work, server, file, _ = found
        path = work.manifest(manifest)
        try:
            right = what(local_plan(file, path))
        except DiagnosticsError:
            return
        turn(server, switches)
        try:
            plan = work.plan(path)
        except (DiagnosticsError, BackendError):
            return  # No plan at all.
        assert what(plan) == right
        receipt = work.apply(plan).receipt
        if receipt is not None and receipt.verified:
            assert what(local_plan(file, path)) == []


def what(plan: Plan) -> list[str]:
    """What a plan does, and to what. Not to which index: that is not told where links are not."""
    return [f"{operation.action.kind} {operation.action.address}" for operation in plan.operations]


OTHER_LISTS: dict[str, Switches] = {
    "null nodes": {"null_nodes": True},
    "counts what is hidden": {"counts_hidden": True},
    "refuses large pages": {"largest_page": 100, "pages_fail": True},
}


@pytest.mark.parametrize("differ", OTHER_LISTS.values(), ids=OTHER_LISTS)
def test_a_server_with_other_lists_gives_the_same_plan_and_the_same_result(tmp_path: Path, differ: Switches) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest({"registries": {**MANIFEST["registries"], "gone": {"description": "stays"}}})
        expected = actions_of(local_plan(file, path))
        turn(server, differ)
        plan = work.plan(path)
        assert actions_of(plan) == expected
        receipt = work.apply(plan).receipt
        assert receipt is not None and (receipt.exit_code, receipt.verified) == (0, True)
        assert any("cannot be seen with this key" in line for line in work.said) is not bool(server.largest_page)


def test_no_request_uses_an_operator_that_is_not_documented(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, _, _):
        work.apply(work.plan(work.manifest(MANIFEST)))
        sent = " ".join(str(value) for request in server.seen for value in request.variables.values())
        assert "$or" in sent
        assert "$in" not in sent


def test_an_index_that_lags_makes_no_apply_fail_and_no_receipt_lie(tmp_path: Path) -> None:
    """Searches show memberships as they were before the apply, from its first write to its end."""
    with admitted(tmp_path, SEED) as (work, server, file, _):
        aliases = {"staging": f"{DETECTOR}:v5", "new": f"{DETECTOR}:v4"}
        path = work.manifest({"registries": {"model": {"collections": {"detector": {"aliases": aliases}}}}})
        plan = work.plan(path)
        server.lags = True
        receipt = work.apply(plan).receipt
        assert receipt is not None and (receipt.exit_code, receipt.verified) == (0, True)
        assert {each.status.value for each in receipt.outcomes.values()} == {"done"}
        assert actions_of(work.plan(path)) == []
        detector = everything(file).registries["model"].collections["detector"]
        assert detector.links[detector.aliases["staging"]].source == f"{DETECTOR}:v5"


def test_a_registry_is_not_deleted_with_what_the_key_cannot_see(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest({"registries": {"gone": "absent"}})
        server.null_nodes = True
        assert errors_of(work, path) == ["not-all-shown"]
        assert "gone" in everything(file).registries


def errors_of(work: Work, path: Path) -> list[str]:
    """The codes of what makes a plan impossible."""
    with pytest.raises(DiagnosticsError) as raised:
        work.plan(path)
    return [each.code for each in raised.value.diagnostics if each.is_error]


UNSEEN: dict[str, Switches] = {
    "types": {"nulls": ("artifactTypes",)},
    "tags": {"nulls": ("tags",)},
    "links": {"nulls": ("artifactMemberships",)},
}


@pytest.mark.parametrize("differ", UNSEEN.values(), ids=UNSEEN)
def test_what_comes_as_null_is_left_alone_and_the_rest_is_done(tmp_path: Path, differ: Switches) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest({"registries": {"model": {"description": "edited", "collections": DETECTOR_EDITED}}})
        expected = actions_of(local_plan(file, path))
        turn(server, differ)
        plan = work.plan(path)
        assert actions_of(plan) == expected and len(expected) == 3
        receipt = work.apply(plan).receipt
        assert receipt is not None and (receipt.exit_code, receipt.verified) == (0, True)
        assert any("cannot be seen with this key" in line for line in work.said)


DETECTOR_EDITED = {"detector": {"tags": ["old", "new"], "aliases": {"staging": "v2"}}}


def test_a_collection_is_not_deleted_with_links_that_the_key_cannot_see(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest({"registries": {"model": {"collections": {"doomed": "absent"}}}})
        plan = work.plan(path)
        turn(server, UNSEEN["links"])
        assert errors_of(work, path) == ["not-all-shown"]
        receipt = work.apply(plan).receipt  # It was planned when all of it could be seen.
        assert receipt is not None and receipt.exit_code != 0
        assert [each.message for each in receipt.outcomes.values()] == [
            "model/doomed: it holds things that this key cannot see"
        ]
        assert "doomed" in everything(file).registries["model"].collections


def unlisted(kind: str, block: Json) -> Json:
    return {"registries": {"model": {"unlisted": {kind: "remove"}, "collections": block}}}


KEPT = {"older": {"type": "model"}, "doomed": {"type": "model"}}
FOR_UNLISTED: dict[str, Json] = {
    "collections": unlisted("collections", {"detector": {"type": "model"}}),
    "versions": unlisted("versions", {**KEPT, "detector": {"versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1"]}}),
    "aliases": unlisted("aliases", {**KEPT, "detector": {"aliases": {"production": "v0"}}}),
    "tags": unlisted("tags", {**KEPT, "detector": {"tags": []}}),
    "absent": {"registries": {"model": {"collections": {"detector": {"aliases": {"unused": "absent"}}}}}},
}


@pytest.mark.parametrize("kind", FOR_UNLISTED)
@pytest.mark.parametrize("shows", [nothing, some_of(5)], ids=["nothing", "some"])
def test_what_is_not_listed_goes_whatever_searches_leave_out(
    tmp_path: Path, kind: str, shows: Callable[[str, Json], bool]
) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest(FOR_UNLISTED[kind])
        expected = actions_of(local_plan(file, path))
        assert expected
        server.shows = shows
        plan = work.plan(path)
        assert actions_of(plan) == expected
        receipt = work.apply(plan).receipt
        assert receipt is not None and (receipt.exit_code, receipt.verified) == (0, True)
        assert actions_of(local_plan(file, path)) == []


@pytest.mark.parametrize("kind", ["collections", "versions", "aliases"])
@pytest.mark.parametrize("differ", [{"places": False}, {"lags": True}], ids=str)
def test_what_is_not_listed_goes_where_collections_tell_no_registry_or_searches_lag(
    tmp_path: Path, kind: str, differ: Switches
) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        path = work.manifest(FOR_UNLISTED[kind])
        expected = actions_of(local_plan(file, path))
        turn(server, differ)
        plan = work.plan(path)
        assert [str(each.address) for each in actions_of(plan)] == [str(each.address) for each in expected]
        receipt = work.apply(plan).receipt
        assert receipt is not None and (receipt.exit_code, receipt.verified) == (0, True)


HIDING: dict[str, Switches] = {
    "collections": {"null_nodes": True},
    "counted collections": {"counts_own": True},
    "versions": {"nulls": ("artifactMemberships",)},
    "aliases": {"nulls": ("artifactMemberships",)},
    "tags": {"nulls": ("tags",)},
}


@pytest.mark.parametrize("what", HIDING)
def test_nothing_unlisted_goes_where_the_key_cannot_see_all_of_it(tmp_path: Path, what: str) -> None:
    with admitted(tmp_path, SEED) as (work, server, _, _):
        path = work.manifest(FOR_UNLISTED[what.rsplit(maxsplit=1)[-1]])
        turn(server, HIDING[what])
        with pytest.raises(DiagnosticsError) as raised:
            work.plan(path)
        [error] = [each for each in raised.value.diagnostics if each.is_error]
        assert error.code == "not-all-shown" and "name what is to go as `absent`" in (error.hint or "")
        assert len([line for line in work.said if "cannot be seen with this key" in line]) == 1


def test_an_alias_that_may_be_absent_unseen_is_warned_of(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, _, _):
        block = {"detector": {"aliases": {"unused": "absent", "hidden": "absent"}}}
        path = work.manifest({"registries": {"model": {"collections": block}}})
        turn(server, UNSEEN["links"])
        plan = work.plan(path)
        assert [each.kind for each in actions_of(plan)] == ["remove-alias"]
        assert [(each.code, "hidden, declared absent" in each.message) for each in plan.warnings] == [
            ("not-all-shown", True)
        ]


@pytest.mark.parametrize("manifest", [FOR_UNLISTED["collections"], {"registries": {"gone": "absent"}}], ids=str)
def test_a_server_without_lists_of_its_own_proves_nothing_absent(tmp_path: Path, manifest: Json) -> None:
    with admitted(tmp_path, SEED) as (work, server, _, _):
        path = work.manifest(manifest)
        server.own_lists = False
        assert errors_of(work, path) == ["list-not-proven"]


def test_an_import_from_a_server_without_lists_of_its_own_says_that_it_searched(tmp_path: Path) -> None:
    with admitted(tmp_path, SEED) as (work, server, file, _):
        server.own_lists = False
        with work.reader() as reader:
            live, _ = read_live(reader, [], members=False)
        assert live.registries["model"].collections == everything(file).registries["model"].collections
        assert len([line for line in work.said if "by search only" in line]) == 1
