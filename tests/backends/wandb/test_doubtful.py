"""Answers that leave it open whether something was done, and servers that tell less than is needed. Nothing is taken for granted."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsync.backends.base import Status
from regsync.core import actions as a
from regsync.core.desired import HazardName
from regsync.core.live import RegistryScope, Version
from regsync.core.plan import Plan, Selection
from regsync.diagnostics import DiagnosticsError, RefusedError
from regsync.execution.receipt import Receipt, Result
from regsync.names import SourceRef, parse_address
from tests.backends.wandb.script import DETECTOR
from tests.backends.wandb.servers import like_wandb
from tests.backends.wandb.wire import DROPPED, Behaviour, Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import PEOPLE, QUICK, Work, everything, local_plan, served, write_world
from tests.guarantees import history

Json = dict[str, Any]
LIVE: Json = {
    "model": {
        "collections": {
            "detector": {
                "type": "model",
                "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1", f"{DETECTOR}:v2"],
                "aliases": {"production": "v0"},
            }
        }
    }
}


def detector(**block: Any) -> Json:
    return {"registries": {"model": {"collections": {"detector": {"type": "model", **block}}}}}


@contextmanager
def at_work(folder: Path, behave: Behaviour | None = None) -> Iterator[tuple[Work, Relay, Path]]:
    file = write_world(folder / "registry.db", {**PEOPLE, "registries": LIVE})
    with served(file) as server, relay(server) as between:
        if behave is not None:
            between.reset(behave)
        yield Work(folder, between.url), between, file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def carried_out(work: Work, manifest: Json) -> Receipt:
    receipt = work.apply(work.plan(work.manifest(manifest))).receipt
    assert receipt is not None
    return receipt


def statuses(receipt: Receipt) -> set[Status]:
    return {outcome.status for outcome in receipt.outcomes.values()}


def done_and_called_a_failure(status: int, code: str | None) -> Behaviour:
    """The server carries everything out, and then answers as if the document had not even been begun."""

    def behave(request: Request, forward: Forward) -> Response:
        if not request.writes:
            return forward()
        forward()
        error: Json = {"message": "internal system error"} | ({"extensions": {"code": code}} if code else {})
        return as_json({"data": None, "errors": [error]}, status)

    return behave


@pytest.mark.parametrize(("status", "code"), [(200, "INTERNAL_SERVER_ERROR"), (200, None), (400, "INTERNAL_ERROR")])
@pytest.mark.parametrize("aliases", [["production"], ["production", "staging", "canary"]])
def test_a_refusal_that_may_be_none_is_settled_by_reading(
    folder: Path, status: int, code: str | None, aliases: list[str]
) -> None:
    """Once sent, never sent again; and the receipt says what the registry shows."""
    with at_work(folder, done_and_called_a_failure(status, code)) as (work, between, file):
        receipt = carried_out(work, detector(aliases=dict.fromkeys(aliases, "v1")))
        assert statuses(receipt) == {Status.DONE} and receipt.exit_code == 0
        assert sum(request.writes for request in between.requests) == 1
        history.check_receipts([event for event in history.events(file) if event.actor == "alice"], work_receipts(work))


def work_receipts(work: Work) -> list[Json]:
    return history.receipts_in(work.state.path)


def test_what_is_carried_out_after_the_last_look_is_never_called_failed(folder: Path) -> None:
    """A request may lie about for longer than anybody waits. Nothing more is sent after one of which nobody knows."""
    later: list[threading.Timer] = []

    def behave(request: Request, forward: Forward) -> Response:
        if request.writes:
            later.append(threading.Timer(5.0, forward))
            later[-1].start()
            return DROPPED
        return forward()

    with at_work(folder, behave) as (work, _, file):
        work.options = replace(QUICK, timeout=0.3)
        receipt = carried_out(work, detector(aliases={"production": "v1"}, description="later"))
        assert Status.FAILED not in statuses(receipt) and receipt.exit_code == 4
        assert "perhaps still on its way" in " ".join(str(each.message) for each in receipt.outcomes.values())
        for timer in later:
            timer.join()
        history.check_receipts([event for event in history.events(file) if event.actor == "alice"], work_receipts(work))


def test_a_second_try_that_was_not_sent_says_nothing_of_the_first(folder: Path) -> None:
    """The first lies about somewhere; the next is turned away before it is executed. Then the first arrives."""
    first: list[threading.Timer] = []

    def behave(request: Request, forward: Forward) -> Response:
        if not request.writes:
            return forward()
        if first:
            return as_json({"errors": [{"message": "this document is not welcome"}]}, 400)
        first.append(threading.Timer(2.5, forward))
        first[0].start()
        return DROPPED

    with at_work(folder, behave) as (work, _, file):
        receipt = carried_out(work, detector(aliases={"production": "v1"}))
        (outcome,) = receipt.outcomes.values()
        assert (outcome.status, receipt.exit_code) == (Status.UNKNOWN, 4)
        assert "this document is not welcome" in str(outcome.message)
        first[0].join()
        history.check_receipts([event for event in history.events(file) if event.actor == "alice"], work_receipts(work))


def test_a_target_does_not_take_the_protection_from_an_alias(folder: Path) -> None:
    """W&B tells nobody which aliases it protects: what the manifest declares counts, however little of it is planned."""
    manifest = detector(aliases={"production": "absent"})
    manifest["registries"]["model"]["protected_aliases"] = ["production"]
    with at_work(folder, like_wandb()) as (work, _, _):
        path = work.manifest(manifest)
        for target in ((), ("model/detector",), ("model/detector:production",)):
            allow = {HazardName.REMOVE_ALIAS: None}
            plan = work.plan(path, Selection(tuple(map(parse_address, target)), (), allow))
            (operation,) = plan.operations
            assert operation.protected
            assert {hit.name for hit in operation.hits} == {HazardName.REMOVE_PROTECTED_ALIAS}
            with pytest.raises(RefusedError, match="remove-protected-alias"):
                work.apply(plan)


def without_artifacts(*indices: int) -> Behaviour:
    """Links whose sources were deleted: nothing is left of them but their number."""

    def strip(value: Any) -> None:
        if isinstance(value, dict):
            if "aliases" in value and value.get("versionIndex") in indices:
                value["artifact"] = None
            for each in value.values():
                strip(each)
        elif isinstance(value, list):
            for each in value:
                strip(each)

    def behave(request: Request, forward: Forward) -> Response:
        answer = forward()
        if "artifactMemberships" not in request.document:
            return answer
        body = answer.json
        strip(body)
        return as_json(body)

    return behave


def test_several_links_without_a_source_are_told_apart(folder: Path) -> None:
    with at_work(folder, without_artifacts(1, 2)) as (work, between, _):
        manifest = detector(versions=[f"{DETECTOR}:v0"], unlisted={"versions": "remove"})
        plan = work.plan(work.manifest(manifest))
        assert [op.action.index for op in plan.operations if isinstance(op.action, a.UnlinkVersion)] == [1, 2]
        receipt = work.apply(plan).receipt
        assert receipt is not None
        failed = [outcome for outcome in receipt.outcomes.values() if outcome.status is Status.FAILED]
        assert failed and "the source version was deleted" in str(failed[0].message)
        assert "gone:" not in "".join(request.body.decode() for request in between.requests if request.writes)


@pytest.mark.parametrize("index", [None, "v3", -1, 10**30, True, []], ids=str)
def test_a_link_that_is_answered_without_its_index(folder: Path, index: Any) -> None:
    def behave(request: Request, forward: Forward) -> Response:
        answer = forward()
        if "linkArtifact" not in request.document:
            return answer
        body = answer.json
        for payload in body["data"].values():
            payload["versionIndex"] = index
        return as_json(body)

    with at_work(folder, behave) as (work, _, _):
        receipt = carried_out(work, detector(versions=[f"{DETECTOR}:v4"]))
        assert receipt.exit_code == 0 and receipt.verified
        assert {outcome.linked_index for outcome in receipt.outcomes.values()} <= {None, 3}


def test_types_that_the_server_does_not_tell_are_not_taken_for_every_type(folder: Path) -> None:
    with at_work(folder, like_wandb("allowAllArtifactTypesInRegistry")) as (work, _, _):
        manifest = detector(aliases={"production": "v1"})
        assert carried_out(work, manifest).exit_code == 0
        manifest["registries"]["model"]["artifact_types"] = ["model"]
        with pytest.raises(DiagnosticsError, match="does not tell which artifact types"):
            work.plan(work.manifest(manifest))


def test_a_feature_about_creating_says_nothing_about_reading(folder: Path) -> None:
    """Accepted types are read, whether or not a server announces that registries can be created with them."""

    def behave(request: Request, forward: Forward) -> Response:
        answer = forward()
        if "serverInfo" not in request.document:
            return answer
        body = answer.json
        features = (body["data"].get("serverInfo") or {}).get("features")
        if features:
            kept = [each for each in features if not each["name"].startswith("INCLUDE_ARTIFACT_TYPES")]
            body["data"]["serverInfo"]["features"] = kept
        return as_json(body)

    with at_work(folder, behave) as (work, _, file):
        registry = {"artifact_types": ["model"]}
        created = {"registries": {"typed": registry}}
        assert work.apply(local_planned(work, file, created)).receipt is not None
        with work.reader() as reader:
            live = reader.observe({"typed": RegistryScope(None)}).registries["typed"]
        assert live.artifact_types == frozenset({"model"})


def local_planned(work: Work, file: Path, manifest: Json) -> Plan:
    """The plan over HTTP, once it is known that the file gives the same."""
    path = work.manifest(manifest)
    plan = work.plan(path)
    assert [op.action for op in plan.operations] == [op.action for op in local_plan(file, path).operations]
    return plan


def test_a_collection_that_goes_while_its_description_is_to_be_set(folder: Path) -> None:
    """On a server that makes collections with their first link; the link was done, and somebody deletes what it made."""
    gone: list[bool] = []

    def behave(request: Request, forward: Forward) -> Response:
        answer = like_wandb("createArtifactPortfolio")(request, forward)
        if "linkArtifact" in request.document:
            gone.append(True)
        elif gone and "artifactCollection" in request.document:
            body = answer.json
            for part in (body["data"].get("organization") or {}).get("orgEntity", {}).values():
                if isinstance(part, dict) and "edges" in part and "totalCount" in part:
                    part |= {"edges": [], "totalCount": 0}
            for part in body["data"].values():
                part |= {name: None for name in part if name == "artifactCollection" or re.fullmatch("n[0-9]+", name)}
            return as_json(body)
        return answer

    with at_work(folder, behave) as (work, _, file):
        new = {"type": "model", "description": "later", "versions": [f"{DETECTOR}:v0"]}
        receipt = carried_out(work, {"registries": {"model": {"collections": {"new": new}}}})
        assert not receipt.verified
        assert any("it is not there any more" in str(outcome.message) for outcome in receipt.outcomes.values())
        assert "new" in everything(file).registries["model"].collections


def test_a_link_that_got_another_index_is_reported_with_it(folder: Path) -> None:
    """Somebody links another version between the check and the write: the plan promised the next free index, and that is another."""
    begun: list[bool] = []

    def behave(request: Request, forward: Forward) -> Response:
        if "linkArtifact" in request.document and not begun:
            begun.append(True)
            stranger = request.body.replace(id_of(4).encode(), id_of(5).encode())
            forward(stranger)
        return forward()

    with at_work(folder, behave) as (work, _, file):
        with work.reader() as reader:
            found = reader.resolve([SourceRef("acme-ml", "fraud", "detector", f"v{number}") for number in (4, 5)])
        ids = {ref.version: version.artifact_id for ref, version in found.items() if isinstance(version, Version)}

        def id_of(number: int) -> str:
            return ids[f"v{number}"]

        receipt = carried_out(work, detector(versions=[f"{DETECTOR}:v4"]))
        (outcome,) = receipt.outcomes.values()
        assert (outcome.status, receipt.result, receipt.exit_code) == (Status.DONE, Result.DONE, 0)
        assert outcome.linked_index == 4
        assert sorted(everything(file).registries["model"].collections["detector"].links) == [0, 1, 2, 3, 4]
