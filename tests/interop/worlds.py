"""The organization that the interoperability tests play in, and a server over it in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regsync.local.store import accounts, contents, projects, sequences
from regsync.local.store.database import create_store
from regsync.names import Role

ORGANIZATION, ENTITY, TEAM, OTHER_TEAM = "acme", "acme-org", "acme-ml", "acme-data"
PEOPLE = {"alice": Role.ADMIN, "bob": Role.MEMBER, "carol": Role.VIEWER, "dan": Role.MEMBER}
"""Everybody in the organization, with their role. alice and bob are in the team; eve is in another organization."""

SEEDED = {"weights.txt": b"seeded weights", "folder/large.bin": bytes(range(256)) * 100}
"""Files of `acme-ml/seeded/planted:v0`."""


def api_key(name: str) -> str:
    """A key that the client takes: 40 characters and more, and no dash, which would end a prefix."""
    return f"{name}0key".ljust(44, "0")


def make_world(path: Path) -> None:
    """Write the registry file: people, teams, and one artifact that no client logged."""
    store, _ = create_store(path)
    files = {name: contents.stage_bytes(store, data) for name, data in SEEDED.items()}
    with store.write() as tx:
        acme = accounts.add_organization(tx, ORGANIZATION)
        users = {name: accounts.add_user(tx, name, api_key(name))[0] for name in [*PEOPLE, "eve"]}
        for name, role in PEOPLE.items():
            accounts.set_organization_member(tx, acme, users[name], role)
        team = accounts.add_team(tx, acme, TEAM)
        accounts.add_team(tx, acme, OTHER_TEAM)
        accounts.set_team_member(tx, team, users["alice"], Role.ADMIN)
        accounts.set_team_member(tx, team, users["bob"], Role.MEMBER)
        sequences.log(tx, projects.ensure(tx, TEAM, "seeded"), "planted", "model", files=files, metadata={"auc": 0.9})
        globex = accounts.add_organization(tx, "globex")
        accounts.set_organization_member(tx, globex, users["eve"], Role.ADMIN)
        accounts.set_team_member(tx, accounts.add_team(tx, globex, "globex-ml"), users["eve"], Role.ADMIN)
    store.close()


@contextmanager
def serving(path: Path) -> Iterator[str]:
    """`regsync local serve` over a registry file; its base URL.

    It must end by itself, with status 0, when asked to, and nothing that it printed may hold a key.
    """
    command = [sys.executable, "-c", "from regsync.commands import main; main()", "local", "serve", "--db", str(path)]
    log = path.with_suffix(".log")
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert url.startswith("http://127.0.0.1:"), log.read_text()
            yield url
        finally:
            process.terminate()
            rest, _ = process.communicate(timeout=30)
    printed = rest + log.read_text()
    assert process.returncode == 0, printed
    assert "Traceback" not in printed, printed
    assert not [name for name in PEOPLE if api_key(name) in printed]
