"""What planting a seed did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from regsync.diagnostics import Diagnostic, Position


@dataclass(slots=True)
class Report:
    """What planting did: how many of each noun were `made` or were `there`, what was left as it is, and keys made up.

    `problems` stop everything; `plant` raises them.
    """

    made: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    def count(self, noun: str, *, made: bool) -> None:
        """One more `noun`."""
        (self.made if made else self.there)[noun] += 1

    def left(self, what: str, found: object, wanted: object) -> None:
        """Something is there and differs, and stays."""
        if found != wanted:
            self.notes.append(f"{what} is {found!r} and stays so; the seed says {wanted!r}")

    def problem(self, message: str, position: Position, hint: str | None = None) -> None:
        """Something contradicts the seed."""
        self.problems.append(Diagnostic("seed-conflict", message, position, hint))

    def summary(self) -> str:
        """One line: what was made, and what was there."""
        made = ", ".join(f"{number} {_plural(noun, number)}" for noun, number in self.made.items() if number)
        there = ", ".join(f"{number} {_plural(noun, number)}" for noun, number in self.there.items() if number)
        parts = [f"made {made}" if made else "nothing to make", f"there already: {there}" if there else ""]
        return "; ".join(part for part in parts if part)


def _plural(noun: str, number: int) -> str:
    if number == 1:
        return noun
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"
