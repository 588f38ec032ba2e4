"""A plan read back from its document, which may come from anywhere: it is taken for what a planner wrote, or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regsync.core.actions import Json, decode_action
from regsync.core.canonical import document_digest
from regsync.core.consent import Given
from regsync.core.consent_document import decode_ask, decode_consent
from regsync.core.desired import Consents, HazardName
from regsync.core.diff import ManualStep
from regsync.core.hazards import Hazard, check_consented
from regsync.core.live import Destination, RegistryScope
from regsync.core.long import Long
from regsync.core.moves import Held, MovedByHand
from regsync.core.operation import Hit, Operation, Reason
from regsync.core.plan import ManifestInfo, Plan, ReadInfo, Selection, parse_shard
from regsync.core.plan_check import check_hazards, check_operations
from regsync.core.plan_document import PLAN_FORMAT, operation_json, undigested
from regsync.core.proof import Proof
from regsync.core.undo import Irrevocable
from regsync.core.unmanaged import NoLonger, Unmanaged
from regsync.diagnostics import Diagnostic, Position, RegsyncError, Severity, StalePlanError
from regsync.names import Address, parse_address, shared
from regsync.version import __version__


def check_document(document: Any, expected_format: str, noun: str) -> Json:
    """See that `document` is of the expected format and that nobody changed it.

    Raises `RegsyncError` (not such a document, or of a newer format) and `StalePlanError` (the digest does not fit).
    """
    family, _, version = expected_format.rpartition("/")
    found = document.get("format") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(found, str) or not found.startswith(f"{family}/"):
        hint = f"give a file that regsync wrote as a {noun}"
        raise RegsyncError(f"this is not a {noun}", hint, code=f"not-a-{noun}")
    if found != expected_format:
        raise RegsyncError(
            f"this {noun} has format {found}; this regsync ({__version__}) reads {version}",
            "use the version of regsync that made it",
            code=f"{noun}-format",
        )
    try:
        intact = document.get("digest") == document_digest(document)
    except (ValueError, RecursionError):
        intact = False
    if not intact:
        raise StalePlanError(
            f"this {noun} was changed after it was made: its digest does not fit its contents",
            f"make the {noun} again; nothing was changed",
            code=f"{noun}-changed",
        )
    return document


def decode_plan(document: Any) -> Plan:
    """Read a plan document back.

    Raises what `check_document` raises, and `RegsyncError` where a document with a fitting digest is malformed all the same.
    """
    checked = check_document(document, PLAN_FORMAT, "plan")
    if "desired" not in checked:
        raise RegsyncError(
            f"this plan was made by an older regsync ({checked.get('tool_version')}), and does not hold what its manifests declare",
            "plan again",
            code="plan-format",
        )
    try:
        plan = _decode_plan(checked)
        check_operations(plan.operations)
        check_operations(plan.undo)
        check_hazards(plan.operations, plan.hazards)
        check_consented(plan.operations, plan.hazards, plan.consents, is_part=plan.selection.shard is not None)
        _check_nothing_is_lost(plan, checked)
        if (plan.desired is None) is (plan.undoes is None):
            raise ValueError("a plan comes from manifests or takes back a receipt, and not both")
        return plan
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        message = f"this plan is malformed: {type(error).__name__}: {error}"
        raise RegsyncError(message, "make the plan again", code="plan-malformed") from error


def _check_nothing_is_lost(plan: Plan, document: Json) -> None:
    """What is reviewed is the document, and what is carried out is the plan: the one must say no more than the other."""
    again = undigested(replace(plan, operations=(), undo=()))
    said = {**document, "operations": [], "undo": {**document["undo"], "operations": []}}
    for key in said.keys() | again.keys():
        if key not in {"tool_version", "digest"} and said.get(key) != again.get(key):
            raise ValueError(f"{key!r} is not as a planner writes it")


def _operations(written: Any, name: str) -> tuple[Operation, ...]:
    """Operations read back, each compared with what it was read from at once: a long list is unpacked as seldom as can be."""
    if not isinstance(written, list | Long):
        raise ValueError(f"{name!r} is not as a planner writes it")
    found = []
    for each in written:
        operation = decode_operation(each)
        if operation_json(operation) != each:
            raise ValueError(f"{name!r} is not as a planner writes it")
        found.append(operation)
    return tuple(found)


def decode_operation(data: Json) -> Operation:
    """Read an operation back. Raises `KeyError`, `TypeError` or `ValueError` where it is malformed."""
    reason = data["reason"]
    registry, collection, alias = parse_address(data["address"])
    address = Address(shared(registry), collection and shared(collection), alias and shared(alias))
    return Operation(
        shared(data["id"]),
        decode_action(data["kind"], address, data["before"], data["after"]),
        Reason(shared(reason["text"]), Position(shared(reason["file"]), reason["line"], reason["column"])),
        tuple(map(shared, data["depends_on"])),
        tuple(Hit(HazardName(h["name"]), h["message"], h["weight"]) for h in data["hazards"]),
        data["protected"],
        tuple(data["notes"]),
        data["evidence"],
    )


def _decode_plan(document: Json) -> Plan:
    read, manifest, selection = document["read"], document["manifest"], document["selection"]
    consents = tuple(decode_consent(each) for each in document["consents"])
    return Plan(
        destination=Destination(**document["destination"]),
        manifest=ManifestInfo(
            manifest["digest"], tuple((f["path"], f["digest"]) for f in manifest["files"]), manifest["commit"]
        ),
        read=ReadInfo(
            {
                name: RegistryScope(
                    None if scope["collections"] is None else frozenset(scope["collections"]), scope["members"]
                )
                for name, scope in read["scope"].items()
            },
            read["complete"],
            read["pages"],
            read["items"],
            read["fingerprints"],
        ),
        selection=Selection(
            _addresses(selection["targets"]),
            _addresses(selection["excludes"]),
            _allowed(consents),
            parse_shard(selection["shard"]) if "shard" in selection else None,
        ),
        operations=_operations(document["operations"], "operations"),
        hazards=tuple(_decode_hazard(hazard) for hazard in document["hazards"]),
        manual=tuple(ManualStep(parse_address(step["address"]), step["text"]) for step in document["manual"]),
        warnings=tuple(_decode_diagnostic(warning) for warning in document["warnings"]),
        no_longer_managed=tuple(_decode_no_longer(each) for each in document["no_longer_managed"]),
        owned=document["owned"],
        consents=consents,
        missing_consents=tuple(decode_ask(each) for each in document["missing_consents"]),
        unchanged=document["unchanged"],
        undo=_operations(document["undo"]["operations"], "undo"),
        irrevocable=tuple(Irrevocable(**lost) for lost in document["undo"]["irrevocable"]),
        proof=Proof(**document["proof"]),
        moved_by_hand=tuple(_decode_moved(moved) for moved in document["moved_by_hand"]),
        desired=document["desired"],
        undoes=document["undoes"],
    )


def _allowed(consents: tuple[Given, ...]) -> Consents:
    """What was consented to on the command line."""
    return {each.consent.hazard: each.consent.number for each in consents if each.on_the_command_line}


def _addresses(texts: list[str]) -> tuple[Address, ...]:
    return tuple(parse_address(text) for text in texts)


def _decode_hazard(data: Json) -> Hazard:
    name = HazardName(data["name"])
    return Hazard(name, data["count"], data["open"], tuple(data["operations"]), tuple(data["messages"]))


def _decode_diagnostic(data: Json) -> Diagnostic:
    position = Position(data["file"], data["line"], data["column"]) if data["file"] is not None else None
    return Diagnostic(data["code"], data["message"], position, data["hint"], Severity.WARNING)


def _decode_no_longer(data: Json) -> NoLonger:
    counts = [data[key] for key in ("collections", "versions", "aliases", "protected")]
    if any(type(count) is not int or count < 0 for count in counts):
        raise ValueError("a count that is none")
    return NoLonger(Unmanaged(parse_address(data["address"]), *counts), data["commit"], data["hint"])


def _decode_moved(data: Json) -> MovedByHand:
    before, after = (None if data[side] is None else Held(**data[side]) for side in ("before", "after"))
    return MovedByHand(
        data["operation"], parse_address(data["address"]), before, after, data["by"], data["at"], data["since_apply"]
    )
