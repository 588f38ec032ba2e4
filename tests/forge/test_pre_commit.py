"""The hooks of `.pre-commit-hooks.yaml` with the real pre-commit, from a clone of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.commands.shell import MOVES
from tests.forge.cloning import clone_here

pytestmark = pytest.mark.needs("git")


@dataclass(frozen=True)
class Repository:
    """A repository of manifests that uses the hooks."""

    folder: Path
    environment: dict[str, str]

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            args,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def hooks(self) -> subprocess.CompletedProcess[str]:
        """Stage everything and run the hooks on it, as `git commit` does."""
        assert self.run("git", "add", "--all").returncode == 0
        return self.run(sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """A clone with the hooks, its commit, and the folder where pre-commit keeps what it installs."""
    folder = tmp_path_factory.mktemp("pre-commit")
    clone = clone_here(folder)
    commit = subprocess.run(["git", "-C", str(clone), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return clone, commit.stdout.strip(), folder / "home"


@pytest.fixture
def repository(tmp_path: Path, hooks: tuple[Path, str, Path]) -> Repository:
    clone, commit, home = hooks
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_"))},
        "PRE_COMMIT_HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    made = Repository(tmp_path, environment)
    made.run("git", "init", "--quiet")
    (tmp_path / "registries").mkdir()
    made.write("registries/model.yaml", MOVES)
    ids = [{"id": "regsync-fmt"}, {"id": "regsync-validate"}]
    config = {"repos": [{"repo": str(clone), "rev": commit, "hooks": ids}]}
    made.write(".pre-commit-config.yaml", yaml.safe_dump(config))
    return made


def test_good_manifests_pass(repository: Repository) -> None:
    done = repository.hooks()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2


def test_what_is_wrong_is_told_with_its_place(repository: Repository) -> None:
    repository.write("registries/model.yaml", MOVES.replace("collections", "colections"))
    done = repository.hooks()
    assert done.returncode == 1
    assert "registries/model.yaml:5:5: error" in done.stdout
    assert "did you mean" in done.stdout


def test_layout_is_put_right_and_the_commit_waits(repository: Repository) -> None:
    repository.write("registries/model.yaml", MOVES.replace("  fraud:", "  fraud:   "))
    repository.write("other.yaml", "a:    {not: a manifest}   \n")
    done = repository.hooks()
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    assert (repository.folder / "registries" / "model.yaml").read_text() == MOVES
    assert (repository.folder / "other.yaml").read_text() == "a:    {not: a manifest}   \n"
    assert repository.hooks().returncode == 0
