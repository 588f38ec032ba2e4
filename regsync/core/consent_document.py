"""Consents as they stand in the plan document, and back."""

from __future__ import annotations

from regsync.core.actions import Json
from regsync.core.consent import ON_THE_COMMAND_LINE, Ask, Given, Scope, Since
from regsync.core.desired import Consent, HazardName
from regsync.diagnostics import Position
from regsync.names import parse_address


def consent_json(given: Given) -> Json:
    """One consent: where it stands, what it allows, and what needs it."""
    consent = given.consent
    return {
        "address": ON_THE_COMMAND_LINE.file if given.on_the_command_line else _scope_text(given.scope),
        "hazard": consent.hazard.value,
        "thing": consent.thing,
        "number": consent.number,
        **_position_json(consent.origin),
        "needed": given.needed,
        "operations": list(given.covers),
        "since": None if given.since is None else given.since._asdict(),
    }


def ask_json(ask: Ask) -> Json:
    """One place where consents are missing, and what to write there."""
    return {
        "address": _scope_text(ask.scope),
        **_position_json(ask.position),
        "extends": ask.extends,
        "items": list(ask.items),
        "replaces": list(ask.replaces),
    }


def decode_consent(data: Json) -> Given:
    """Read a consent back. Raises `KeyError`, `TypeError` or `ValueError` where it is malformed."""
    position = _position(data)
    thing, since = data["thing"], data["since"]
    if thing is not None and type(thing) is not str:
        raise TypeError(f"a consent to {thing!r}")
    return Given(
        None if position == ON_THE_COMMAND_LINE else _scope(data["address"]),
        Consent(HazardName(data["hazard"]), data["number"], thing, position),
        tuple(data["operations"]),
        data["needed"],
        None if since is None else Since(**since),
    )


def decode_ask(data: Json) -> Ask:
    """Read a missing consent back. Raises as `decode_consent`."""
    return Ask(_scope(data["address"]), _position(data), data["extends"], tuple(data["items"]), tuple(data["replaces"]))


def _position_json(position: Position) -> Json:
    return {"file": position.file, "line": position.line, "column": position.column}


def _position(data: Json) -> Position:
    return Position(data["file"], data["line"], data["column"])


def _scope_text(scope: Scope) -> str:
    return "" if scope is None else str(scope)


def _scope(text: str) -> Scope:
    return parse_address(text) if text else None
