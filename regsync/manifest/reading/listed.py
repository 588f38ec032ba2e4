"""Lists of names, in which each stands once: wanted there or, as `{NAME: absent}`, wanted gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from regsync.core.desired import Consent, HazardName, Listed
from regsync.diagnostics import Position
from regsync.manifest.reading.lint import Findings
from regsync.manifest.reading.tree import Block, Items, value_position

ABSENT = "absent"
N = TypeVar("N", bound=str)


class Seen:
    """The items of one list, by name; reports those that stand there twice."""

    def __init__(self, findings: Findings, noun: str) -> None:
        self.findings = findings
        self.noun = noun
        self.items: dict[str, Listed] = {}

    def is_new(self, name: str, origin: Position, *, absent: bool) -> bool:
        first = self.items.setdefault(name, Listed(absent, origin))
        if first.origin == origin:
            return True
        if first.absent != absent:
            message = f"the {self.noun} `{name}` is listed here and `absent` at {first.origin}"
            if absent:
                message = f"the {self.noun} `{name}` is `absent` here and listed at {first.origin}"
            self.findings.error("contradiction", message, origin, "keep one of them")
        else:
            message = f"the {self.noun} `{name}` stands in this list twice; it is first at {first.origin}"
            self.findings.error("duplicate-item", message, origin, "delete one of them")
        return False


def artifact_types(parent: Block, findings: Findings) -> dict[str, Position] | None:
    """The types that a registry accepts, with their places; None where it says nothing of them."""
    if "artifact_types" not in parent:
        return None
    items: Items = parent["artifact_types"]
    seen = Seen(findings, "artifact type")
    for index, name in enumerate(items):
        where = value_position(items, index)
        findings.name(name, where)
        seen.is_new(name, where, absent=False)
    return {name: each.origin for name, each in seen.items.items()}


def listed(parent: Block, key: str, of: Callable[[str], N], findings: Findings) -> dict[N, Listed] | None:
    """A list of names, each wanted there or, as `{NAME: absent}`, wanted gone."""
    if key not in parent:
        return None
    items: Items = parent[key]
    seen = Seen(findings, "tag" if key == "tags" else "alias")
    for index, item in enumerate(items):
        name, absent = (item, False) if isinstance(item, str) else (next(iter(item)), True)
        where = value_position(items, index)
        findings.name(name, where)
        seen.is_new(name, where, absent=absent)
    return {of(name): each for name, each in seen.items.items()}


def consents(parent: Block, findings: Findings) -> tuple[Consent, ...]:
    """What is consented to, in the order of hazards; what is `absent` is not."""
    if "consent" not in parent:
        return ()
    result: list[Consent] = []
    items: Items = parent["consent"]
    seen = Seen(findings, "hazard")
    for index, item in enumerate(items):
        where = value_position(items, index)
        if isinstance(item, Block) and ABSENT in item.values():
            continue
        consent = _consent(item, where)
        what = consent.hazard if consent.thing is None else f"{consent.hazard}: {consent.thing}"
        if seen.is_new(what, where, absent=False):
            result.append(consent)
    return tuple(sorted(result, key=lambda each: (each.hazard, each.thing or "")))


def _consent(item: Any, where: Position) -> Consent:
    """`remove-alias`, `remove-alias=2`, `{remove-alias: 2}`, or `{remove-alias: shadow}`."""
    if isinstance(item, str):
        name, equals, number = item.partition("=")
        return Consent(HazardName(name), int(number) if equals else None, None, where)
    ((name, value),) = item.items()
    if isinstance(value, str):
        return Consent(HazardName(name), None, value, where)
    return Consent(HazardName(name), int(value), None, where)
