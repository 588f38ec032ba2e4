"""The plan in the README is what comes out of the quickstart. `REGSYNC_UPDATE=1 pytest tests/docs/test_readme.py` writes it anew."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.commands.inside import Cli
from tests.docs.pages import ROOT, check_generated

PROMOTE = ("promote", "model/fraud-detector", "--from", "staging", "--to", "production", "registry.yaml")
PLAN = ("plan", "registry.yaml")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


def test_the_plan_in_the_readme_is_what_the_quickstart_makes(cli: Cli, tmp_path: Path) -> None:
    for name in ("seed.yaml", "registry.yaml"):
        shutil.copy(ROOT / "examples/quickstart" / name, name)
    for arguments in (("local", "seed", "seed.yaml"), ("apply", "registry.yaml", "--auto-approve")):
        assert cli(*arguments).code == 0
    shown = []
    for arguments in (PROMOTE, PLAN):
        ended = cli(*arguments)
        assert ended.code == 0, ended.err
        shown.append(f"$ regsync {' '.join(arguments)}\n{ended.out.rstrip()}")
    text = TIME.sub("2026-11-02T09:14:07.000Z", "\n\n".join(shown)).replace(f"{tmp_path}/", "")
    check_generated(ROOT / "README.md", "plan", f"```text\n{text}\n```")


def test_nobody_is_told_to_install_by_a_name_that_is_not_ours() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "templates/gitlab.yml"):
        commands = re.findall(r"^(?:\$ )?pip install .*$", page.read_text("utf-8"), re.MULTILINE)
        assert not [command for command in commands if re.search(r"install '?regsync(\[|=|\s|$)(?! ?@)", command)], page
