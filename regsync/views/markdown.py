"""Plan, receipt and drift as Markdown for GitHub and GitLab. Rendered from the document alone; cut to the host's limit.

What strangers wrote (names, descriptions, metadata, messages with names in them) goes through `regsync.views.gfm`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from regsync.diagnostics import counted
from regsync.views.consents import for_one_run, given_before, holding, missing
from regsync.views.facts import Tone, facts, shown_with_evidence
from regsync.views.fitting import Cut, Page, Section, fit
from regsync.views.gfm import code, in_html, prose
from regsync.views.unmanaged import in_brackets, known_from
from regsync.views.words import (
    HEADINGS,
    LOCK,
    SYMBOLS,
    WAYS_OUT,
    Effect,
    change,
    effect,
    place,
    state_after,
    verb,
    who_moved,
)

Json = dict[str, Any]

GITHUB_LIMIT = 65_536
"""Characters of a comment on GitHub."""
GITLAB_LIMIT = 1_000_000
"""Characters of a note on GitLab."""

MOST_PLACES = 10
"""Places of the manifests where consent is missing that are named."""
MOST_REGISTRIES = 10
"""Registries that are counted one by one where a plan is cut."""

_RANKS = {Effect.REMOVE: 2, Effect.CHANGE: 4, Effect.ADD: 8}
_NOUNS = {Effect.REMOVE: "removals", Effect.CHANGE: "changes", Effect.ADD: "additions"}
_TONES = {Tone.PLAIN: "", Tone.BETTER: "▲ ", Tone.WORSE: "▼ ", Tone.BROKEN: "⛔ "}
_VERSIONED = frozenset({"set-alias", "link-version", "remove-alias", "unlink-version"})


def render_plan(document: Json, *, limit: int = GITHUB_LIMIT) -> str:
    """The plan, most important things first, in at most `limit` characters."""
    operations = document["operations"]
    title = f"### regsync plan: {totals(document)}"
    sections = [
        _hazards(document),
        *(_operations(operations, kind) for kind in Effect),
        _no_longer_managed(document),
        _manual(document),
        _side_effects(operations),
        _irrevocable(document),
        _warnings(document),
        *_evidence(operations),
    ]
    return fit(
        Page(
            top="\n\n".join([title, *_state(document)]),
            sections=sections,
            bottom=_plan_footer(document),
            notice=lambda cuts: _notice(cuts, "regsync show plan.json", operations),
            shortest=f"{title}. This page may not be long enough to show it: see the saved plan with regsync show.",
        ),
        limit,
    )


def totals(document: Json) -> str:
    """`2 to remove, 1 to change, 4 to add`, or `no changes`."""
    counts = Counter(effect(operation) for operation in document["operations"])
    return ", ".join(f"{counts[kind]:,} to {kind}" for kind in Effect if counts[kind]) or "no changes"


def _state(document: Json) -> list[str]:
    lines = []
    if not document["operations"]:
        unchanged = counted(document["unchanged"]["aliases"], "alias", "aliases")
        lines.append(f"Live is as declared: {unchanged} checked.")
    if document["undoes"]:
        lines.append(f"This plan takes back what the receipt {code(document['undoes'])} says was done.")
    if not document["applyable"]:
        lines.append("⛔ **Not applyable: nobody consented to its hazards.** " + _what_would_allow_it(document))
    if not document["complete"]:
        lines.append("⚠ **Not complete:** `--target` or `--exclude` left something out.")
    return lines


def _what_would_allow_it(document: Json) -> str:
    ways = [
        f"{'add' if ask.extends else 'write'} {code(ask.text)} {prose(ask.where)}"
        for ask in missing(document)[:MOST_PLACES]
    ]
    more = len(missing(document)) - MOST_PLACES
    ways += [f"and so on in {counted(more, 'more place')}"] if more > 0 else []
    ways = [f"{'; '.join(ways)}; or, for one run, plan"] if ways else ["plan"]
    return f"To allow exactly what is listed below, {ways[0]} with {code(for_one_run(document))}"


def _notice(cuts: Sequence[Cut], command: str, operations: Sequence[Json]) -> str:
    missing = ", ".join(f"{cut.number:,} {cut.noun}" for cut in cuts)
    kinds = Counter(verb(operation) for operation in operations)
    whole = ", ".join(f"{number:,} × {kind}" for kind, number in kinds.most_common())
    registries = Counter(operation["address"].partition("/")[0] for operation in operations)
    lines = [f"✂ **Cut to fit. Not shown here: {missing}.** All of it: `{command}`.", "", f"In whole: {whole}.", ""]
    lines += [f"- {code(name)}: {number:,}" for name, number in registries.most_common(MOST_REGISTRIES)]
    if len(registries) > MOST_REGISTRIES:
        lines.append(f"- {len(registries) - MOST_REGISTRIES:,} more registries")
    return "\n".join(f"> {line}".rstrip() for line in lines)


# Sections ------------------------------------------------------------------------------------------------------------


def _hazards(document: Json) -> Section:
    items = []
    for hazard in document["hazards"]:
        state = "consented to"
        if not hazard["consented"]:
            state = f"**{hazard['open']:,} not consented to.** To allow exactly this: {code(hazard['consent'])}"
        items.append(f"- {code(hazard['name'])} × {hazard['count']:,}: {state}")
        items += [f"  - {prose(message)}" for message in hazard["messages"]]
        items += [f"  - {code(line)}" for line in holding(document, hazard)]
        items += [
            f"  - ⚠ **Consent given before this change** ({code(each)})" for each in given_before(document, hazard)
        ]
    return Section("#### Hazards\n", items, "hazards", rank=0, least=20)


def _hint(item: Json) -> str:
    return f". {prose(item['hint'])}" if item["hint"] else ""


def _no_longer_managed(document: Json) -> Section:
    items = [
        f"- {code(item['address'] + in_brackets(item))}, {prose(known_from(item))}{_hint(item)}"
        for item in document["no_longer_managed"]
    ]
    opening = "#### No longer managed: nothing declares it any more, and it stays as it is\n"
    return Section(opening, items, "things no longer managed", rank=3, least=5)


def _operations(operations: Iterable[Json], kind: Effect) -> Section:
    chosen = [operation for operation in operations if effect(operation) is kind]
    chosen.sort(key=lambda operation: (not operation["hazards"], not operation["protected"]))
    opening = (
        f"#### {HEADINGS[kind]} ({len(chosen):,})\n\n| operation | address | before → after | why |\n|---|---|---|---|"
    )
    return Section(opening, [_row(operation, kind) for operation in chosen], _NOUNS[kind], _RANKS[kind])


def _row(operation: Json, kind: Effect) -> str:
    lock = f" {LOCK}" if operation["protected"] else ""
    why = [f"{prose(operation['reason']['text'], table=True)}, {code(place(operation['reason']), table=True)}"]
    why += [f"⚠ **{hit['name']}**: {prose(hit['message'], table=True)}" for hit in operation["hazards"]]
    cells = [
        f"`{SYMBOLS[kind]}` {verb(operation)}",
        code(operation["address"], table=True) + lock,
        _difference(operation),
        "<br>".join(why),
    ]
    return f"| {' | '.join(cells)} |"


def _difference(operation: Json) -> str:
    if operation["kind"] in _VERSIONED:
        sides = [_version(operation[side]) for side in ("before", "after") if operation[side]]
    else:
        sides = [code(words, table=True) for words in change(operation) if words]
    return "<br>→ ".join(sides)


def _version(version: Json) -> str:
    index = "v?" if version["index"] is None else f"v{version['index']}"
    source = code(version["source"], table=True) if version["source"] else "source not visible"
    return f"**{index}** {source} digest {code(version['digest'][:12], table=True)}"


def _manual(document: Json) -> Section:
    items = [f"- [ ] {prose(step['text'])}" for step in document["manual"]]
    return Section("#### For a person to do\n", items, "steps for a person", rank=1)


def _side_effects(operations: Iterable[Json]) -> Section:
    items = [f"- {code(each['address'])}: {prose(note)}" for each in operations for note in each["notes"]]
    return Section("#### Side effects\n", items, "side effects", rank=6)


def _irrevocable(document: Json) -> Section:
    items = [f"- {code(lost['address'])}: {prose(lost['why'])}" for lost in document["undo"]["irrevocable"]]
    return Section("#### Cannot be taken back\n", items, "things that cannot be taken back", rank=3)


def _warnings(document: Json) -> Section:
    items = []
    for warning in document["warnings"]:
        where = f"{code(place(warning))}: " if warning["file"] else ""
        hint = f" Hint: {prose(warning['hint'])}" if warning["hint"] else ""
        items.append(f"- {where}{prose(warning['message'])}.{hint}")
    return Section("#### Warnings\n", items, "warnings", rank=7)


def _evidence(operations: Iterable[Json]) -> tuple[Section, Section]:
    shown = shown_with_evidence(operations)
    moves = [_details(operation) for operation in shown if effect(operation) is Effect.CHANGE]
    firsts = [_details(operation) for operation in shown if effect(operation) is Effect.ADD]
    return (
        Section("#### What changes between the versions\n", moves, "comparisons of versions", rank=5, least=3),
        Section("#### What is in the new versions\n", firsts, "tables on new versions", rank=9, least=3),
    )


def _details(operation: Json) -> str:
    found = facts(operation)
    if found is None:
        return ""
    moves = operation["before"] is not None
    head = "| | old | new | |\n|---|---|---|---|" if moves else "| | value | |\n|---|---|---|"
    lines = []
    for row in (*found.metrics, *found.rows):
        name = row.name if row.own else code(row.name, table=True)
        sides = [row.old, row.new] if moves else [row.new or row.old]
        cells = [
            name,
            *(code(side, table=True) if side else "" for side in sides),
            _TONES[row.tone] + (prose(row.note, table=True) if row.note else ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    table = [head, *lines, ""] if lines else []
    remarks = [f"- {prose(remark)}" for remark in found.remarks]
    lock = f" {LOCK}" if operation["protected"] else ""
    summary = f"<summary>{verb(operation)} {in_html(operation['address'])}{lock}</summary>"
    return "\n".join(["<details>", summary, "", *table, *remarks, "", "</details>"])


# Receipt and drift ---------------------------------------------------------------------------------------------------

_STATUS_RANKS = {"failed": 1, "unknown": 2, "not-attempted": 3, "done": 4, "skipped": 5}


def render_receipt(document: Json, *, limit: int = GITHUB_LIMIT) -> str:
    """What became of every operation, worst first, in at most `limit` characters."""
    numbers = ", ".join(f"{number:,} {status}" for status, number in document["summary"].items() if number)
    title = f"### regsync apply: {document['result']} ({numbers or 'nothing to do'})"
    said, fine = state_after(document)
    state = said if fine else f"⚠ {said}"
    sections = [_outcomes(document["operations"], status) for status in _STATUS_RANKS]
    rows = [
        ("plan", code(document["plan"])),
        ("destination", _destination(document)),
        ("manifests", _manifests(document)),
        ("time", f"{code(document['started_at'])} to {code(document['finished_at'])}"),
        ("receipt", f"{code(document['digest'])} of regsync {code(document['tool_version'])}"),
    ]
    return fit(
        Page(
            top=f"{title}\n\n{state}",
            sections=[*sections, _manual(document)],
            bottom=_footer(rows),
            notice=lambda cuts: _notice(cuts, "regsync show receipt.json", document["operations"]),
            shortest=f"{title}. See the receipt with regsync show.",
        ),
        limit,
    )


def _outcomes(operations: Iterable[Json], status: str) -> Section:
    chosen = [operation for operation in operations if operation["status"] == status]
    items = []
    for operation in chosen:
        lock = f" {LOCK}" if operation["protected"] else ""
        said = [prose(operation[key], table=True) for key in ("message", "hint") if operation[key]]
        cells = [
            verb(operation),
            code(operation["address"], table=True) + lock,
            _difference(operation),
            "<br>".join(said),
        ]
        items.append(f"| {' | '.join(cells)} |")
    heading = f"#### {status.capitalize().replace('-', ' ')} ({len(chosen):,})"
    opening = f"{heading}\n\n| operation | address | before → after | |\n|---|---|---|---|"
    return Section(opening, items, f"{status.replace('-', ' ')} operations", rank=_STATUS_RANKS[status])


def render_drift(document: Json, *, limit: int = GITHUB_LIMIT) -> str:
    """Where live differs from what is declared, in at most `limit` characters."""
    found = document["differences"]
    number = counted(len(found), "difference") if found else "none"
    title = f"### regsync drift: {number}"
    items = []
    for item in found:
        difference = change(item)
        old, new = (code(words, table=True) if words else "not there" for words in difference)
        lock = f" {LOCK}" if item["protected"] else ""
        where = code(place(item["reason"]), table=True)
        items.append(
            f"| {code(item['address'], table=True)}{lock} | {old} | {new}<br>{where} | {prose(who_moved(item))} |"
        )
    opening = "| | live | declared | who moved |\n|---|---|---|---|"
    agrees = f"Live is as declared: {counted(document['unchanged']['aliases'], 'alias', 'aliases')} checked."
    rows = [("destination", _destination(document)), ("manifests", _manifests(document))]
    return fit(
        Page(
            top=f"{title}\n\n{WAYS_OUT if found else agrees}",
            sections=[Section(opening, items, "differences", rank=1)],
            bottom=_footer(rows),
            notice=lambda cuts: _notice(cuts, "regsync drift", found),
            shortest=f"{title}. See all of it with regsync drift.",
        ),
        limit,
    )


# Footers -------------------------------------------------------------------------------------------------------------


def _plan_footer(document: Json) -> str:
    read, proof = document["read"], document["proof"]
    return _footer(
        [
            ("destination", _destination(document)),
            ("manifests", _manifests(document)),
            ("state that was read", f"{code(read['fingerprint'])}, {counted(read['items'], 'item')}"),
            ("plan", f"{code(document['digest'])} of regsync {code(document['tool_version'])}"),
            ("proof", f"states {proof['states']}, invariants {proof['invariants']}"),
        ]
    )


def _destination(document: Json) -> str:
    where = document["destination"]
    return f"{code(where['organization'])} on {code(where['url'])} as {code(where['user'])}"


def _manifests(document: Json) -> str:
    manifest = document["manifest"]
    commit = f"commit {code(manifest['commit'])}, " if manifest["commit"] else ""
    return f"{commit}{code(manifest['digest'])}"


def _footer(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(["---", "", *(f"- {name}: {words}" for name, words in rows)])
