"""A good key that is not shown everything, and edits on a server that takes null for "as it is"."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsync.backends.base import BackendError
from regsync.backends.checkup import State, examine
from regsync.backends.wandb.connection.options import options_from_environment
from regsync.core.live import RegistryScope
from regsync.diagnostics import DiagnosticsError
from regsync.planning.live import read_live
from tests.backends.wandb.script import MANIFEST
from tests.backends.wandb.servers import Server, denying, like_wandb
from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json
from tests.backends.wandb.worlds import Work, everything


def test_members_that_are_not_shown_are_left_out_and_all_else_is_read(work: Work, between: Relay, file: Path) -> None:
    between.reset(denying("members", "teamMembers"))
    with work.reader() as reader:
        live = reader.observe({"model": RegistryScope(None, True)}).registries["model"]
    expected = everything(file).registries["model"]
    assert live.members is None and live.role is None
    assert live.collections == expected.collections
    assert (live.description, live.artifact_types) == (expected.description, expected.artifact_types)


def test_doctor_says_what_is_not_known_and_does_not_blame_the_key(work: Work, between: Relay) -> None:
    between.reset(denying("members", "teamMembers"))
    found = {each.subject: each for each in examine(work.reader, None)}
    assert found["members"].state is State.NOTE and "does not show this key" in found["members"].text
    assert found["key"].state is State.OK
    assert "role not told" in found["registry model"].text
    assert not [each for each in found.values() if each.state is State.PROBLEM]


def test_declared_members_that_are_not_shown_are_an_error_and_never_taken_for_absent(
    work: Work, between: Relay
) -> None:
    between.reset(denying("members", "teamMembers"))
    manifest = work.manifest({"registries": {"model": {"members": {"bob": "viewer"}}}})
    with pytest.raises(DiagnosticsError) as raised:
        work.plan(manifest)
    assert [each.code for each in raised.value.diagnostics] == ["members-not-shown"]


@pytest.mark.parametrize("field", ["teams", "organizations", "features", "readOnly", "protectedAliases"])
def test_a_plan_that_does_not_need_a_denied_field_is_made(work: Work, between: Relay, field: str) -> None:
    manifest = work.manifest({"registries": {"model": {"description": "other"}}})
    between.reset(denying(field))
    assert [each.action.kind for each in work.plan(manifest).operations] == ["update-registry"]


DENIED_LISTS = {
    "artifactCollections": {"gone": "absent"},
    "artifactMemberships": {"model": {"collections": {"doomed": "absent"}}},
}


@pytest.mark.parametrize("field", DENIED_LISTS)
def test_lists_that_are_denied_prove_nothing_absent_and_keep_nothing_else_from_being_read(
    work: Work, between: Relay, file: Path, field: str
) -> None:
    between.reset(Server(denies=(field,)))
    with pytest.raises(DiagnosticsError) as raised:
        work.plan(work.manifest({"registries": DENIED_LISTS[field]}))
    assert [each.code for each in raised.value.diagnostics] == ["list-not-proven"]
    with work.reader() as reader:
        live, _ = read_live(reader, [], members=False)
    assert {name: each.collections.keys() for name, each in live.registries.items()} == {
        name: each.collections.keys() for name, each in everything(file).registries.items()
    }
    assert any("by search only" in line for line in work.said)


def test_a_field_that_is_needed_is_named_as_denied_and_no_new_key_is_asked_for(work: Work, between: Relay) -> None:
    between.reset(denying("defaultArtifactType"))
    with pytest.raises(BackendError, match="does not show this key a field") as raised:
        work.plan(work.manifest(MANIFEST))
    assert raised.value.code == "denied"
    assert "itself is good" in (raised.value.hint or "")


def test_a_key_whose_user_has_to_log_in_again_is_told_so(work: Work, between: Relay) -> None:
    def relogin(request: Request, forward: Forward) -> Response:
        return as_json({"errors": [{"message": "relogin required"}], "data": None}, 401)

    between.reset(relogin)
    with pytest.raises(BackendError) as raised, work.reader() as reader:
        reader.destination()
    assert raised.value.code == "relogin" and "log in to the web app" in (raised.value.hint or "")


def test_what_is_sent_with_every_request(work: Work, between: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    with work.reader() as reader:
        reader.destination()
    assert between.requests[0].headers["user-agent"].startswith("regsync/")
    assert between.requests[0].headers["use-admin-privileges"] == "true"
    monkeypatch.setenv("REGSYNC_USER_AGENT", "W&B Public Client 0.31.0")
    between.reset()
    with Work(work.folder, work.server, options_from_environment()).reader() as reader:
        reader.destination()
    assert {each.headers["user-agent"] for each in between.requests} == {"W&B Public Client 0.31.0"}
    monkeypatch.setenv("REGSYNC_USER_AGENT", "two\nlines")
    with pytest.raises(BackendError, match="REGSYNC_USER_AGENT"):
        options_from_environment()


CLEARED = [
    {"description": None},
    {"collections": {"detector": {"description": None}}},
]


@pytest.mark.parametrize("change", CLEARED, ids=["registry", "collection"])
def test_clearing_a_description_works_or_is_said_to_be_impossible(
    work: Work, between: Relay, file: Path, change: dict[str, object]
) -> None:
    manifest = work.manifest({"registries": {"model": change}})
    plan = work.plan(manifest)
    between.reset(Server(null_is_unchanged=True))
    receipt = work.apply(plan).receipt
    assert receipt is not None and not receipt.verified
    [outcome] = receipt.outcomes.values()
    assert outcome.status.value == "failed" and 'description: ""' in (outcome.hint or "")
    between.reset()
    receipt = work.apply(work.plan(manifest)).receipt
    assert receipt is not None and receipt.verified
    assert work.plan(manifest).operations == ()


def test_edits_repeat_what_was_read(work: Work, between: Relay) -> None:
    manifest = work.manifest(MANIFEST)
    plan = work.plan(manifest)
    between.reset()
    work.apply(plan)
    inputs = [
        value
        for request in between.requests
        if request.writes
        for value in request.variables.values()
        if isinstance(value, dict)
    ]
    edits = [each for each in inputs if "access" in each]
    assert edits and all({"description", "access", "allowAllArtifactTypesInRegistry"} <= each.keys() for each in edits)
    named = [each for each in inputs if "artifactPortfolioID" in each and "artifactID" not in each]
    assert named and all("name" in each for each in named)


@pytest.mark.parametrize(
    ("told", "says"), [({"advancedSearch": True}, True), ({"advancedSearch": False}, False), (None, False)]
)
def test_doctor_says_that_searches_have_an_index_that_may_lag(
    work: Work, between: Relay, told: dict[str, bool] | None, says: bool
) -> None:
    def behave(request: Request, forward: Forward) -> Response:
        if "advancedRegistryFeatures" not in request.document:
            return like_wandb()(request, forward)
        return as_json({"data": {"organization": {"advancedRegistryFeatures": told}}})

    between.reset(behave)
    found = {each.subject: each for each in examine(work.reader, None)}
    assert ("search index" in found) is says
    assert not [each for each in found.values() if each.state is State.PROBLEM]
