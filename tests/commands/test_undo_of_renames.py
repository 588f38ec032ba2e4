"""An undo gives names back last: what it did before under the other names is found again, and the receipt says so."""

from __future__ import annotations

from pathlib import Path

from tests.commands.inside import Cli

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
