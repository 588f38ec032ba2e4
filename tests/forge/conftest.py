"""A host of pull requests, and folders with plans in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.shell import Shell, shell
from tests.forge.host import Account, Host, running

__all__ = ["shell"]

WORKFLOW_TOKEN = "ghs_workflow0000000000000000000000000000"
PERSONAL_TOKEN = "ghp_personal0000000000000000000000000000"
FORK_TOKEN = "ghs_fork00000000000000000000000000000000"
PROJECT_TOKEN = "glpat-project0000000000"
JOB_TOKEN = "glcbt-job00000000000000"
MOVED = "| **`model/fraud`** | | |\n| `~` move alias 🔒 `production` | "
"""How a page shows the first operation of `MOVES`."""
TOKENS = (WORKFLOW_TOKEN, PERSONAL_TOKEN, FORK_TOKEN, PROJECT_TOKEN, JOB_TOKEN)


@pytest.fixture
def host() -> Iterator[Host]:
    """A repository `acme/registry` (on GitLab project 42) with pull request 7."""
    with running() as found:
        found.accounts = {
            WORKFLOW_TOKEN: Account("github-actions[bot]", "app"),
            PERSONAL_TOKEN: Account("alice"),
            FORK_TOKEN: Account("github-actions[bot]", "app", may_write=False),
            PROJECT_TOKEN: Account("project_42_bot"),
            JOB_TOKEN: Account("alice", "job", may_write=False),
        }
        yield found


@pytest.fixture
def planned(shell: Shell) -> Shell:
    """A folder with `plan.json` in it: two aliases move, one version is linked."""
    answer = shell("plan", "moves.yaml", "-o", "plan.json")
    assert answer.code == 0, answer.err
    return shell


@pytest.fixture
def event(tmp_path: Path) -> Path:
    """The event of a workflow that runs for pull request 7."""
    path = tmp_path / "event.json"
    path.write_text('{"action": "opened", "pull_request": {"number": 7}}')
    return path
