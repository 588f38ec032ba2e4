"""The codes of everything for which the comparison says that there can be no plan, or warns."""

from __future__ import annotations

import ast
from pathlib import Path

import regsync

COMPARISON = Path(regsync.__file__).parent / "core" / "diff"


def error_codes() -> set[str]:
    """Read from the sources: first arguments of calls of `error` and `warn`."""
    return {
        node.args[0].value
        for path in COMPARISON.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"error", "warn"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
