"""The plan as a JSON document (`schemas/plan.v1.schema.json`), and back.

The document is what is reviewed, saved, shown and applied. It holds no secret: credentials never reach `core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from regsync.core.actions import Json, decode_action
from regsync.core.canonical import canonical_pieces, digest_of, document_digest
from regsync.core.consent import Given
from regsync.core.consent_document import ask_json, consent_json, decode_ask, decode_consent
from regsync.core.desired import Consents, HazardName
from regsync.core.diff import ManualStep
from regsync.core.hazards import Hazard, check_consented
from regsync.core.live import Destination, RegistryScope
from regsync.core.long import Long, Told
from regsync.core.moves import Held, MovedByHand
from regsync.core.operation import Hit, Operation, Reason
from regsync.core.plan import ManifestInfo, Plan, ReadInfo, Selection, parse_shard
from regsync.core.plan_check import check_hazards, check_operations
from regsync.core.proof import Proof
from regsync.core.undo import Irrevocable
from regsync.core.unmanaged import NoLonger, Unmanaged
from regsync.diagnostics import Diagnostic, Position, RegsyncError, Severity, StalePlanError
from regsync.names import Address, parse_address, shared
from regsync.version import __version__

PLAN_FORMAT = "regsync/plan/v1"


def plan_document(plan: Plan) -> Json:
    """The document of a plan, its digest included. Its operations are made when they are looked at."""
    document = _document(plan)
    document["digest"] = document_digest(document)
    return document


def _document(plan: Plan) -> Json:
    document = shown_document(plan)
    document["read"] |= {
        "fingerprint": digest_of(dict(plan.read.fingerprints)),
        "fingerprints": dict(plan.read.fingerprints),
        "scope": {
            name: {
                "collections": None if scope.collections is None else sorted(scope.collections),
                "members": scope.members,
            }
            for name, scope in plan.read.scope.items()
        },
    }
    document["desired"] = None if plan.desired is None else dict(plan.desired)
    document["owned"] = plan.owned
    document["undo"]["operations"] = Told(plan.undo, operation_json)
    return document


def shown_document(plan: Plan) -> Json:
    """What the text view needs of the document, for a plan that nobody keeps. It has no digest, and no other view can take it."""
    return {
        "format": PLAN_FORMAT,
        "tool_version": __version__,
        "destination": plan.destination._asdict(),
        "manifest": {
            "digest": plan.manifest.digest,
            "files": [{"path": path, "digest": digest} for path, digest in plan.manifest.files],
            "commit": plan.manifest.commit,
        },
        "read": {"complete": plan.read.complete, "pages": plan.read.pages, "items": plan.read.items},
        "selection": {
            "targets": [str(address) for address in plan.selection.targets],
            "excludes": [str(address) for address in plan.selection.excludes],
            **({} if plan.selection.shard is None else {"shard": str(plan.selection.shard)}),
        },
        "operations": Told(plan.operations, operation_json),
        "hazards": [
            {
                "name": hazard.name.value,
                "count": hazard.count,
                "open": hazard.open,
                "consented": hazard.consented,
                "consent": None if hazard.consented else hazard.consent,
                "operations": list(hazard.operations),
                "messages": list(hazard.messages),
            }
            for hazard in plan.hazards
        ],
        "consents": [consent_json(given) for given in plan.consents],
        "missing_consents": [ask_json(ask) for ask in plan.missing_consents],
        "manual": [{"address": str(step.address), "text": step.text} for step in plan.manual],
        "no_longer_managed": [_no_longer_json(each) for each in plan.no_longer_managed],
        "warnings": [_diagnostic_json(diagnostic) for diagnostic in plan.warnings],
        "unchanged": plan.unchanged,
        "undo": {
            "irrevocable": [
                {"operation": lost.operation, "address": lost.address, "why": lost.why} for lost in plan.irrevocable
            ],
        },
        "moved_by_hand": [moved_json(moved) for moved in plan.moved_by_hand],
        "undoes": plan.undoes,
        "proof": {"states": plan.proof.states, "invariants": plan.proof.invariants},
        "complete": plan.complete,
        "applyable": plan.applyable,
    }


def plan_digest(plan: Plan) -> str:
    """The digest that the plan was reviewed under: that of its document, whoever applies it."""
    digest: str = plan.reviewed or plan_document(plan)["digest"]
    return digest


def document_text(document: Json) -> Iterator[str]:
    """What a plan file or a receipt holds, as pieces of text: canonical JSON and a line end."""
    yield from canonical_pieces(document)
    yield "\n"


def operation_json(operation: Operation) -> Json:
    """One operation as it stands in plan and receipt."""
    reason = operation.reason
    return {
        "id": operation.id,
        "kind": operation.action.kind,
        "address": str(operation.action.address),
        "before": operation.action.before,
        "after": operation.action.after,
        "reason": {
            "text": reason.text,
            "file": reason.position.file,
            "line": reason.position.line,
            "column": reason.position.column,
        },
        "depends_on": list(operation.depends_on),
        "hazards": [{"name": h.name.value, "message": h.message, "weight": h.weight} for h in operation.hits],
        "protected": operation.protected,
        "notes": list(operation.notes),
        "evidence": operation.evidence,
    }


def moved_json(moved: MovedByHand) -> Json:
    """A move outside of Git, as it stands in a plan and in drift."""
    return {
        "operation": moved.operation,
        "address": str(moved.address),
        "before": None if moved.before is None else _held_json(moved.before),
        "after": None if moved.after is None else _held_json(moved.after),
        "by": moved.by,
        "at": moved.at,
        "since_apply": moved.since_apply,
    }


def _held_json(held: Held) -> Json:
    return {"artifact_id": held.artifact_id, "source": held.source, "index": held.index}


def _decode_moved(data: Json) -> MovedByHand:
    before, after = (None if data[side] is None else Held(**data[side]) for side in ("before", "after"))
    return MovedByHand(
        data["operation"], parse_address(data["address"]), before, after, data["by"], data["at"], data["since_apply"]
    )


def _no_longer_json(gone: NoLonger) -> Json:
    return {**unmanaged_json(gone.what), "commit": gone.commit, "hint": gone.hint}


def unmanaged_json(there: Unmanaged) -> Json:
    """Something that nothing declares, as it stands in the plan and in what `unmanaged` shows."""
    return {**there._asdict(), "address": str(there.address), "kind": there.kind}


def _decode_no_longer(data: Json) -> NoLonger:
    counts = [data[key] for key in ("collections", "versions", "aliases", "protected")]
    if any(type(count) is not int or count < 0 for count in counts):
        raise ValueError("a count that is none")
    return NoLonger(Unmanaged(parse_address(data["address"]), *counts), data["commit"], data["hint"])


def _diagnostic_json(diagnostic: Diagnostic) -> Json:
    position = diagnostic.position
    return {
        "code": diagnostic.code,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": position.file if position else None,
        "line": position.line if position else 0,
        "column": position.column if position else 0,
    }


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
    again = _document(replace(plan, operations=(), undo=()))
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
