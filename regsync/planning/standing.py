"""Since when the consents of a plan stand, and which of them were given before the change that they cover."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from regsync.core.consent import Given, Since
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.diagnostics import Diagnostic, Severity
from regsync.planning.blame import Blame

MOST_CHANGES = 100
"""Operations of a consent whose lines are looked up."""
SHORT = 12


def with_dates(plan: Plan) -> Plan:
    """The plan with what Git tells of its consents, and a warning for each that is older than what it covers."""
    if not any(_is_asked(given) for given in plan.consents):
        return plan
    blame = Blame()
    operations = {operation.id: operation for operation in plan.operations}
    consents = tuple(_dated(given, operations, blame) if _is_asked(given) else given for given in plan.consents)
    return replace(plan, consents=consents, warnings=(*plan.warnings, *_warnings(consents, operations)))


def _is_asked(given: Given) -> bool:
    return given.needed and not given.on_the_command_line and given.consent.origin.line > 0


def _dated(given: Given, operations: dict[str, Operation], blame: Blame) -> Given:
    file, line, _ = given.consent.origin
    commits = blame.commits(file, [line])
    if line not in commits:
        return given
    commit = commits[line]
    covered = [operations[name] for name in given.covers] or list(operations.values())
    changes = _changes(covered[:MOST_CHANGES], blame) if commit is not None else ()
    before = commit is not None and any(blame.is_older(commit, change, file) for change in changes)
    return replace(given, since=Since(commit, before))


def _changes(operations: Iterable[Operation], blame: Blame) -> set[str | None]:
    """The commits that wrote what the operations come from; None: not committed yet."""
    lines: dict[str, set[int]] = defaultdict(set)
    found: set[str | None] = set()
    for operation in operations:
        reason = operation.reason
        if reason.text.startswith("not listed"):
            # The line that asked for it is gone: the last change of the file is the nearest that can be known.
            found.update(blame.last_change(reason.position.file) or ())
        else:
            lines[reason.position.file].add(reason.position.line)
    for file, numbers in lines.items():
        found.update(blame.commits(file, numbers).values())
    return found


def _warnings(consents: Sequence[Given], operations: dict[str, Operation]) -> list[Diagnostic]:
    found = []
    for given in consents:
        if given.since is None or not given.since.before or given.since.commit is None:
            continue
        file, line, _ = given.consent.origin
        covered = [str(operations[name].action.address) for name in given.covers]
        what = ", ".join(covered[:3]) + (f" and {len(covered) - 3} more" if len(covered) > 3 else "")
        message = (
            f"consent given before this change ({file}:{line}, commit {given.since.commit[:SHORT]}): "
            f"`{given.consent}`{f' lets {what} through' if what else ''}"
        )
        hint = "see whether it is meant for this change too; if so, give it anew, by name"
        found.append(Diagnostic("consent-before-change", message, given.consent.origin, hint, Severity.WARNING))
    return found
