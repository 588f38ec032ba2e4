"""`docs/a-day.md` is a day that happened: its commands are run, and what others do in between is done, under their names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from regsync.local.store import accounts, aliases, artifacts, collections, links, registries
from regsync.local.store.database import Transaction, open_store
from regsync.names import version_index
from tests.docs.pages import ROOT, commands, run_page

PAGE = ROOT / "docs/a-day.md"
_ACT = re.compile(r"<!-- (\w+): (link|move) (\S+) (?:into|to) (\S+) -->")


def others(page: Path) -> list[tuple[int, tuple[str, ...]]]:
    """What others do: the line of the page, and who does what with what."""
    text = page.read_text("utf-8")
    return [(text.count("\n", 0, found.start()) + 1, found.groups()) for found in _ACT.finditer(text)]


def act(folder: Path, who: str, what: str, thing: str, place: str) -> None:
    """One of them does it."""
    store = open_store(folder / ".regsync/registry.db")
    try:
        with store.read() as tx:
            actor = accounts.actor(tx, who)
        with store.write(actor) as tx:
            address, _, alias = (place if what == "link" else thing).partition(":")
            registry_name, _, name = address.partition("/")
            registry = registries.get(tx, accounts.organizations(tx)[0], registry_name)
            if what == "link":
                links.link(tx, registry, name, version(tx, thing))
            else:
                index = version_index(place)
                assert index is not None
                aliases.set_aliases(tx, collections.get(tx, registry, name), index, [alias])
    finally:
        store.close()


def version(tx: Transaction, source: str) -> artifacts.Version:
    name, _, number = source.rpartition(":v")
    key = tx.value(
        """SELECT a.id FROM artifacts a JOIN collections c ON c.id = a.sequence_id
           WHERE c.name = ? AND a.version_index = ?""",
        name.rpartition("/")[2],
        int(number),
    )
    return artifacts.by_id(tx, key)


@pytest.mark.needs("git")
def test_a_day(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/adopt/seed.yaml", tmp_path)
    assert len(commands(PAGE)) > 25 and len(others(PAGE)) == 4

    def meanwhile(line: int, done: int) -> None:
        for at, what in others(PAGE):
            if done < at < line:
                act(tmp_path, *what)

    run_page(PAGE, tmp_path, meanwhile)
