"""`docs/state.md` names what is in the state folder, and nothing in it is needed."""

from __future__ import annotations

import re
import shutil

from tests.commands.shell import Shell, shell
from tests.docs.pages import ROOT

__all__ = ["shell"]


def test_what_an_apply_leaves_is_on_the_page_and_planning_does_not_need_it(shell: Shell) -> None:
    page = (ROOT / "docs/state.md").read_text("utf-8")
    listed = {name.rstrip("/") for name in re.findall(r"^\| `([a-z]+/?)` \|", page, re.MULTILINE)}
    folder = shell.folder / "elsewhere"
    for _ in range(2):
        assert shell("apply", "moves.yaml", "--auto-approve", REGSYNC_STATE_DIR="elsewhere").code == 0
    left = {path.name for path in folder.iterdir()}
    assert {"receipts", "journals", "seen", "lock"} <= left <= listed
    assert not (shell.folder / ".regsync" / "receipts").exists()

    shell.write("moves.yaml", (shell.folder / "moves.yaml").read_text("utf-8").replace("detector:v2", "detector:v3"))
    assert shell("plan", "moves.yaml", "-o", "with.json", REGSYNC_STATE_DIR="elsewhere").code == 0
    shutil.rmtree(folder)
    assert shell("plan", "moves.yaml", "-o", "without.json", REGSYNC_STATE_DIR="elsewhere").code == 0
    assert shell.json("with.json")["operations"] == shell.json("without.json")["operations"]
