"""An address with a slip in it: the answer names the one that was meant."""

from __future__ import annotations

import pytest

from tests.commands.inside import Cli


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (["plan", "--target", "model/Churn"], "model/churn"),
        (["plan", "--target", "Model"], "model"),
        (["plan", "--exclude", "model/churn:Production"], "model/churn:production"),
        (["promote", "model/fraud-detector", "--from", "Staging", "--to", "production"], "staging"),
        (["promote", "model/fraud-detecter", "--from", "staging", "--to", "production"], "model/fraud-detector"),
        (["set", "model/churn:Production=v0"], "production"),
        (["accept", "model/chrun"], "model/churn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_was_meant_is_named(adopted: Cli, command: list[str], meant: str) -> None:
    assert adopted("import", "-o", "m").code == 0
    answer = adopted(*command, "m")
    assert answer.code == 1
    assert f"did you mean {meant!r}?" in answer.err


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("model/Churn", "model/churn"),
        ("model/churn:Production", "model/churn:production"),
        ("model/fraud-detectr:production", "model/fraud-detector:production"),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_why_names_it_too(adopted: Cli, asked: str, meant: str, declared: bool) -> None:
    """Whether it is declared or only live."""
    assert adopted("import", *(["model"] if declared else ["Golden Datasets"]), "-o", "m").code == 0
    answer = adopted("why", asked, "m")
    assert answer.code == 0
    place = meant if declared or asked != "model/fraud-detectr:production" else "model/fraud-detector"
    assert f"did you mean {place!r}?" in answer.err
    assert "did you mean" not in adopted("why", meant, "m").err
