"""An undo gives names back last: what it did before under the other names is found again, and the receipt says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.inside import Cli
from tests.commands.living import MANIFEST, by_hand, living

__all__ = ["living"]
RENAMED = """\
apiVersion: regsync/v1
registries:
  models:
    previously: model
    collections:
      detector:
        previously: fraud-detector
        aliases: {production: acme-ml/fraud/fraud-detector:v13}
"""


def test_all_results_of_an_undo_are_found_under_the_names_that_come_back(adopted: Cli) -> None:
    Path("m.yaml").write_text(RENAMED)
    assert adopted("apply", "m.yaml", "--auto-approve").code == 0
    assert adopted("undo", "--last", "-o", "back.json").code == 0
    answer = adopted("apply", "back.json")
    assert answer.code == 0
    assert "3 done" in answer.out and "Verified" in answer.out
    live = adopted("import", "model/fraud-detector").out
    assert "production: acme-ml/fraud/fraud-detector:v12" in live


@pytest.fixture
def undone(living: Cli) -> Cli:
    """A registry and a collection got other names, an alias was moved, and all of it was undone."""
    renamed = MANIFEST.replace("  model:\n", "  models:\n    previously: model\n")
    renamed = renamed.replace("      fraud:\n", "      fraud-detector:\n        previously: fraud\n")
    Path("renamed.yaml").write_text(renamed.replace("detector:v1 ", "detector:v2 "), encoding="utf-8")
    assert living("apply", "renamed.yaml", "--auto-approve").code == 0
    assert living("undo", "--last", "-o", "back.json").code == 0
    assert living("apply", "back.json").code == 0
    return living


def test_nobody_is_said_to_have_moved_what_the_undo_moved(undone: Cli) -> None:
    plan = undone("plan", "renamed.yaml").out
    assert "models/fraud-detector" in plan and "move alias" in plan
    assert "by hand" not in plan
    drift = undone("drift", "renamed.yaml").out
    assert drift.count("the last apply here was an undo") == drift.count("to agree:") == 3
    assert "No changes" in undone("plan", "registry.yaml").out


def test_who_moves_something_after_the_undo_is_told(undone: Cli) -> None:
    by_hand("bob", lambda person: person.move("staging", 0))
    assert "moved by hand since the last apply: v2 → v0, by bob" in undone("plan", "registry.yaml").out
