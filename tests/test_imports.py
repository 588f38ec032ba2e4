"""What imports what: the core is pure, nothing imports in a circle, and starting up loads little.

The core may import itself, names, diagnostics, and the parts of the standard library that are listed here and do no I/O.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import regsync

PACKAGE = Path(regsync.__file__).parent
ALLOWED = {
    "__future__",
    "collections",
    "collections.abc",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "re",
    "types",
    "typing",
}
OWN = ("regsync.core", "regsync.names", "regsync.diagnostics", "regsync.version")


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_core_imports_nothing_that_does_io(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert name in ALLOWED or name.startswith(OWN), f"{path.name} imports {name}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "exec", "eval", "__import__"}


def imports() -> dict[str, set[str]]:
    """For each module of regsync, the modules of regsync that it imports: at its top, in a function, or for types only."""
    modules = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found: dict[str, set[str]] = {module: set() for module in modules}
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found[module] |= {alias.name for alias in node.names} & set(modules)
            elif isinstance(node, ast.ImportFrom) and node.module in modules:
                named = (f"{node.module}.{alias.name}" for alias in node.names)
                found[module] |= {name if name in modules else node.module for name in named}
    return found


def test_nothing_imports_in_a_circle() -> None:
    try:
        graphlib.TopologicalSorter(imports()).prepare()
    except graphlib.CycleError as error:
        pytest.fail("an import cycle: " + " <- ".join(error.args[1]))


def test_starting_up_loads_click_and_nothing_else_of_weight() -> None:
    code = "import sys, regsync.commands; print(*sorted(m for m in sys.modules if '.' not in m))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"yaml", "httpx", "sqlite3", "jsonschema_rs", "deepdiff", "rich"} & set(answer.stdout.split())
