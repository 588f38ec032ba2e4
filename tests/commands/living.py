"""A registry that others use as well: applied from Git, moved by hand, by people with names."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from regsync.local.store import accounts
from regsync.local.store.database import open_store
from tests.backends.wandb.worlds import write_world
from tests.commands.inside import Cli
from tests.commands.shell import SEED
from tests.guarantees.test_staleness import Person

MANIFEST = """\
apiVersion: regsync/v1
organization: acme
variables: {team: acme-ml}
registries:
  model:
    collections:
      fraud:
        type: model
        aliases:
          production: ${team}/fraud/detector:v1   # the one that earns money
          staging: ${team}/fraud/detector:v2
"""


def git(*arguments: str, who: str = "Alice") -> str:
    """Git in the current folder."""
    author = ("-c", f"user.name={who}", "-c", f"user.email={who.lower()}@example.com")
    done = subprocess.run(["git", *author, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(text: str, subject: str, who: str = "Alice", file: str = "registry.yaml") -> str:
    """Write the manifest and commit it; the commit."""
    Path(file).write_text(text, encoding="utf-8")
    git("add", file)
    git("commit", "-qm", subject, who=who)
    return git("rev-parse", "HEAD")


def by_hand(user: str, act: Callable[[Person], object], file: str = ".regsync/registry.db") -> None:
    """Somebody does something in the registry itself."""
    store = open_store(Path(file))
    try:
        with store.read() as tx:
            actor = accounts.actor(tx, user)
        with store.write(actor) as tx:
            act(Person(tx))
    finally:
        store.close()


@pytest.fixture
def living(cli: Cli) -> Cli:
    """The command line in a repository whose manifest has been applied."""
    write_world(Path(".regsync/registry.db").absolute(), yaml.safe_load(yaml.safe_dump(SEED)))
    git("init", "-q", ".")
    commit(MANIFEST, "Declare fraud")
    assert cli("apply", "registry.yaml", "--auto-approve").code == 0
    return cli
