"""Plan and receipt documents of any content, for the views: each is built twice, with hostile texts and with harmless ones.

Both have the same shape, so whatever differs in a rendering's structure was brought in by a text.
"""

from __future__ import annotations

import itertools
from bisect import bisect
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from regsync.backends.base import Outcome, Status
from regsync.core.actions import ACTIONS, Action, LinkVersion, SetAlias
from regsync.core.consent import Ask, Given, Since
from regsync.core.desired import Consent, Desired, DesiredCollection, DesiredRegistry, HazardName, Metric
from regsync.core.diff import ManualStep
from regsync.core.evidence import with_evidence
from regsync.core.hazards import Hazard
from regsync.core.live import Destination, Version, VersionDetails
from regsync.core.operation import Hit, Operation, Reason
from regsync.core.plan import ManifestInfo, Plan, ReadInfo, Selection
from regsync.core.plan_document import plan_document
from regsync.core.proof import Proof
from regsync.core.undo import Irrevocable
from regsync.core.unmanaged import NoLonger, Unmanaged
from regsync.diagnostics import Diagnostic, Position, Severity
from regsync.execution.receipt import Receipt, Result, receipt_document
from regsync.execution.seen import Seen
from regsync.names import CollectionName, RegistryName, Role, Visibility
from regsync.planning.evidence import gather

Json = dict[str, Any]
Texts = Callable[[], str]
DIGEST = "sha256:" + 64 * "0"
HARMLESS = "harmless"

ARSENAL = [
    "@octocat",
    "x @acme/ml y",
    "#1",
    "acme/repo#7",
    "GH-12",
    "!5",
    "~bug",
    "%1.0",
    "https://evil.example/x",
    "www.evil.example",
    "someone@evil.example",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></td></table>",
    "<!-- hidden",
    "-->",
    "*bold* _it_ ~~gone~~ **b**",
    "[link](https://evil.example)",
    "![image](https://evil.example/i.png)",
    "`code` ``two`` ```",
    "``",
    "`",
    "a|b",
    "a\\|b\\",
    "\\",
    ":smile: :+1:",
    "$`x`$ $$y$$",
    "\n\n# Heading\n",
    "\n/close\n/merge",
    "/approve",
    "- item\n- [x] done",
    "1. one",
    "1.",
    "---",
    "&lt;b&gt; &#64;all",
    "[^1] [x]: http://evil.example",
    "\x1b[31mred\x1b[0m\x07",
    "\u202eabc\u2066",
    "{{ 7 * 7 }} {% raw %}",
    "deadbeefcafe0123456789abcdef0123456789ab",
    "' onmouseover='x",
    '" onmouseover="x',
    " padded ",
    "   ",
    "|",
    "||\n|-|",
    "\u2028line",
    "closes #3",
    "javascript:alert(1)",
    "\u200bzero",
]
hostile = st.sampled_from(ARSENAL) | st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("`|\\<>@#:*_[]()!~$&\n/-."), min_size=1, max_size=30
)


def given_texts(texts: Iterable[str] | None) -> Texts:
    """The texts in order; for None, harmless ones."""
    source = itertools.repeat(HARMLESS) if texts is None else iter(texts)
    return lambda: next(source)


def harmless_texts(texts: Iterable[str]) -> Texts:
    """As many harmless texts: two are the same, and one comes before another, exactly where those of `texts` do."""
    given = list(texts)
    number = {text: rank for rank, text in enumerate(sorted(set(given)))}
    # Metrics and metadata are sorted, and these names are in every document.
    fixed = ["accuracy", "inner", "same"]
    prefixes = ["a", HARMLESS, "j", "t"]
    return given_texts(f"{prefixes[bisect(fixed, text)]}{number[text]:03d}" for text in given)


def action_of(kind: str, text: Texts) -> Action:
    """One action of that kind, every text of it from `text`."""
    of = ACTIONS[kind]

    def value(name: str, declared: str) -> Any:
        if name == "fingerprint":
            return DIGEST
        if declared.startswith("Version"):
            return Version(f"{kind} {name}", text(), text(), text())
        if declared.startswith("Role"):
            return Role.VIEWER
        if declared.startswith("Visibility"):
            return Visibility.RESTRICTED if name.startswith("new") else Visibility.ORGANIZATION
        if declared.startswith("tuple"):
            return (text(), text())
        if declared.startswith("int"):
            return 3
        return f"{text()} new" if name.startswith("new") else text()

    return of(**{field.name: value(field.name, str(field.type)) for field in fields(of)})


def details(text: Texts, number: int) -> VersionDetails:
    """Two keys that no other version has, one that all have."""
    own = f"{text()} {number}"
    metadata = {own: text(), "accuracy": 0.5, "inner": {own: [text(), None, True]}, "same": f"{text()} {number}"}
    return VersionDetails(
        metadata=metadata, size=5, created_at=text(), run=text(), commit=text(), ttl_days=3, inputs=(text(),)
    )


def plan_of(text: Texts, kinds: Iterable[str]) -> Plan:
    """A plan with an operation of each of the kinds, and everything else that a plan can hold."""
    where = Position(text(), 3, 4)
    operations = tuple(
        Operation(
            f"op-{number}",
            action_of(kind, text),
            Reason(text(), where),
            (),
            (Hit(HazardName.LATEST_MOVES, text()),) if number % 2 else (),
            number % 3 == 0,
            (text(),),
        )
        for number, kind in enumerate(kinds, start=1)
    )
    desired = _with_metrics(operations, where, text())
    versions = [version for operation in operations for version in _versions(operation.action)]
    known = {version.artifact_id: details(text, number) for number, version in enumerate(versions)}
    evidence = gather(operations, desired, lambda ids: {key: known[key] for key in ids if key in known})
    return Plan(
        destination=Destination(text(), text(), text(), text(), text(), text()),
        manifest=ManifestInfo(DIGEST, ((text(), 64 * "0"),), text()),
        read=ReadInfo({}, True, 1, 2, {}),
        selection=Selection(),
        operations=with_evidence(operations, desired, evidence),
        hazards=(Hazard(HazardName.LATEST_MOVES, 2, 1, ("op-1",), (text(),)),),
        manual=(ManualStep(operations[0].action.address, text()),),
        warnings=(Diagnostic("some-code", text(), where, text(), Severity.WARNING),),
        no_longer_managed=(
            NoLonger(Unmanaged(operations[0].action.address, 1, 2, 3, 1), text(), text()),
            NoLonger(Unmanaged(operations[0].action.address, 0, 0, 1, 0), None),
        ),
        owned={},
        consents=(
            Given(None, Consent(HazardName.LATEST_MOVES, None, text(), where), ("op-1",), True, Since(text(), True)),
        ),
        missing_consents=(Ask(None, where, False, (text(),), ()), Ask(None, where, True, (text(),), (text(),))),
        unchanged={"registries": 0, "collections": 0, "aliases": 0},
        undo=(),
        irrevocable=(Irrevocable("op-1", str(operations[0].action.address), text()),),
        proof=Proof(2, 9),
    )


def _versions(action: Action) -> list[Version]:
    if isinstance(action, SetAlias):
        return [version for version in (action.held_by, action.version) if version is not None]
    return [action.version] if isinstance(action, LinkVersion) else []


def _with_metrics(operations: Iterable[Operation], where: Position, name: str) -> Desired:
    """The metrics `accuracy`, and one of the given name, on every collection."""
    metrics = {"accuracy": Metric(True, 0.9, where), name: Metric(False, 1.0, where)}
    registries: dict[RegistryName, DesiredRegistry] = {}
    for number, operation in enumerate(operations):
        place = operation.action.address
        collection = DesiredCollection(name=CollectionName(place.collection or ""), origin=where, metrics=metrics)
        registries[RegistryName(str(number))] = DesiredRegistry(
            name=RegistryName(place.registry), origin=where, collections={collection.name: collection}
        )
    return Desired(organization=None, registries=registries)


def receipt_of(plan: Plan, text: Texts) -> Json:
    """A receipt of that plan in which operations ended in every possible way."""
    statuses = list(Status)
    outcomes = {
        operation.id: Outcome(statuses[number % len(statuses)], text(), text())
        for number, operation in enumerate(plan.operations)
    }
    return receipt_document(
        Receipt(
            plan=plan,
            plan_digest=DIGEST,
            outcomes=outcomes,
            started_at="2026-01-01T00:00:00Z",
            finished_at="2026-01-01T00:00:01Z",
            result=Result.PARTIAL,
            verified=False,
            seen=Seen({}, {}),
        )
    )


def drift_of(document: Json) -> Json:
    """The drift document that has the plan's operations as its differences."""
    return {
        "format": "regsync/drift/v1",
        "destination": document["destination"],
        "manifest": document["manifest"],
        "in_sync": False,
        "unchanged": document["unchanged"],
        "differences": [operation | {"moved": "unknown"} for operation in document["operations"]],
    }


def documents(text: Texts) -> dict[str, Json]:
    """A plan, a receipt and a drift document that hold every kind of operation."""
    plan = plan_of(text, ACTIONS)
    document = plan_document(plan)
    return {"plan": document, "receipt": receipt_of(plan, text), "drift": drift_of(document)}


hostile_texts = st.lists(hostile, min_size=300, max_size=300)
