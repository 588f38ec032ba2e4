"""Registry files and folders that are not what they should be: a clear error, exit 1, and nothing is changed."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from regsync.backends.local.reading import LocalReader
from regsync.commands import run
from tests.commands.shell import Shell

DB = ".regsync/registry.db"


def refused(shell: Shell, words: str, *args: str) -> None:
    """`plan`, `apply` and the rest end with exit 1 and these words."""
    for command in (["plan", "moves.yaml"], ["apply", "moves.yaml", "--auto-approve"], ["drift", "moves.yaml"]):
        answer = shell(*args, *command)
        assert answer.code == 1, (command, answer)
        assert words in answer.err, (command, answer.err)


def test_no_registry_file(shell: Shell) -> None:
    refused(shell, "regsync local", "--backend", "local:nowhere/registry.db")
    assert not (shell.folder / "nowhere").exists()


@pytest.mark.parametrize("content", [b"", b"this is no registry\n" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_not_sqlite(shell: Shell, content: bytes) -> None:
    (shell.folder / DB).write_bytes(content)
    answer = shell("plan", "moves.yaml")
    assert answer.code == 1
    assert DB in answer.err
    assert (shell.folder / DB).read_bytes() == content


def test_some_other_programs_sqlite_file(shell: Shell) -> None:
    with sqlite3.connect(shell.folder / "notes.db") as notes:
        notes.execute("CREATE TABLE notes (text)")
    before = (shell.folder / "notes.db").read_bytes()
    refused(shell, "notes.db", "--backend", "local:notes.db")
    assert (shell.folder / "notes.db").read_bytes() == before


def test_from_a_newer_version(shell: Shell) -> None:
    with sqlite3.connect(shell.folder / DB) as db:
        db.execute("PRAGMA user_version = 999")
    refused(shell, "newer")


def test_a_folder(shell: Shell) -> None:
    (shell.folder / "folder.db").mkdir()
    refused(shell, "folder.db", "--backend", "local:folder.db")


def test_unknown_backend(shell: Shell) -> None:
    refused(shell, "there is no backend 'sqlite'", "--backend", "sqlite:registry.db")


def test_unknown_organization(shell: Shell) -> None:
    answer = shell("--organization", "acne", "plan", "moves.yaml")
    assert answer.code == 1
    assert "acne" in answer.err
    assert "acme" in answer.err


def test_locked_by_another_process(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shell.folder)
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN EXCLUSIVE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(shell.folder / DB)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        # Nobody waits the usual ten seconds here.
        monkeypatch.setitem(LocalReader.__init__.__kwdefaults__, "timeout", 0.1)
        code = run(["--backend", f"local:{DB}", "apply", "moves.yaml", "--auto-approve"])
    finally:
        holder.communicate("")
    assert code == 1
    assert "another process is using the registry" in capfd.readouterr().err
    assert shell("apply", "moves.yaml", "--auto-approve").code == 0, "and it works once the other has gone"


def test_a_disk_that_takes_no_more(shell: Shell) -> None:
    """A limit on file sizes stands in for a full disk: writes fail in the same place, with another errno."""
    shell("plan", "moves.yaml", "-o", "plan.json")
    before = shell.aliases()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))

    done = subprocess.run(
        [sys.executable, "-m", "regsync", "apply", "plan.json"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert "error:" in done.stderr
    assert shell.aliases() == before
    assert shell("apply", "plan.json").code == 0


def test_a_plan_file_that_cannot_be_written(shell: Shell) -> None:
    answer = shell("plan", "moves.yaml", "-o", "missing/plan.json")
    assert answer.code == 1
    assert "missing/plan.json" in answer.err
    assert list(shell.folder.glob("**/.plan*")) == []


def test_a_state_folder_that_cannot_be_written(shell: Shell) -> None:
    shell.write("occupied", "a file, not a folder\n")
    before = shell.aliases()
    answer = shell("apply", "moves.yaml", "--auto-approve", REGSYNC_STATE_DIR="occupied")
    assert answer.code == 1
    assert "state folder" in answer.err
    assert shell.aliases() == before


def test_two_applies_of_one_working_copy(shell: Shell) -> None:
    code = (
        "import sys; from pathlib import Path; from regsync.execution.state import StateDir\n"
        "with StateDir(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(shell.folder / ".regsync")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        answer = shell("apply", "moves.yaml", "--auto-approve")
        assert answer.code == 1
        assert f"process {holder.pid}" in answer.err
    finally:
        holder.kill()
        holder.communicate()
    assert shell("apply", "moves.yaml", "--auto-approve").code == 0, "a dead process holds no lock"


def test_manifests_that_are_not_there(shell: Shell, tmp_path: Path) -> None:
    assert shell("plan", "nothing.yaml").code == 1
    (shell.folder / "empty").mkdir()
    assert shell("plan", "empty").code == 1
    assert shell("validate", "empty").code == 1


def test_a_current_folder_that_is_gone(shell: Shell) -> None:
    gone = shell.folder / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD" && exec "$0" -m regsync validate', sys.executable],
        cwd=gone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "Error: the folder that this was started in is gone; change to one that is there\n"


@pytest.mark.parametrize("command", ["show", "undo"])
def test_a_device_is_no_receipt(shell: Shell, command: str) -> None:
    answer = shell(command, "/dev/zero")
    assert answer.code == 1
    assert "/dev/zero is a device, not a plan or a receipt" in answer.err
