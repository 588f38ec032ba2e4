"""How findings are shown to people: one cause is one finding, however many places it has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from regsync.diagnostics import Diagnostic, Position
from regsync.views.diagnostics import render_diagnostics
from regsync.views.warnings import by_cause
from tests.commands.inside import Cli, adopted, cli

__all__ = ["adopted", "cli"]

HEAD = "apiVersion: regsync/v1\norganization: acme\nregistries:\n  model:\n    collections:\n"


def manifest(references: dict[str, str]) -> str:
    """One collection an alias; its reference stands three lines below its name."""
    blocks = [
        f"      {name}:\n        type: model\n        aliases:\n          production: {reference}\n"
        for name, reference in references.items()
    ]
    return HEAD + "".join(blocks)


def planned(cli: Cli, text: str) -> list[str]:
    Path("registry.yaml").write_text(text, encoding="utf-8")
    answer = cli("plan", "registry.yaml")
    assert answer.code == 1
    return answer.err.splitlines()


def test_a_team_that_is_not_there_is_said_once_with_the_number_of_places(adopted: Cli) -> None:
    lines = planned(
        adopted, manifest({f"c{number}": f"ml/project/artifact-{number}:v{number}" for number in range(124)})
    )
    assert [line for line in lines if "there is no team 'ml'" in line] == [
        "registry.yaml:9:11: error: ml/project/artifact-0:v0 does not exist: there is no team 'ml' [version-not-found]"
    ]
    assert "    and 123 more places: registry.yaml:13:11, registry.yaml:17:11, registry.yaml:21:11, …" in lines


def test_two_causes_are_two_findings(adopted: Cli) -> None:
    lines = planned(adopted, manifest({"a": "ml/p/x:v0", "b": "mi/p/x:v0", "c": "ml/q/y:v1"}))
    assert sum("there is no team 'ml'" in line for line in lines) == 1
    assert sum("there is no team 'mi'" in line for line in lines) == 1
    assert "    and 1 more place: registry.yaml:17:11" in lines


@pytest.mark.parametrize("cause", [None, "team ml"])
def test_what_has_no_cause_of_its_own_is_never_put_together(cause: str | None) -> None:
    found = [Diagnostic("code", "the same", Position("f.yaml", line, 1), cause=cause) for line in (1, 2)]
    assert render_diagnostics(found).count("the same") == (2 if cause is None else 1)


def test_warnings_in_the_same_words_are_one_in_diagnostics_and_in_every_view_of_a_plan(adopted: Cli) -> None:
    sources = {f"c{number}": "acme-ml/fraud/fraud-detector:latest" for number in range(40)}
    Path("registry.yaml").write_text(manifest(sources | {"d": "acme-ml/fraud/churn:latest"}), encoding="utf-8")
    for command in (["validate"], ["plan"], ["plan", "--format", "markdown"], ["plan", "--format", "html"]):
        answer = adopted(*command, "registry.yaml")
        said = answer.out + answer.err
        assert said.count("may mean another version tomorrow") == 2, command
        assert said.count("and 39 more places") == 1
        assert len(re.findall("(?i)hint: write its number instead", said)) == (2 if command == ["validate"] else 1)


def test_hints_and_places_of_plans_that_differ_stay_with_their_warnings() -> None:
    def warning(message: str, hint: str | None, line: int | None) -> dict[str, Any]:
        return {"code": "c", "message": message, "hint": hint, "file": line and "f.yaml", "line": line, "column": 1}

    found = by_cause(
        [
            warning("a", "x", 1),
            warning("b", "x", 2),
            warning("c", "y", 3),
            warning("a", "x", 4),
            warning("d", None, None),
        ]
    )
    assert [(each.where, each.message, each.more, each.hint) for each in found] == [
        ("f.yaml:1:1", "a", ("f.yaml:4:1",), None),
        ("f.yaml:2:1", "b", (), "x"),
        ("f.yaml:3:1", "c", (), "y"),
        (None, "d", (), None),
    ]
