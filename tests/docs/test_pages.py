"""The pages on adopting and editing do what they say; every example and every snippet follows the published schema."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from regsync.manifest.editing.layout import formatted
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import load
from tests.docs.pages import ROOT, commands, fences, run_page

SCHEMA = json.loads((ROOT / "schemas/manifest.v1.schema.json").read_text("utf-8"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted(path for path in (ROOT / "examples").rglob("*.y*ml") if ".regsync" not in path.parts)
OTHER_KEYS = {
    "a seed": {"users", "teams", "artifacts"},
    "a workflow": {"on", True, "jobs", "runs", "stages", "include"},
    "pre-commit": {"repos"},
    "Kubernetes": {"kind"},
}


def problems(document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def is_manifest(document: Any) -> bool:
    return isinstance(document, dict) and ("apiVersion" in document or "registries" in document)


def is_other(document: Any) -> bool:
    return isinstance(document, dict) and any(document.keys() & keys for keys in OTHER_KEYS.values())


@pytest.mark.needs("git")
def test_adopting(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/adopt/seed.yaml", tmp_path)
    assert len(commands(ROOT / "docs/adopt.md")) > 15
    run_page(ROOT / "docs/adopt.md", tmp_path)


def test_editing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/quickstart/registry.yaml", tmp_path)
    run_page(ROOT / "docs/editing.md", tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_follow_the_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    for document in yaml.safe_load_all(text):
        if is_other(document):
            continue
        assert is_manifest(document), "neither a manifest nor anything else that is known"
        assert problems(document) == []
        mode = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
        assert mode, "the first line tells editors which schema it follows"
        assert (path.parent / mode[1]).resolve() == ROOT / "schemas/manifest.v1.schema.json"
        assert formatted(Source(path.name, text.encode(), "")) == text, "regsync fmt would change it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets_follow_the_schema(page: Path, tmp_path: Path) -> None:
    for line, block in fences(page, "ya?ml"):
        place = f"{page.name}:{line}"
        for number, document in enumerate(yaml.safe_load_all(block)):
            if is_other(document):
                continue
            assert is_manifest(document), f"{place}: neither a manifest nor anything else that is known"
            assert problems(document) == [], place
            if len(document) > 1:
                path = tmp_path / f"{number}.yaml"
                path.write_text(block, "utf-8")
                load([path], variables=dict.fromkeys(set(re.findall(r"\$\{(\w+)\}", block)), "x"))


def test_the_schema_explains_itself_to_editors() -> None:
    """Everything that a person can write has a title or a description to show, and most of it an example."""
    for name, part in SCHEMA["$defs"].items():
        assert "title" in part or "description" in part, name
    for name in ("registry", "collection"):
        for key, part in SCHEMA["$defs"][name]["properties"].items():
            told = part.keys() & {"title", "description"} or "$ref" in part
            assert told, f"{name}.{key}"
