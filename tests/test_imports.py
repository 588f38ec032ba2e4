"""What imports what: the core is pure, nothing imports in a circle, and starting up loads little.

The core may import itself, names, diagnostics, and the parts of the standard library that are listed here and do no I/O.
"""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.test_each_binding import world
from tests.wings import PACKAGE, imports

ALLOWED = {
    "__future__",
    "abc",
    "array",
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
OWN = ("regsync.core", "regsync.names", "regsync.diagnostics", "regsync.version", "regsync.slots")


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


def test_nothing_imports_in_a_circle() -> None:
    try:
        graphlib.TopologicalSorter(imports()).prepare()
    except graphlib.CycleError as error:
        pytest.fail("an import cycle: " + " <- ".join(error.args[1]))


def test_starting_up_loads_click_and_nothing_else_of_weight() -> None:
    code = "import sys, regsync.commands; print(*sorted(m for m in sys.modules if '.' not in m))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"yaml", "httpx", "sqlite3", "jsonschema_rs", "deepdiff", "rich"} & set(answer.stdout.split())


LOADED = {
    "regsync": "alike diagnostics git names schema_files slots stages system version",
    "regsync.backends": "base confirming",
    "regsync.backends.local": "observing reading",
    "regsync.commands": "plan",
    "regsync.console": "completing context display evidence examples files options output progress runner selection shown",
    "regsync.core": (
        "canonical desired evidence fingerprint later live long operation order owned "
        "plan plan_document planner proof scope seen"
    ),
    "regsync.core.actions": "base on_collection on_registry",
    "regsync.core.diff": "collection context names registry settled unseen versions",
    "regsync.execution": "own state",
    "regsync.local.store": (
        "access accounts actor bulk database errors faults ids members opening patterns registries"
    ),
    "regsync.looks": "escape",
    "regsync.manifest.reading": "bindings build check files lint listed load locate merge syntax tree unseen variables words",
    "regsync.planning": "commit formerly look_alikes making",
    "regsync.views": "flowing sentences statements terminal text words",
}
"""By wing, without the wings themselves. Loading a module takes a third of a millisecond, as much as forty bindings,
and most plans find nothing to do: what only changes need is loaded where there are some."""
HEAVY = {"deepdiff", "graphql", "httpx", "jinja2", "rich", "starlette", "uvicorn"}


def test_the_modules_that_a_plan_without_a_change_loads(tmp_path: Path) -> None:
    plan = world(tmp_path / "world", 1)
    code = f"import sys; from regsync.commands import run; assert run({[*plan]}) == 0; print('loaded', *sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert "No changes" in answer.stdout
    loaded = set(answer.stdout.splitlines()[-1].split()[1:])
    wings = {name.rpartition(".")[0] for name in loaded}
    ours = {name for name in loaded - wings if name.startswith("regsync.")}
    assert ours == {f"{wing}.{name}" for wing, names in LOADED.items() for name in names.split()}
    assert not HEAVY & loaded
