"""`validate`, `render` and `schema` as a person or a tool runs them: in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from regsync.schema_files import SCHEMAS, schema_text

GOOD = """apiVersion: regsync/v1
registries:
  model:
    description: of ${team}
    collections:
      fraud: {type: model, aliases: {production: v3}}
"""
BAD = 'apiVersion: regsync/v1\nregistires: {}\norganization: "a\\e[31m\\u202eb/c"\n'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "REGSYNC_ORGANIZATION"):
        monkeypatch.delenv(name, raising=False)
    Path("good.yaml").write_text(GOOD)
    Path("bad.yaml").write_text(BAD)


def regsync(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "regsync", *arguments], capture_output=True, text=True, check=False)


def test_validate_says_how_much_it_saw() -> None:
    done = regsync("validate", "good.yaml", "--var", "team=acme-ml")
    assert (done.returncode, done.stdout) == (0, "ok: 1 file, 1 registry, 1 collection, 1 alias\n")
    assert done.stderr == ""


def test_validate_shows_errors_and_ends_with_1() -> None:
    done = regsync("validate", "bad.yaml", "nothing.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[:2] == [
        "bad.yaml:2:1: error: `registires` is not known here [unknown-key]",
        "    hint: did you mean 'registries'?",
    ]
    assert "nothing.yaml: error: there is no such file or folder [no-such-file]" in done.stderr


def test_what_users_wrote_cannot_steer_the_terminal() -> None:
    done = regsync("validate", "bad.yaml")
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert "\\x1b[31m\\u202e" in done.stderr


def test_color_is_for_terminals_unless_asked_for() -> None:
    assert "\x1b[1;31merror\x1b[0m" in regsync("--color", "always", "validate", "bad.yaml").stderr


def test_validate_for_tools() -> None:
    done = regsync("validate", "bad.yaml", "--format", "json")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)[0] == {
        "code": "unknown-key",
        "severity": "error",
        "message": "`registires` is not known here",
        "hint": "did you mean 'registries'?",
        "file": "bad.yaml",
        "line": 2,
        "column": 1,
    }
    assert json.loads(regsync("validate", "good.yaml", "--var", "team=x", "--format", "json").stdout) == []


def test_quiet_keeps_warnings_to_itself() -> None:
    arguments = ("validate", "good.yaml", "--var", "team=x", "--var", "unused=y")
    assert "unused-variable" in regsync(*arguments).stderr
    assert regsync("--quiet", *arguments).stderr == ""


def test_usage_errors_end_with_1() -> None:
    assert regsync("validate").returncode == 1
    done = regsync("validate", "good.yaml", "--var", "team")
    assert done.returncode == 1
    assert "is not of the form NAME=VALUE" in done.stderr


def test_render_gives_a_manifest() -> None:
    Path("over.yaml").write_text("apiVersion: regsync/v1\nregistries: {model: {visibility: restricted}}\n")
    arguments = ("good.yaml", "--var", "team=acme-ml", "--overlay", "over.yaml")
    done = regsync("--organization", "acme", "render", *arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("apiVersion: regsync/v1\norganization: acme\nregistries:\n  model:\n")
    assert "visibility: restricted" in done.stdout
    Path("rendered.yaml").write_text(done.stdout)
    assert regsync("render", "rendered.yaml").stdout == done.stdout
    as_json = regsync("--organization", "acme", "render", *arguments, "--format", "json").stdout
    assert json.loads(as_json)["registries"]["model"]["description"] == "of acme-ml"
    Path("rendered.json").write_text(as_json)
    assert regsync("render", "rendered.json").stdout == done.stdout


def test_render_shows_errors() -> None:
    done = regsync("render", "good.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "good.yaml:4:18: error: the variable `team` is not defined [undefined-variable]" in done.stderr


@pytest.mark.parametrize("document", SCHEMAS)
def test_schemas_are_printed_as_they_are(document: str) -> None:
    done = regsync("schema", document)
    assert (done.returncode, done.stdout) == (0, schema_text(document))
