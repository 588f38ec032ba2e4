"""Plan and receipt as one HTML file: no script, nothing fetched from anywhere, readable on a phone, light and dark.

Rendered from the document alone. Every text goes through `plain` and then through Jinja's escaping; the page's own policy
forbids everything but its own style.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from regsync.diagnostics import counted
from regsync.looks.environment import environment, style
from regsync.looks.escape import plain
from regsync.views.blocks import Block, blocks, grouped, inner_name
from regsync.views.consents import given_before, holding
from regsync.views.facts import facts, shown_with_evidence
from regsync.views.sentences import Code, Name, Part, parts_of
from regsync.views.statements import Tone, about_plan, consent_ways, proof_words, what_is_left
from regsync.views.unmanaged import in_brackets, known_from
from regsync.views.warnings import by_cause
from regsync.views.words import BLOCK_HEADINGS, LOCK, SYMBOLS, Effect, change, effect, place, state_after, verb

Json = dict[str, Any]

_TEMPLATES = Path(__file__).parent / "templates"
_VERSIONED = frozenset({"set-alias", "link-version", "remove-alias", "unlink-version"})


def render_plan(document: Json) -> str:
    """The whole plan, what it removes first. Never cut."""
    operations = document["operations"]
    with_evidence = {operation["id"] for operation in shown_with_evidence(operations)}
    groups = [
        (
            BLOCK_HEADINGS[kind],
            sum(len(block.operations) for block in inside),
            [_block(block, with_evidence) for block in inside],
        )
        for kind, inside in grouped(blocks(operations))
    ]
    return _render(
        "plan.html.jinja",
        title="regsync plan",
        document=document,
        counts=_counts(operations),
        unchanged=counted(document["unchanged"]["aliases"], "alias", "aliases"),
        gone=[
            f"{item['address']}{in_brackets(item)}, {known_from(item)}{'. ' if item['hint'] else ''}{item['hint'] or ''}"
            for item in document["no_longer_managed"]
        ],
        groups=groups,
        statements=about_plan(document),
        warnings=by_cause(document["warnings"]),
        ways=consent_ways(document),
        left=[each for each in what_is_left(document) if each.tone is not Tone.BAD],
        proof=proof_words(document),
        holding={each["name"]: holding(document, each) for each in document["hazards"]},
        before={each["name"]: given_before(document, each) for each in document["hazards"]},
        side_effects=[(each["address"], note) for each in operations for note in each["notes"]],
        lost=[(item["address"], item["why"]) for item in document["undo"]["irrevocable"]],
    )


def render_receipt(document: Json) -> str:
    """What became of every operation, in the order in which they ran."""
    return _render(
        "receipt.html.jinja",
        title="regsync apply",
        document=document,
        state=state_after(document)[0],
        operations=[_card(operation, operation["address"], set()) for operation in document["operations"]],
    )


def _counts(operations: list[Json]) -> list[tuple[str, str, int]]:
    counts = Counter(effect(operation) for operation in operations)
    return [(SYMBOLS[kind], kind.value, counts[kind]) for kind in Effect]


def _block(block: Block, with_evidence: set[str]) -> Json:
    """What the templates show of one thing. `address`: "" where its one operation says it already."""
    alone = len(block.operations) == 1
    names = [operation["address"] if alone else inner_name(operation) for operation in block.operations]
    cards = [_card(*each, with_evidence) for each in zip(block.operations, names, strict=True)]
    return {"address": "" if alone else block.address, "kind": block.effect.value, "cards": cards}


def _card(operation: Json, name: str, with_evidence: set[str]) -> Json:
    """What the templates show of one operation."""
    kind = effect(operation)
    found = facts(operation) if operation["id"] in with_evidence else None
    return {
        "operation": operation,
        "name": name,
        "kind": kind.value,
        "symbol": SYMBOLS[kind],
        "verb": verb(operation),
        "versions": [operation[side] for side in ("before", "after") if operation[side]]
        if operation["kind"] in _VERSIONED
        else None,
        "change": [words for words in change(operation) if words],
        "moves": operation["before"] is not None,
        "metrics": found.metrics if found and operation["kind"] == "set-alias" else (),
        "facts": found if found and (found.rows or found.remarks) else None,
    }


def _render(template: str, **values: Any) -> str:
    used = style()
    digest = base64.b64encode(hashlib.sha256(used.encode()).digest()).decode()
    text = _environment().get_template(template).render(style=Markup(used), style_digest=digest, **values)  # noqa: S704
    return text.rstrip("\n")


@cache
def _environment() -> Environment:
    made = environment(_TEMPLATES)
    made.filters["place"] = place
    made.filters["said"] = _said
    made.tests["by_others"] = lambda value: isinstance(value, Name)
    made.globals["lock"] = LOCK
    return made


def _said(message: str | Sequence[Part]) -> Markup:
    """A sentence: names and commands as code, everything escaped."""
    parts = parts_of(message) if isinstance(message, str) else message
    return Markup("").join(
        Markup("<code>{}</code>").format(plain(part)) if isinstance(part, Name | Code) else plain(part)
        for part in parts
    )
