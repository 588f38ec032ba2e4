"""Guarantees 2 to 7 at small scope: every live state, every manifest, every crash.

`make torture` leaves nothing out. In `make test` every manifest meets one in `STRIDE` of the live states, and every crash there.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.guarantees.families import FAMILIES
from tests.guarantees.figures import check_at_least, check_figures, documented
from tests.guarantees.smallworlds import Campaign

WORTH = {
    "types and protections": 75,
    "two collections": 60,
    "exact states": 60,
    "alias targets": 50,
    "listed versions": 20,
    "renames": 12,
}
"""Seconds."""


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Millions of small objects and no cycles: looking for garbage would take a third of the time."""
    before = gc.isenabled()
    gc.disable()
    yield
    if before:
        gc.enable()


STRIDE = 41
"""A prime number, so that no part of a state comes round as often."""


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("without_collector")
def test_every_manifest_on_some_live_states(family: str) -> None:
    world = FAMILIES[family]()
    stated = int(documented(family).partition(" | ")[0].replace(",", ""))
    assert len(world.states) * len(world.manifests) == stated, f"correct the pairs of {family!r} in guarantees.md"
    check_at_least(f"small worlds: pairs of {family}", Campaign(world, STRIDE).run().pairs)


@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=pytest.mark.torture(seconds=WORTH[name], whole=True)) for name in FAMILIES]
)
@pytest.mark.usefixtures("without_collector")
def test_every_pair_is_planned_walked_cut_short_everywhere_and_converges(family: str) -> None:
    check_figures(family, Campaign(FAMILIES[family]()).run().row())
