"""Consents in words: which hold, since when, and what to write where one is missing. The same words in every view."""

from __future__ import annotations

from typing import Any

from regsync.core.consent import Ask
from regsync.core.consent_document import decode_ask, decode_consent

Json = dict[str, Any]
SHORT_COMMIT = 12


def holding(document: Json, hazard: Json) -> list[str]:
    """Each consent that something of a hazard needs: what it says and where it stands."""
    lines = []
    for each in document["consents"]:
        if each["hazard"] == hazard["name"] and each["needed"]:
            given = decode_consent(each)
            lines.append(f"{given.consent} ({place_of(each)})")
    return lines


def place_of(consent: Json) -> str:
    """Where a consent stands and since which commit, as far as that is known."""
    if not consent["line"]:
        return str(consent["file"])
    place = f"{consent['file']}:{consent['line']}"
    since = consent["since"]
    if since is None:
        return place
    commit = since["commit"]
    return f"{place}, commit {commit[:SHORT_COMMIT]}" if commit else f"{place}, not committed yet"


def given_before(document: Json, hazard: Json) -> list[str]:
    """Where consents to a hazard stand that were given before the change that they cover."""
    return [
        place_of(each)
        for each in document["consents"]
        if each["hazard"] == hazard["name"] and each["needed"] and each["since"] and each["since"]["before"]
    ]


def missing(document: Json) -> list[Ask]:
    """What to write where, to allow exactly what is open."""
    return [decode_ask(each) for each in document["missing_consents"]]


def for_one_run(document: Json) -> str:
    """The options of `plan` that would allow the same."""
    return " ".join(hazard["consent"] for hazard in document["hazards"] if not hazard["consented"])
