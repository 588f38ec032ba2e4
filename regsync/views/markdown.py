"""Plan, receipt and drift as Markdown for GitHub and GitLab. Rendered from the document alone; cut to the host's limit.

What strangers wrote (names, descriptions, metadata, messages with names in them) goes through `regsync.views.gfm`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from regsync.diagnostics import counted
from regsync.views.blocks import Block, blocks, grouped, inner_name
from regsync.views.consents import given_before, holding
from regsync.views.facts import Facts, Tone, facts, shown_with_evidence
from regsync.views.fitting import Cut, Page, Section, fit
from regsync.views.gfm import code, in_html, prose, sentence
from regsync.views.moved import WAYS_OUT, who_moved
from regsync.views.statements import Tone as StatementTone
from regsync.views.statements import about_plan, consent_ways, proof_words, what_is_left
from regsync.views.unmanaged import in_brackets, known_from
from regsync.views.warnings import by_cause
from regsync.views.words import (
    BLOCK_HEADINGS,
    LOCK,
    SYMBOLS,
    Effect,
    change,
    effect,
    place,
    state_after,
    verb,
)

Json = dict[str, Any]

GITHUB_LIMIT = 65_536
"""Characters of a comment on GitHub."""
GITLAB_LIMIT = 1_000_000
"""Characters of a note on GitLab."""

MOST_REGISTRIES = 10
"""Registries that are counted one by one where a plan is cut."""

_SIGNS = {StatementTone.GOOD: "", StatementTone.PLAIN: "", StatementTone.MILD: "⚠ ", StatementTone.BAD: "⛔ "}
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
        *(_blocks(kind, inside) for kind, inside in grouped(blocks(operations))),
        _no_longer_managed(document),
        _manual(document),
        _side_effects(operations),
        _irrevocable(document),
        _warnings(document),
        _evidence(operations),
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
    for statement in about_plan(document):
        text = sentence(statement.parts)
        lines.append(
            f"{_SIGNS[statement.tone]}**{text}**"
            if statement.tone is StatementTone.BAD
            else _SIGNS[statement.tone] + text
        )
    if not document["applyable"]:
        lines[-1] += f" {sentence(consent_ways(document))}"
    lines += [
        _SIGNS[each.tone] + sentence(each.parts)
        for each in what_is_left(document)
        if each.tone is not StatementTone.BAD
    ]
    return lines


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


def _blocks(kind: Effect, found: Sequence[Block]) -> Section:
    """A table with a row for each operation; where a thing has several, its name stands in a row above them."""
    rows = []
    for block in found:
        if len(block.operations) == 1:
            rows.append(_row(block.operations[0], block.operations[0]["address"]))
            continue
        inside = [_row(operation, inner_name(operation)) for operation in block.operations]
        rows += [f"| **{code(block.address, table=True)}** | | |\n{inside[0]}", *inside[1:]]
    opening = f"#### {BLOCK_HEADINGS[kind]} ({len(rows):,})\n\n| operation | before → after | why |\n|---|---|---|"
    return Section(opening, rows, _NOUNS[kind], _RANKS[kind])


def _row(operation: Json, name: str) -> str:
    why = [f"{code(place(operation['reason']), table=True)}"]
    if operation["reason"]["text"] != "declared":
        why[0] = f"{prose(operation['reason']['text'], table=True)}, {why[0]}"
    why += [f"⚠ **{hit['name']}**: {prose(hit['message'], table=True)}" for hit in operation["hazards"]]
    cells = [
        f"`{SYMBOLS[effect(operation)]}` {verb(operation)}{_lock(operation)}{' ' + code(name, table=True) if name else ''}",
        "<br>".join([_difference(operation), *_metrics(operation)]),
        "<br>".join(why),
    ]
    return f"| {' | '.join(cells)} |"


def _lock(operation: Json) -> str:
    return f" {LOCK}" if operation["protected"] else ""


def _metrics(operation: Json) -> list[str]:
    """The declared metrics, which stand beside the move."""
    found = facts(operation) if operation["kind"] == "set-alias" else None
    lines = []
    for row in found.metrics if found else ():
        sides = " → ".join(code(side, table=True) for side in (row.old, row.new) if side)
        lines.append(
            f"{_TONES[row.tone]}{code(row.name, table=True)} {sides}{f' ({prose(row.note, table=True)})' if row.note else ''}"
        )
    return lines


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
    for warning in by_cause(document["warnings"]):
        where = f"{code(warning.where)}: " if warning.where else ""
        end = ", …" if warning.number > len(warning.more) else ""
        more = f" ({warning.elsewhere}{', '.join(map(code, warning.more))}{end})" if warning.more else ""
        hint = f" Hint: {prose(warning.hint)}" if warning.hint else ""
        items.append(f"- {where}{prose(warning.message)}{more}.{hint}")
    return Section("#### Warnings\n", items, "warnings", rank=7)


def _evidence(operations: Iterable[Json]) -> Section:
    """What is known of the versions beside their metrics, folded."""
    shown = [
        (each, found)
        for each in shown_with_evidence(operations)
        if (found := facts(each)) and (found.rows or found.remarks)
    ]
    folds = [_fold(operation, found) for operation, found in shown]
    return Section("#### What is known of the versions\n", folds, "folds about versions", rank=5, least=3)


def _fold(operation: Json, found: Facts) -> str:
    moves = operation["before"] is not None
    head = "| | old | new | |\n|---|---|---|---|" if moves else "| | value | |\n|---|---|---|"
    lines = []
    for row in found.rows:
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
    summary = f"<summary>{verb(operation)}{_lock(operation)} {in_html(operation['address'])}</summary>"
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
    read = document["read"]
    return _footer(
        [
            ("destination", _destination(document)),
            ("manifests", _manifests(document)),
            ("state that was read", f"{code(read['fingerprint'])}, {counted(read['items'], 'item')}"),
            ("plan", f"{code(document['digest'])} of regsync {code(document['tool_version'])}"),
            ("proof", prose(proof_words(document))),
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
