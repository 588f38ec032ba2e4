"""How findings are shown to people: one cause is one finding, however many places it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsync.diagnostics import Diagnostic, Position
from regsync.views.diagnostics import render_diagnostics
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
