"""Guarantees 2 to 7 at small scope, with nothing left out: every live state, every manifest, every crash."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.guarantees.families import FAMILIES
from tests.guarantees.figures import check_figures
from tests.guarantees.smallworlds import Campaign


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Millions of small objects and no cycles: looking for garbage would take a third of the time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("without_collector")
def test_every_pair_is_planned_walked_cut_short_everywhere_and_converges(family: str) -> None:
    check_figures(family, Campaign(FAMILIES[family]()).run().row())
