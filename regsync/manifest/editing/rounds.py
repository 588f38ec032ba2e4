"""Many edits at once: all that do not meet in one pass over the files, the others in the next."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from types import MappingProxyType

from regsync.diagnostics import Position, RegsyncError
from regsync.manifest.editing.entries import Addition, added
from regsync.manifest.editing.splice import Splice, spliced
from regsync.manifest.editing.written import Written
from regsync.manifest.reading.spans import LINE_BREAK
from regsync.slots import NamedTuple, dataclass


class Change(NamedTuple):
    """One edit, by file name; or an entry more in a map (`adds`), which goes there together with all others for it.

    `joins`: what it puts below the last of others, by name: two of different names may stand one below the other. None: what it
    puts somewhere can stand there only alone. `out_of`: the list or map that it takes something out of, as file, offset and number
    of entries: the last one is taken out otherwise than the others, and after what is put into it (`into`).
    """

    splices: Mapping[str, Sequence[Splice]] = MappingProxyType({})
    joins: str | None = None
    out_of: tuple[str, int, int] | None = None
    into: tuple[str, int] | None = None
    adds: Addition | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An edit that is to be made. `change` finds it in the manifests as they are then; None: there is nothing to do.

    `again`: it may take more than one change, and is asked until there is nothing to do. `at`: where it acts, for one that goes by
    a position; it moves along with what other edits do above it.
    """

    change: Callable[[Written, Position | None], Change | None]
    again: bool = False
    at: Position | None = None


def carried_out(now: Written, wanted: Sequence[Step]) -> Written:
    """All steps, as if one were made after the other. Raises what they raise, and `DiagnosticsError` where a result is no manifest."""
    left = list(wanted)
    while left:
        try:
            found = _brought_together(
                [(step, change) for step in left if (change := step.change(now, step.at)) is not None]
            )
            taken = _apart([change for _, change in found])
            merged: dict[str, list[Splice]] = {}
            for (_, change), is_taken in zip(found, taken, strict=True):
                for name, splices in change.splices.items() if is_taken else ():
                    merged.setdefault(name, []).extend(splices)
            edited = now.with_splices(merged) if merged else now
        except RegsyncError:
            return _one_by_one(now, left)  # Which finds out whose fault it is.
        if found and not any(taken):
            return _one_by_one(now, left)
        left = [
            step
            for (steps, _), is_taken in zip(found, taken, strict=True)
            for step in steps
            if step.again or not is_taken
        ]
        left = _moved(left, now, merged)
        now = edited
    return now


def _one_by_one(now: Written, steps: Sequence[Step]) -> Written:
    left = list(steps)
    while left:
        step = left.pop(0)
        change = step.change(now, step.at)
        if change is None:
            continue
        ((_, change),) = _brought_together([(step, change)])
        left = _moved([step, *left] if step.again else left, now, change.splices)
        now = now.with_splices(change.splices)
    return now


def _brought_together(found: Sequence[tuple[Step, Change]]) -> list[tuple[list[Step], Change]]:
    """What is added to one map is one change of it, which stands where the first of them stood."""
    together: dict[object, list[tuple[Step, Change]]] = {}
    for number, (step, change) in enumerate(found):
        together.setdefault(number if change.adds is None else change.adds.where, []).append((step, change))
    return [
        (
            [step for step, _ in each],
            Change(added(adds)) if (adds := [change.adds for _, change in each if change.adds]) else each[0][1],
        )
        for each in together.values()
    ]


def _apart(changes: Sequence[Change]) -> list[bool]:
    """Which of the changes may be made together; at least one, where there are any."""
    taken = [True] * len(changes)
    into = {change.into for change in changes}
    gone = Counter[tuple[str, int, int]]()
    for number, change in enumerate(changes):
        if change.out_of is not None:
            gone[change.out_of] += 1
            alone = change.out_of[2] == 1 and change.out_of[:2] not in into
            taken[number] = gone[change.out_of] < change.out_of[2] or alone
    by_file: dict[str, list[tuple[Splice, int]]] = {}
    for number, change in enumerate(changes):
        for name, splices in change.splices.items() if taken[number] else ():
            by_file.setdefault(name, []).extend((splice, number) for splice in splices)
    for inside in by_file.values():
        inside.sort(key=lambda each: each[0][:2])
        before: list[tuple[Splice, int]] = []
        here = _Here()
        for splice, number in inside:
            while before and not taken[before[-1][1]]:
                before.pop()
            joins = changes[number].joins
            if before and before[-1][1] != number and _meet(before[-1][0], splice, joins, here):
                taken[number] = False
            else:
                before.append((splice, number))
                here.add(splice, joins)
    return taken


class _Here:
    """What is put at the last place looked at: the names of `Change.joins`."""

    def __init__(self) -> None:
        self.offset = -1
        self.names: set[str | None] = set()

    def add(self, splice: Splice, joins: str | None) -> None:
        if splice.start != self.offset:
            self.offset, self.names = splice.start, set()
        if splice.start == splice.end:
            self.names.add(joins)


def _meet(nearest: Splice, splice: Splice, joins: str | None, here: _Here) -> bool:
    """Whether a splice cannot be made together with those before it, the last of which is the nearest."""
    if nearest.end != splice.start:
        return nearest.end > splice.start
    if nearest.start < nearest.end:
        return bool(nearest.text or splice.text or splice.start == splice.end)
    return splice.start < splice.end or joins is None or None in here.names or joins in here.names


def _moved(steps: Iterable[Step], now: Written, splices: Mapping[str, Sequence[Splice]]) -> list[Step]:
    """Steps that go by a position, with the one that it has after the changes."""
    kept = list(steps)
    by_file: dict[str, list[int]] = {}
    for number, step in enumerate(kept):
        if step.at is not None and step.at.file in splices:
            by_file.setdefault(step.at.file, []).append(number)
    for name, numbers in by_file.items():
        text = now.manifests.find(name).data.decode()
        old, new = _line_starts(text), _line_starts(spliced(text, splices[name]))
        places = sorted((old[at.line - 1] + at.column - 1, n) for n in numbers if (at := kept[n].at) is not None)
        inorder = sorted(splices[name], key=itemgetter(0, 1))
        done = shift = 0
        for offset, number in places:
            while done < len(inorder) and inorder[done].end <= offset:
                shift += len(inorder[done].text) - (inorder[done].end - inorder[done].start)
                done += 1
            line = bisect_right(new, offset + shift)
            kept[number] = replace(kept[number], at=Position(name, line, offset + shift - new[line - 1] + 1))
    return kept


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in LINE_BREAK.finditer(text))]
