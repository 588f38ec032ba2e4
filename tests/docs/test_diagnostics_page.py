"""`docs/diagnostics.md` lists every code, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.manifest.reading.cases import cases

ROOT = Path(__file__).parents[2]
PAGE = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/diagnostics.md").read_text("utf-8"), re.MULTILINE))
MAKERS = {"Diagnostic", "error", "warn", "warning", "problem", "stop"}
SOURCES = sorted(path for wing in ("manifest", "core", "planning") for path in (ROOT / "regsync" / wing).rglob("*.py"))
SOURCES += sorted((ROOT / "regsync").glob("*.py"))
MADE_BY_OTHER_TESTS = {
    "binary-file",
    "encoding",
    "file-too-large",
    "no-manifests",
    "not-a-file",
    "passed-over",
    "too-many-errors",
    "unreadable",
    "variables-too-long",
}


def _constants(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _made(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in MAKERS and re.fullmatch("[a-z-]+", str(node.args[0].value)):
                yield str(node.args[0].value)


def test_every_code_is_on_the_page() -> None:
    assert {code for path in SOURCES for code in _made(path)} <= PAGE


def test_every_code_on_the_page_exists() -> None:
    assert {text for path in SOURCES for text in _constants(path)} >= PAGE


def test_every_code_of_manifests_has_a_manifest() -> None:
    page = (ROOT / "docs/diagnostics.md").read_text("utf-8").partition("## Manifests against the live registry")[0]
    offline = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    shown = "\n".join(case.values[0].expected for kind in ("bad", "good") for case in cases(kind))
    assert set(re.findall(r"^\S.*\[([a-z-]+)\]$", shown, re.MULTILINE)) | MADE_BY_OTHER_TESTS == offline
