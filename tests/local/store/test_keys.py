"""API keys: how they are given and what is kept of them; those that the wandb client would not send are said to be so."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from pathlib import Path

import pytest

from regsync.local.store import accounts, identities, keys
from regsync.local.store.database import open_store
from regsync.local.store.errors import AlreadyExists
from tests.commands.inside import Cli
from tests.commands.shell import Shell
from tests.local.world import World, key_of

HYPHENATED = "carol-key-for-the-local-registry-0000000000"


def test_a_key_that_the_client_would_not_send(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("local", "init", "--org", "acme")
    told = shell("local", "user", "add", "carol", "--api-key", HYPHENATED)
    assert told.code == 0
    assert "will not send this key" in told.err
    silent = shell("local", "user", "add", "dave", "--api-key", HYPHENATED.replace("-", "_"))
    assert silent.code == 0
    assert silent.err == ""
    seeded = shell.write("seed.yaml", f"organization: acme\nusers: {{erin: {{api_key: erin-{'0' * 38}}}}}\n")
    assert "the key of erin" in shell("local", "seed", str(seeded)).err


KEY = "frank0key".ljust(44, "0")


@pytest.mark.parametrize("way", ["argument", "stdin", "variable", "file"])
def test_a_key_is_given_without_standing_in_the_list_of_processes(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    db = tmp_path / "registry.db"
    cli("local", "init", "--org", "acme", "--db", str(db))
    (tmp_path / "key").write_text(f"{KEY}\n")
    given = {
        "argument": ["--api-key", KEY],
        "stdin": ["--api-key", "-"],
        "file": ["--api-key-file", str(tmp_path / "key")],
    }
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{KEY}\n".encode())))
    if way == "variable":
        monkeypatch.setenv("REGSYNC_USER_API_KEY", KEY)
    done = cli("local", "user", "add", "frank", *given.get(way, []), "--db", str(db))
    assert done.code == 0, done.err
    assert KEY not in done.out + done.err
    with open_store(db).read() as tx:
        assert identities.authenticate(tx, KEY).name == "frank"


def test_what_is_wrong_with_a_given_key(cli: Cli, tmp_path: Path) -> None:
    db = ["--db", str(tmp_path / "registry.db")]
    cli("local", "init", "--org", "acme", *db)
    (tmp_path / "empty").write_text("\n")
    assert "holds no key" in cli("local", "user", "add", "a", "--api-key-file", str(tmp_path / "empty"), *db).err
    assert "cannot read" in cli("local", "user", "add", "a", "--api-key-file", str(tmp_path / "gone"), *db).err
    assert (
        "given twice"
        in cli("local", "user", "add", "a", "--api-key", KEY, "--api-key-file", str(tmp_path / "empty"), *db).err
    )


def test_a_key_that_a_person_chose_is_kept_as_a_slow_hash_with_the_salt_of_its_file(world: World) -> None:
    with sqlite3.connect(world.store.path) as connection:
        kept = dict(connection.execute("SELECT name, key_hash FROM users").fetchall())
        salt, cost = connection.execute("SELECT key_salt, key_cost FROM instance").fetchone()
    connection.close()
    expected = hashlib.scrypt(hashlib.sha256(key_of("bob").encode()).hexdigest().encode(), salt=salt, n=cost, r=8, p=1)
    assert kept["bob"] == f"scrypt:{expected.hex()}"
    assert len(salt) == 16


def test_a_key_that_was_made_up_takes_the_fast_path(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = world.write(lambda tx: accounts.add_user(tx, "zoe"))
    monkeypatch.setattr(keys, "slow", lambda *_: pytest.fail("no slow hash is needed"))
    found = identities.recall(world.store, key)
    assert found is not None
    assert found.actor.name == "zoe"
    assert len(bytes.fromhex(key)) * 8 == 160


def test_a_chosen_key_costs_its_hash_once_a_process_and_a_wrong_one_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys._remembered.clear()
    spent: list[str] = []
    slow = keys.slow
    monkeypatch.setattr(keys, "slow", lambda digest, salt: spent.append(digest) or slow(digest, salt))
    assert identities.recall(world.store, key_of("bob")) is None
    assert identities.identify(world.store, key_of("bob")).actor == world.actors["bob"]
    for _ in range(3):
        found = identities.recall(world.store, key_of("bob"))
        assert found is not None
        assert found.actor == world.actors["bob"]
        assert identities.recall(world.store, key_of("nobody")) is None
    assert len(spent) == 1


def test_two_users_do_not_share_a_key(world: World) -> None:
    with pytest.raises(AlreadyExists, match="belongs to another user"):
        world.write(lambda tx: accounts.add_user(tx, "zoe", key_of("bob")))
