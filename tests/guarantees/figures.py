"""The figures that `docs/guarantees.md` states. Tests that count compare what they counted with what is written there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"


@cache
def _rows() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            name, _, rest = line.removeprefix("| ").removesuffix(" |").partition(" | ")
            assert name not in found, f"two rows of figures are called {name!r}"
            found[name] = rest
    return found


def documented(name: str) -> str:
    """The cells of the row of that name, joined by ` | `, as they are written."""
    rows = _rows()
    assert name in rows, f"{PAGE.name} has no row {name!r}"
    return rows[name]


def check_figures(name: str, counted: str) -> None:
    """Show what was counted, and fail where the page says something else."""
    print(f"{name}: {counted}")
    assert documented(name) == counted, f"correct the row {name!r} of {PAGE.name}"


def check_at_least(name: str, counted: int) -> None:
    """The same for a figure that may grow without the page being wrong."""
    print(f"{name}: {counted}")
    stated = int(documented(name).replace(",", ""))
    assert counted >= stated, f"{PAGE.name} says {stated}"
