"""`regsync init`: a repository that works, and nothing overwritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from regsync.starter.files import MANIFESTS, Ci
from tests.commands.inside import ROOT, Cli


@pytest.mark.parametrize("ci", list(Ci))
def test_init_makes_a_repository_that_works(cli: Cli, ci: Ci) -> None:
    done = cli("init", "--ci", ci.value)
    assert done.code == 0
    made = done.out.split()
    assert {"registries/model.yaml", ".gitignore", ".vscode/settings.json", "schemas/manifest.v1.schema.json"} <= set(
        made
    )
    assert [path for path in made if not Path(path).is_file()] == []
    assert cli("validate", "registries").code == 0
    assert cli("fmt", "--check", ".").code == 0
    told = cli("plan", "registries")
    assert told.code == 1
    assert "regsync local init --org NAME" in told.err
    assert cli("local", "init", "--org", "acme").code == 0
    assert cli("plan", "registries", "--detailed-exitcode").code == 2
    assert cli("apply", "registries", "--auto-approve").code == 0
    assert cli("plan", "registries", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("ci", "workflows"),
    [
        ("github", [".github/workflows/apply.yml", ".github/workflows/drift.yml", ".github/workflows/plan.yml"]),
        ("gitlab", [".gitlab-ci.yml"]),
        ("none", []),
    ],
)
def test_the_workflows_are_those_of_the_examples(cli: Cli, ci: str, workflows: list[str]) -> None:
    done = cli("init", "--ci", ci)
    made = [path for path in done.out.split() if path.startswith((".github", ".gitlab"))]
    assert made == workflows
    assert ("with the full hash of a commit of it; then set the secrets that they name" in done.err) == bool(workflows)
    for path in workflows:
        assert Path(path).read_bytes() == (ROOT / "examples" / ci / Path(path).name).read_bytes()
        assert MANIFESTS in Path(path).read_text(), "they work on the folder that init makes"


def test_init_overwrites_nothing(cli: Cli) -> None:
    Path(".gitignore").write_text("mine\n")
    Path("registries").mkdir()
    Path("registries/model.yaml").symlink_to("nowhere")
    done = cli("init")
    assert done.code == 0
    assert "left alone, because it is there already: .gitignore; see that .regsync/ is in it" in done.err
    assert "left alone, because it is there already: registries/model.yaml" in done.err
    assert Path(".gitignore").read_text() == "mine\n"
    assert Path("registries/model.yaml").is_symlink()
    again = cli("init")
    assert (again.code, again.out) == (0, "")
    assert "nothing to do" in again.err


def test_init_from_what_is_live(adopted: Cli) -> None:
    assert adopted("init", "new", "--from-live").code == 0
    text = Path("new/registries/model.yaml").read_text()
    assert text.startswith(
        "# yaml-language-server: $schema=../schemas/manifest.v1.schema.json\napiVersion: regsync/v1\n"
    )
    assert adopted("plan", "new/registries", "--detailed-exitcode").code == 0
    assert adopted("fmt", "--check", "new").code == 0


def test_init_with_an_organization(cli: Cli) -> None:
    assert cli("--organization", "yes", "init").code == 0
    manifest = yaml.safe_load(Path("registries/model.yaml").read_text())
    assert manifest["organization"] == "yes"


def test_what_init_writes_for_editors_and_hooks_is_sound(cli: Cli) -> None:
    assert cli("init").code == 0
    assert Path("schemas/manifest.v1.schema.json").read_text() == (ROOT / "schemas/manifest.v1.schema.json").read_text()
    settings = json.loads(Path(".vscode/settings.json").read_text())
    assert list(settings["yaml.schemas"]) == ["./schemas/manifest.v1.schema.json"]
    hooks = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    for hook in hooks:
        words = hook["entry"].split()
        assert cli(*words[1:], *([] if hook.get("pass_filenames") is False else ["registries/model.yaml"])).code == 0
        assert re.search(hook["files"], "registries/deep/model.yml")
    assert ".regsync/" in Path(".gitignore").read_text().splitlines()
