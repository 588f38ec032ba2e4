"""`docs/wandb.md` names everything that is spoken."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from regsync.backends.wandb.connection import documents, options, session
from regsync.backends.wandb.writing import mutations

PAGE = (Path(__file__).parents[3] / "docs" / "wandb.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("mutation", sorted(mutations._ANSWERS))
def test_every_mutation_is_on_the_page(mutation: str) -> None:
    assert f"`{mutation}`" in PAGE


def test_the_page_names_no_mutation_that_is_not_sent() -> None:
    table = PAGE.partition("## Mutations")[2].partition("\n\n|")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([a-z]+[A-Z]\w+)`", row.split("|")[1])}
    assert named <= set(mutations._ANSWERS)


@pytest.mark.parametrize(
    "field",
    sorted(
        set(re.findall(r'text=f?"(\w+)', inspect.getsource(documents)))
        | set(re.findall(r'"(?:mine: )?(\w+)(?: \{|\()', inspect.getsource(session)))
    ),
)
def test_every_query_is_on_the_page(field: str) -> None:
    queries = PAGE.partition("## Queries")[2].partition("## Mutations")[0]
    assert re.search(rf"\b{field}\b", queries)


@pytest.mark.parametrize(
    "variable",
    [options.TIMEOUT_VARIABLE, options.DEADLINE_VARIABLE, options.PAGE_VARIABLE, options.USER_AGENT_VARIABLE],
)
def test_every_setting_is_on_the_page(variable: str) -> None:
    assert f"`{variable}`" in PAGE


@pytest.mark.parametrize("feature", re.findall(r"REGSYNC_[A-Z_]+", inspect.getsource(session)))
def test_every_extension_is_on_the_page(feature: str) -> None:
    assert f"`{feature}`" in PAGE
