"""Golden cases: manifest, live state and plan in one folder each, in every view. A change of output is a reviewable diff.

`tests/golden/cases/NAME/` holds `case.yaml` (what it is about, further arguments of `plan`, its exit code), `seed.yaml` (the
live state), `registry.yaml` (the manifest), and what comes out: `plan.txt`, `plan.md`, `plan.html` and `plan.json`, or
`refusal.txt`. `REGSYNC_UPDATE=1 pytest tests/golden` writes what comes out.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from regsync.commands import run
from regsync.core.actions import ACTIONS
from regsync.core.desired import HazardName
from regsync.local.seed.planting import plant
from regsync.local.seed.reader import read_seed
from regsync.local.store.database import create_store
from regsync.schema_files import schema
from regsync.views import html, markdown, text
from tests.golden.errors import error_codes

Json = dict[str, Any]
CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir())
VIEWS = {
    "plan.txt": text.render_plan,
    "plan.md": markdown.render_plan,
    "plan.html": html.render_plan,
    "plan.json": lambda document: json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True),
}
OUTPUTS = {*VIEWS, "refusal.txt"}
NOT_ON_A_FILE = {"list-not-proven", "members-not-shown", "not-all-shown", "role-too-weak", "types-not-told"}
"""Whoever opens a registry file acts as its owner, and is told everything; `tests/backends/wandb` has these refusals."""


def came_out(name: str, folder: Path, capture: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Plan the case in an empty folder; what came out, by file, without what differs from one run to the next."""
    case = yaml.safe_load((CASES / name / "case.yaml").read_text("utf-8"))
    folder.joinpath("registry.yaml").write_bytes((CASES / name / "registry.yaml").read_bytes())
    store, _ = create_store(folder / "registry.db")
    try:
        plant(store, read_seed(CASES / name / "seed.yaml"))
    finally:
        store.close()
    capture.readouterr()
    code = run(["--backend", "local:registry.db", "plan", "registry.yaml", "--format", "json", *case["arguments"]])
    shown = capture.readouterr()
    assert code == case["exit"], shown.err
    if not shown.out:
        return {"refusal.txt": shown.err}
    document = json.loads(shown.out)
    jsonschema_rs.validate(schema("plan"), document)
    settled = settle(document, folder)
    return {file: render(settled).rstrip("\n") + "\n" for file, render in VIEWS.items()}


def settle(document: Json, folder: Path) -> Json:
    """The document without the folder, the registry file's own id, times, the version, and digests over any of them."""
    document["destination"]["instance"] = "00000000-0000-0000-0000-000000000000"
    document["tool_version"] = "0.0.0"
    document["digest"] = f"sha256:{'0' * 64}"
    assert document["manifest"]["commit"] is None
    text_ = json.dumps(document).replace(json.dumps(str(folder.resolve()))[1:-1], "/srv")
    settled: Json = json.loads(re.sub(r"20\d\d-\d\d-\d\dT[0-9:.]+Z", "2026-01-02T03:04:05Z", text_))
    return settled


def comparable(file: str, content: str) -> str:
    """HTML without its style, which has no case of its own."""
    if not file.endswith(".html"):
        return content
    content = re.sub(r"<style>.*?</style>", "<style></style>", content, flags=re.DOTALL)
    return re.sub(r"'sha256-[^']*'", "'sha256-'", content)


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_is_the_one_in_the_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = {file: comparable(file, content) for file, content in came_out(name, tmp_path, capsys).items()}
    if os.environ.get("REGSYNC_UPDATE"):
        for old in OUTPUTS:
            (CASES / name / old).unlink(missing_ok=True)
        for file, content in found.items():
            (CASES / name / file).write_text(content, encoding="utf-8")
    there = {path.name for path in (CASES / name).iterdir()}
    assert there == {"case.yaml", "seed.yaml", "registry.yaml", *found}
    for file, content in found.items():
        assert (CASES / name / file).read_text("utf-8") == content, f"{name}/{file}"


def plans() -> list[Json]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(CASES.glob("*/plan.json"))]


def test_every_kind_of_operation_has_a_case() -> None:
    assert {operation["kind"] for plan in plans() for operation in plan["operations"]} == set(ACTIONS)


def test_every_hazard_has_a_case_in_which_it_refuses() -> None:
    refused = {hazard["name"] for plan in plans() for hazard in plan["hazards"] if not hazard["consented"]}
    assert refused == set(HazardName)


def test_every_reason_for_which_there_can_be_no_plan_has_a_case() -> None:
    shown = "\n".join(path.read_text("utf-8") for path in CASES.glob("*/refusal.txt"))
    warned = {warning["code"] for plan in plans() for warning in plan["warnings"]}
    assert error_codes() - NOT_ON_A_FILE <= set(re.findall(r"\[([a-z-]+)\]$", shown, re.MULTILINE)) | warned
