"""`docs/architecture.md` is true: the picture is drawn from the imports, and the walk is made and watched.

`REGSYNC_UPDATE=1 pytest tests/docs/test_architecture.py` draws the picture again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import yaml

import regsync
from tests.backends.wandb.worlds import KEYS, PEOPLE, served, write_world
from tests.commands.inside import Cli
from tests.docs.pages import ROOT, check_generated
from tests.wings import WORDS, diagram, essential, imports, wings

PAGE = ROOT / "docs" / "architecture.md"
PACKAGE = Path(regsync.__file__).parent
STATION = re.compile(r"^\| \d+ \| .*? \| `([\w/]+\.py)` \| `([\w.]+)` \|$", re.MULTILINE)


def test_the_picture_is_drawn_from_the_imports() -> None:
    picture = diagram(essential(wings(imports())))
    check_generated(PAGE, "wings", f"```mermaid\n{picture}\n```")


def test_the_table_names_every_wing() -> None:
    table = PAGE.read_text("utf-8").partition("## The wings")[2].partition("##")[0]
    here = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    named = set(re.findall(r"`(\w+)(?:\.py|/)", table))
    assert here - {"__init__", "__main__", "__pycache__"} <= named
    assert here >= WORDS


def test_the_walk_of_an_alias_is_what_happens(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stations = STATION.findall(PAGE.read_text("utf-8"))
    assert len(stations) > 20
    collection = {
        "type": "model",
        "versions": [f"acme-ml/fraud/detector:v{number}" for number in (1, 2)],
        "aliases": {"production": "v1"},
    }
    write_world(tmp_path / "world.db", {**PEOPLE, "registries": {"model": {"collections": {"detector": collection}}}})
    wanted = {"type": "model", "aliases": {"production": "${team}/fraud/detector:v3"}}
    manifest = {
        "apiVersion": "regsync/v1",
        "organization": "acme",
        "variables": {"team": "acme-ml"},
        "registries": {"model": {"collections": {"detector": wanted}}},
    }
    Path("registry.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    called: dict[tuple[str, str], None] = {}

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(PACKAGE)):
            file = Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix()
            called.setdefault((file, frame.f_code.co_qualname))

    with served(tmp_path / "world.db") as server:
        for arguments in (["plan", "registry.yaml", "-o", "plan.json"], ["apply", "plan.json"]):
            sys.setprofile(watch)
            try:
                ended = cli("--backend", f"wandb:{server}", *arguments)
            finally:
                sys.setprofile(None)
            assert ended.code == 0, ended.err
    on_the_way = [call for call in called if call in stations]
    assert on_the_way == stations
