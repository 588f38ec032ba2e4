"""What goes to stdout where the terminal, or a launcher, asks for another encoding than UTF-8."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from regsync.commands import run
from tests.commands.inside import Cli

SEED = """organization: acme
users:
  alice: {api_key: alice_key_for_the_local_registry_00000000, role: admin}
teams: {acme-ml: [alice]}
artifacts:
  acme-ml/fraud/churn: {type: model, versions: 3}
registries:
  model:
    collections:
      不正検知: {type: model, versions: [acme-ml/fraud/churn:v1], aliases: {本番: acme-ml/fraud/churn:v1}}
"""


@pytest.fixture
def japanese(cli: Cli) -> None:
    """A folder with a registry whose names Latin-1 cannot say, and its manifest."""
    Path("seed.yaml").write_text(SEED, encoding="utf-8")
    assert cli("local", "seed", "seed.yaml").code == 0
    assert cli("import", "-o", ".").code == 0


def on_a_latin_1_terminal(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, bytes]:
    """The exit code of a command, and what it wrote to stdout."""
    written = io.BytesIO()
    with monkeypatch.context() as patch:
        terminal = io.TextIOWrapper(written, encoding="latin-1", newline="\r\n")
        patch.setattr(sys, "stdout", terminal)
        code = run(arguments)
        terminal.flush()
        return code, written.getvalue()


@pytest.mark.parametrize(
    "arguments", [["import"], ["render", "model.yaml"], ["fmt", "--check", "wide.yaml"]], ids=" ".join
)
def test_data_is_utf_8_wherever_it_goes(japanese: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    Path("wide.yaml").write_bytes(Path("model.yaml").read_bytes().replace(b"type: ", b"type:   "))
    code, written = on_a_latin_1_terminal(arguments, monkeypatch)
    text = written.decode()
    assert code == (1 if arguments[0] == "fmt" else 0)
    assert "不正検知" in text and "?" not in text and "\r" not in text
    if arguments[0] != "fmt":
        assert "本番" in yaml.safe_load(text)["registries"]["model"]["collections"]["不正検知"]["aliases"]


def test_json_is_utf_8_wherever_it_goes(japanese: None, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("model.yaml").write_text("apiVersion: regsync/v1\nregistries: {model: {description: x}}\n")
    code, written = on_a_latin_1_terminal(["unmanaged", "--format", "json"], monkeypatch)
    assert code == 0
    assert "不正検知" in str(json.loads(written.decode()))


@pytest.mark.parametrize("format_", ["json", "markdown", "html", "text"])
def test_a_view_for_people_writes_a_sign_out(japanese: None, monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    Path("more.yaml").write_bytes(Path("model.yaml").read_bytes().replace("本番:".encode(), "試験:".encode()))
    code, shown = on_a_latin_1_terminal(["plan", "more.yaml", "--format", format_], monkeypatch)
    assert code == 0
    if format_ == "text":
        assert "試験".encode("unicode_escape") in shown and b"?" not in shown, "two names must not look alike"
    else:
        assert "試験" in shown.decode()
    if format_ == "json":
        assert json.loads(shown)["format"].startswith("regsync/plan/")
