"""Attacks by what a branch brings: links and files that lie in the checkout before regsync runs there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.inside import Cli
from tests.commands.shell import MOVES, SEED

VICTIM = "not yours\n"


@pytest.fixture
def checkout(cli: Cli, tmp_path: Path) -> Path:
    """A seeded registry outside of a checkout, which is the current folder, with a manifest in it."""
    import yaml

    folder = tmp_path / "checkout"
    folder.mkdir()
    (tmp_path / "seed.yaml").write_text(yaml.safe_dump(SEED))
    assert cli("local", "seed", "seed.yaml", "--db", "registry.db").code == 0
    (tmp_path / "victim").write_text(VICTIM)
    os.chdir(folder)
    git("init", "-q")
    (folder / "moves.yaml").write_text(MOVES)
    return folder


def git(*args: str) -> None:
    who = ("-c", "user.name=Mallory", "-c", "user.email=mallory@example.org")
    subprocess.run(["git", *who, *args], check=True, capture_output=True)


def run(cli: Cli, *args: str) -> tuple[int, str]:
    ran = cli("--backend", "local:../registry.db", *args)
    return ran.code, ran.out + ran.err


@pytest.mark.parametrize("where", [".regsync", ".regsync/lock", ".regsync/receipts", ".regsync/journals"])
def test_5_the_state_folder_is_not_opened_through_a_link(cli: Cli, checkout: Path, where: str) -> None:
    link = checkout / where
    link.parent.mkdir(exist_ok=True)
    target = checkout.parent / ("victim" if where.endswith("lock") else "folder")
    if not where.endswith("lock"):
        target.mkdir()
    link.symlink_to(target)
    code, said = run(cli, "apply", "moves.yaml", "--auto-approve")
    assert code == 1
    assert f"{where} is a symbolic link" in said
    assert (checkout.parent / "victim").read_text() == VICTIM
    assert target.is_file() or not any(target.iterdir())


def test_5_committed_receipts_and_journals_are_not_believed(cli: Cli, checkout: Path) -> None:
    assert run(cli, "plan", "moves.yaml", "-o", "plan.json")[0] == 0
    assert run(cli, "apply", "plan.json")[0] == 0
    git("add", "-f", ".regsync")
    git("commit", "-q", "-m", "what I did on my machine")
    for command in (["apply", "plan.json"], ["drift", "moves.yaml"], ["plan", "moves.yaml", "-o", "again.json"]):
        code, said = run(cli, *command)
        assert code == 1, command
        assert "it is committed in this repository (" in said
        assert "git rm -r --cached" in said


def test_5_a_state_folder_elsewhere_is_used_instead(cli: Cli, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".regsync").symlink_to(checkout.parent / "victim")
    monkeypatch.setenv("REGSYNC_STATE_DIR", str(checkout.parent / "state"))
    assert run(cli, "apply", "moves.yaml", "--auto-approve")[0] == 0
    assert any((checkout.parent / "state" / "receipts").iterdir())
    assert (checkout.parent / "victim").read_text() == VICTIM


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_5_a_state_folder_of_somebody_else_is_not_used(cli: Cli, checkout: Path) -> None:
    (checkout / ".regsync").mkdir()
    os.chown(checkout / ".regsync", 65534, 65534)
    code, said = run(cli, "apply", "moves.yaml", "--auto-approve")
    assert code == 1
    assert ".regsync belongs to another user" in said
    assert run(cli, "plan", "moves.yaml", "-o", "plan.json")[0] == 0, "who only reads need not own it"


@pytest.mark.parametrize("link", ["out.json", "out"])
def test_5_results_are_not_written_through_a_link(cli: Cli, checkout: Path, link: str) -> None:
    (checkout / "out.json").symlink_to(checkout.parent / "victim")
    (checkout / "out").symlink_to(checkout.parent)
    out = "out.json" if link == "out.json" else "out/victim"
    code, said = run(cli, "plan", "moves.yaml", "-o", out)
    assert code == 1
    assert f"{link} is a symbolic link, and results are not written through one" in said
    assert (checkout.parent / "victim").read_text() == VICTIM
    assert run(cli, "apply", "moves.yaml", "--auto-approve", "--receipt", out)[0] == 1
    assert (checkout.parent / "victim").read_text() == VICTIM
