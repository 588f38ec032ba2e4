"""The published schemas of plan, receipt and probe: valid themselves, strict, and in step with the code."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from regsync.backends.base import Outcome, Status
from regsync.core.actions import ACTIONS, Action
from regsync.core.canonical import canonical_json
from regsync.core.desired import HazardName
from regsync.core.fingerprint import ABSENT
from regsync.core.live import Destination, Version, VersionDetails
from regsync.core.operation import Hit, Operation, Reason
from regsync.core.plan_document import PLAN_FORMAT, operation_json, plan_document
from regsync.diagnostics import DiagnosticsError, Position
from regsync.execution.journal import outcome_json
from regsync.execution.receipt import RECEIPT_FORMAT, Result, receipt_document
from regsync.names import Role, Visibility
from regsync.planning.evidence import version_facts
from regsync.schema_files import schema
from tests.budget import share
from tests.laws.run import world
from tests.laws.worlds import live_worlds, wanted_worlds

Json = dict[str, Any]
PLAN, RECEIPT, PROBE = schema("plan"), schema("receipt"), schema("probe")
DIGEST = "sha256:" + 64 * "0"

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
versions = st.builds(Version, texts, texts, texts, texts)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "str | None": st.none() | texts,
    "int": st.integers(0, 9),
    "int | None": st.none() | st.integers(0, 9),
    "Role": st.sampled_from(Role),
    "Role | None": st.none() | st.sampled_from(Role),
    "Visibility": st.sampled_from(Visibility),
    "tuple[str, ...]": st.lists(texts, min_size=1, max_size=3).map(tuple),
    "tuple[str, ...] | None": st.none() | st.lists(texts, max_size=3).map(tuple),
    "Version": versions,
    "Version | None": st.none() | versions,
}


def actions(kind: str) -> st.SearchStrategy[Action]:
    """Any action of that kind, made field by field from the types that the class declares."""
    of = ACTIONS[kind]
    strategies = {field.name: BY_TYPE[str(field.type)] for field in fields(of)}
    if "fingerprint" in strategies:
        strategies["fingerprint"] = st.just(DIGEST)
    return st.builds(of, **strategies)


def operation_schema(document: Json, name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": document["$defs"]})


PLANNED, PERFORMED = operation_schema(PLAN, "plannedOperation"), operation_schema(RECEIPT, "performedOperation")


def subschemas(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from subschemas(each)


@pytest.mark.parametrize("document", [PLAN, RECEIPT, PROBE], ids=["plan", "receipt", "probe"])
def test_they_are_schemas_that_say_what_they_are_about(document: Json) -> None:
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["title"]
    assert document["description"]
    for name, definition in document["$defs"].items():
        assert definition.get("title") or "$ref" in definition, name


@pytest.mark.parametrize("document", [PLAN, RECEIPT, PROBE], ids=["plan", "receipt", "probe"])
def test_no_object_is_open(document: Json) -> None:
    for part in subschemas(document):
        if part.get("type") == "object" and part is not document["$defs"].get("operation"):
            assert "additionalProperties" in part, part.get("title") or part


def test_what_both_share_is_the_same() -> None:
    shared = PLAN["$defs"].keys() & RECEIPT["$defs"].keys()
    assert {"operation", "evidence", "change", "destination"} <= shared
    for name in shared:
        assert PLAN["$defs"][name] == RECEIPT["$defs"][name]


def test_formats_and_words_are_those_of_the_code() -> None:
    assert PLAN["properties"]["format"]["const"] == PLAN_FORMAT
    assert RECEIPT["properties"]["format"]["const"] == RECEIPT_FORMAT
    defs = PLAN["$defs"]
    assert defs["hazardName"]["enum"] == list(HazardName)
    assert defs["role"]["enum"] == list(Role)
    assert defs["visibility"]["enum"] == list(Visibility)
    assert defs["operation"]["properties"]["kind"]["enum"] == list(ACTIONS)
    assert [each["properties"]["kind"]["const"] for each in defs["change"]["oneOf"]] == list(ACTIONS)
    assert list(defs["destination"]["properties"]) == list(Destination._fields)
    assert RECEIPT["properties"]["result"]["enum"] == list(Result)
    assert RECEIPT["$defs"]["performedOperation"]["properties"]["status"]["enum"] == list(Status)
    assert RECEIPT["properties"]["summary"]["required"] == list(Status)
    assert list(defs["versionFacts"]["properties"]) == list(version_facts(VersionDetails()))
    assert ABSENT in PLAN["properties"]["read"]["properties"]["fingerprints"]["additionalProperties"]["pattern"]


@pytest.mark.parametrize("kind", ACTIONS)
@share(25)
@given(data=st.data())
def test_every_field_of_every_kind_is_in_step(kind: str, data: st.DataObject) -> None:
    action = data.draw(actions(kind))
    hits = (Hit(HazardName.LATEST_MOVES, "text", 2),)
    operation = Operation("op-1", action, Reason("declared", Position("a.yaml", 1, 2)), ("op-2",), hits, True, ("n",))
    written = json.loads(json.dumps(operation_json(operation)))
    PLANNED.validate(written)
    performed = written | outcome_json(Outcome(Status.DONE, linked_index=3))
    PERFORMED.validate(performed)
    assert not PERFORMED.is_valid(written)
    for side in ("before", "after"):
        if isinstance(written[side], dict):
            for key in written[side]:
                assert not PLANNED.is_valid(written | {side: {k: v for k, v in written[side].items() if k != key}})
            assert not PLANNED.is_valid(written | {side: written[side] | {"more": 1}})
    for key in written:
        assert not PLANNED.is_valid({k: v for k, v in written.items() if k != key})
    assert not PLANNED.is_valid(written | {"more": 1})
    assert not PLANNED.is_valid(written | {"kind": "other"})


@share(60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(live_worlds(), wanted_worlds())
def test_every_plan_and_receipt_fits(seed: Json, manifest: Json) -> None:
    with world(seed) as here:
        try:
            plan = here.plan(here.write_manifest(manifest))
        except DiagnosticsError:
            assume(False)
        document = json.loads(canonical_json(plan_document(plan)))
        jsonschema_rs.validate(PLAN, document)
        for key in document:
            assert not jsonschema_rs.is_valid(PLAN, {k: v for k, v in document.items() if k != key})
        applied = here.apply(plan)
        if applied.receipt is None:
            return
        receipt = json.loads(canonical_json(receipt_document(applied.receipt)))
        jsonschema_rs.validate(RECEIPT, receipt)
        wrong = copy.deepcopy(receipt)
        wrong["summary"]["more"] = 1
        assert not jsonschema_rs.is_valid(RECEIPT, wrong)
