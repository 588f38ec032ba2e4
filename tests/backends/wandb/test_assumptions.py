"""Each assumption of `docs/wandb.md` broken by a server, and everything that regsync can do carried out on it: no receipt lies.

The last column of the page's table says how that ends.
"""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import pytest

from regsync.backends.wandb.writing.assumptions import ASSUMPTIONS
from regsync.core.actions import ProtectAlias, UnprotectAlias
from regsync.diagnostics import DiagnosticsError
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.servers import admitted
from tests.backends.wandb.test_probe import SWITCHES, assumption_rows
from tests.backends.wandb.wire import Behaviour
from tests.backends.wandb.worlds import Work, local_plan

ENDS = {each.name: cells[2] for each, cells in zip(ASSUMPTIONS, assumption_rows(), strict=True)}
CASES = [(behave, rows) for behave, rows in SWITCHES if rows]


def how_it_ends(work: Work, file: Path) -> str:
    """In the words of the page. What a receipt says is compared with the registry file behind the server."""
    path = work.manifest(MANIFEST)
    try:
        plan = work.plan(path)
    except DiagnosticsError as error:
        return f"no plan: `{error.diagnostics[0].code}`"
    receipt = work.apply(plan).receipt
    assert receipt is not None
    by_hand = (ProtectAlias, UnprotectAlias) if plan.manual else ()
    left = [each.action for each in local_plan(file, path).operations if not isinstance(each.action, by_hand)]
    assert not (receipt.verified and left), "verified means that nothing is left to do"
    assert receipt.exit_code in {0, 4}
    if receipt.exit_code == 4:
        return "stops there, exit code 4"
    return "done, verified" if receipt.verified else "done, not verified"


@pytest.mark.parametrize(("behave", "rows"), CASES, ids=[", ".join(sorted(rows)) for _, rows in CASES])
def test_an_apply_on_a_server_that_does_otherwise_ends_as_the_page_says(
    tmp_path: Path, behave: Behaviour, rows: set[str]
) -> None:
    with admitted(tmp_path, SEED) as (work, _, file, between):
        between.reset(deepcopy(behave))  # Some remember what they saw.
        end = how_it_ends(work, file)
    for row in rows:
        assert end in re.split(" or ", ENDS[row]), row
