"""What a document says as a whole, in sentences that every view shows alike."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from regsync.diagnostics import counted
from regsync.slots import NamedTuple
from regsync.views.sentences import Code, Name, Part, parts_of
from regsync.views.words import place

Json = dict[str, Any]

MOST_ASKS = 10
"""Places of the manifests where consent is missing that one sentence names."""
MOST_PLACES = 3
"""Lines of manifests that a sentence names; the others are counted."""


class Tone(StrEnum):
    """How a statement is to be read."""

    GOOD = "good"
    PLAIN = "plain"
    MILD = "mild"
    BAD = "bad"


class Statement(NamedTuple):
    """One sentence or two about the whole document."""

    tone: Tone
    parts: Sequence[Part]


def about_plan(document: Json) -> list[Statement]:
    """What has to be known of a plan before its operations are looked at."""
    found = []
    if not document["operations"]:
        unchanged = counted(document["unchanged"]["aliases"], "alias", "aliases")
        found.append(Statement(Tone.GOOD, [f"No changes. Live is as declared ({unchanged} checked)."]))
    if document["undoes"]:
        receipt = Name(document["undoes"])
        found.append(Statement(Tone.PLAIN, ["This plan takes back what the receipt ", receipt, " says was done."]))
    if not document["complete"]:
        found.append(Statement(Tone.MILD, _left_out(document["selection"])))
    if not document["applyable"]:
        found.append(Statement(Tone.BAD, ["Not applyable: nobody consented to its hazards."]))
    return found


def _left_out(selection: Json) -> list[Part]:
    if "shard" not in selection:
        return ["Not complete: ", Code("--target"), " or ", Code("--exclude"), " left something out."]
    return ["Not complete: this is part ", Code(selection["shard"]), "; the other parts hold the rest."]


def consent_ways(document: Json) -> list[Part]:
    """What would allow the hazards that are open: what to write where, or the options for one run. For views in which it is one
    sentence."""
    from regsync.views.consents import for_one_run, missing

    asks = missing(document)
    words: list[Part] = ["To allow exactly what is listed here, "]
    for number, ask in enumerate(asks[:MOST_ASKS]):
        words += [
            "; " if number else "",
            "add " if ask.extends else "write ",
            Code(ask.text),
            " ",
            *parts_of(ask.where),
        ]
    if len(asks) > MOST_ASKS:
        words.append(f"; and so on in {counted(len(asks) - MOST_ASKS, 'more place')}")
    return [*words, "; or, for one run, plan with " if asks else "plan with ", Code(for_one_run(document)), "."]


def hazard_state(hazard: Json) -> Statement:
    """Whether a hazard is consented to."""
    if hazard["consented"]:
        return Statement(Tone.GOOD, ["consented to"])
    whole = hazard["open"] == hazard["count"]
    return Statement(Tone.BAD, ["not consented to" if whole else f"not consented to: {hazard['open']:,}"])


def proof_words(document: Json) -> str:
    """What the planner's proof has shown, without its vocabulary."""
    proof = document["proof"]
    states = counted(proof["states"], "state")
    rules = counted(proof["invariants"], "safety rule")
    return f"Run on a model of the registry before it was shown: {rules} kept in {states}."


def what_is_left(document: Json) -> list[Statement]:
    """What a plan leaves to do beside applying it: a consent to give, or manifests to change after an undo."""
    found = _still_asked_for(document) if document["undoes"] else []
    if not document["applyable"]:
        found.append(
            Statement(Tone.BAD, ["If all of this is meant, give the consent that stands above, and plan again."])
        )
    return found


def next_step(document: Json, saved: str | None) -> Statement | None:
    """The command that comes after a plan. `saved`: the file that it was saved to, where it was."""
    if not document["operations"] or not document["applyable"]:
        return None
    if saved is None:
        return Statement(
            Tone.PLAIN, ["next: save it with ", Code("-o plan.json"), ", have it reviewed, apply that file"]
        )
    return Statement(Tone.PLAIN, ["next: ", Code(f"regsync apply {shlex.quote(saved)}")])


def way_back(document: Json, receipt: str | None) -> Statement | None:
    """The command that takes an apply back. `receipt`: the file that its receipt was written to."""
    if receipt is None or not any(operation["status"] == "done" for operation in document["operations"]):
        return None
    return Statement(Tone.PLAIN, ["to take it back: ", Code(f"regsync undo {shlex.quote(receipt)}")])


def _still_asked_for(document: Json) -> list[Statement]:
    """The manifests that an undo goes back behind."""
    places = list(dict.fromkeys(place(operation["reason"]) for operation in document["operations"]))
    if not places:
        return []
    shown: list[Part] = []
    for where in places[:MOST_PLACES]:
        shown += [", " if shown else "", Name(where)]
    if len(places) > MOST_PLACES:
        shown.append(f" and {counted(len(places) - MOST_PLACES, 'more place')}")
    words = [
        "The manifests still ask for what this takes back (",
        *shown,
        "): change them too, or the next plan does it again.",
    ]
    return [Statement(Tone.MILD, words)]
