"""The plan as a JSON document (`schemas/plan.v1.schema.json`); `plan_reading.py` reads it back.

The document is what is reviewed, saved, shown and applied. It holds no secret: credentials never reach `core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from regsync.core.actions import Json
from regsync.core.canonical import canonical_pieces, digest_of, document_digest
from regsync.core.long import Told
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.diagnostics import Diagnostic
from regsync.version import __version__

if TYPE_CHECKING:
    from regsync.core.moves import Held, MovedByHand
    from regsync.core.unmanaged import NoLonger, Unmanaged

PLAN_FORMAT = "regsync/plan/v1"


def plan_document(plan: Plan) -> Json:
    """The document of a plan, its digest included. Its operations are made when they are looked at."""
    document = undigested(plan)
    document["digest"] = document_digest(document)
    return document


def undigested(plan: Plan) -> Json:
    """The document without its digest."""
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
    document["owned"] = dict(plan.owned)
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
        **_consents_json(plan),
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


def _consents_json(plan: Plan) -> Json:
    if not plan.consents and not plan.missing_consents:
        return {"consents": [], "missing_consents": []}
    from regsync.core.consent_document import ask_json, consent_json

    return {
        "consents": [consent_json(given) for given in plan.consents],
        "missing_consents": [ask_json(ask) for ask in plan.missing_consents],
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


def _no_longer_json(gone: NoLonger) -> Json:
    return {**unmanaged_json(gone.what), "commit": gone.commit, "hint": gone.hint}


def unmanaged_json(there: Unmanaged) -> Json:
    """Something that nothing declares, as it stands in the plan and in what `unmanaged` shows."""
    return {**there._asdict(), "address": str(there.address), "kind": there.kind}


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
