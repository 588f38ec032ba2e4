"""Git is started where there may be a repository, and nowhere else: most of what a short command takes would be that."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsync.git import git_text


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there once git was started."""
    programs, mark = tmp_path / "programs", tmp_path / "started"
    programs.mkdir()
    (programs / "git").write_text(f"#!/bin/sh\ntouch {mark}\necho found\n")
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.delenv("GIT_DIR", raising=False)
    return mark


def test_outside_of_a_repository_git_is_not_started(tmp_path: Path, started: Path) -> None:
    assert git_text(tmp_path, "status") is None
    assert git_text(tmp_path / "not there", "status") is None
    assert not started.exists()


@pytest.mark.parametrize("worktree", [False, True])
def test_below_a_repository_or_a_worktree_it_is(tmp_path: Path, started: Path, worktree: bool) -> None:
    if worktree:
        (tmp_path / ".git").write_text("gitdir: /elsewhere")
    else:
        (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    assert git_text(tmp_path / "a" / "b", "status") == "found"
    assert git_text(tmp_path / "link", "status") == "found"
    assert started.exists()


def test_a_repository_that_the_environment_names_counts_everywhere(
    tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git_text(tmp_path, "status") == "found"
    assert started.exists()
