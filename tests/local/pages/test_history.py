"""The history of a registry, a collection and an alias: all of it, under every name that the thing had, and nothing of others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from regsync.local.store import accounts, aliases, collections, registries
from regsync.local.store.actor import Actor
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry
from tests.attack.people import Server, make_server
from tests.local.pages.test_side_by_side import HOSTILE, log, see

HISTORY = "/orgs/acme/registry/zoo/history"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with make_server(tmp_path / "registry.db") as made:
        with made.store.write() as tx:
            registries.create(tx, accounts.organization(tx, "acme"), "zoo")
        log(made.store, [{"n": 1}, {"n": 2}])
        yield made


def rows(text: str) -> list[list[str]]:
    """The texts in the cells of a page's table, without its head."""
    lines = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)[1:]
    return [[unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)] for line in lines]


def zoo(tx: Transaction) -> Registry:
    return registries.get(tx, accounts.organization(tx, "acme"), "zoo")


def point(server: Server, index: int, *names: str, actor: Actor | None = None) -> None:
    with server.store.write(*([actor] if actor else [])) as tx:
        aliases.set_aliases(tx, collections.get(tx, zoo(tx), "models"), index, names)


def walked(server: Server, **asked: str) -> list[list[str]]:
    """The rows of every page, from the newest to the oldest."""
    found: list[list[str]] = []
    answer = see(server, "alice", HISTORY, **asked)
    while True:
        assert answer.status_code == 200
        found += rows(answer.text)
        older = re.search(r'<a href="([^"]*)">Older</a>', answer.text)
        if older is None:
            return found
        answer = server.client.get(unescape(older[1]))


def test_every_change_is_on_some_page_once(server: Server) -> None:
    for number in range(130):
        point(server, number % 2, "staging")
    with server.store.read() as tx:
        told = tx.value("SELECT count(*) FROM events WHERE registry = 'zoo'")
    found = walked(server)
    assert len(found) == told > 130
    assert found[-1][2:4] == ["create-registry", "zoo"]
    times = [row[0] for row in found]
    assert times == sorted(times, reverse=True)


def test_who_held_an_alias_from_when_and_by_which_plan(server: Server) -> None:
    point(server, 0, "staging")
    with server.store.read() as tx:
        bob = accounts.actor(tx, "bob")
    point(server, 1, "staging", actor=replace(bob, plan="abc123", commit="f00d"))
    with server.store.write() as tx:
        aliases.remove_aliases(tx, collections.get(tx, zoo(tx), "models"), ["staging"])
    point(server, 0, "staging", "other")
    now, second, first = walked(server, collection="models", alias="staging")
    assert [now[0], now[1], now[3], *now[5:]] == [
        "v0",
        "acme-ml/lab/models:v0",
        "the file's owner",
        "it holds it now",
        "—",
    ]
    assert second[:2] == ["v1", "acme-ml/lab/models:v1"]
    assert second[3:5] == ["bob", "abc123 of commit f00d, as bob said"]
    assert second[6] == "the file's owner"
    assert first[0] == "v0"
    assert (first[5], first[6]) == (second[2], "bob")


def test_who_held_an_alias_over_many_pages(server: Server) -> None:
    for number in range(130):
        point(server, number % 2, "staging")
    found = walked(server, collection="models", alias="staging")
    assert [row[0] for row in found] == [f"v{number % 2}" for number in reversed(range(130))]
    assert [row[5] for row in found][1:] == [row[2] for row in found][:-1], "each is held until the next one takes it"


def test_renamed_things_keep_their_history_and_deleted_ones_keep_theirs(server: Server) -> None:
    point(server, 0, "staging")
    with server.store.write() as tx:
        collections.rename(tx, collections.get(tx, zoo(tx), "models"), "new")
        registries.rename(tx, zoo(tx), "park")
        made = registries.create(tx, accounts.organization(tx, "acme"), "zoo")
        collections.create(tx, made, "models", "model")
    assert [row[2] for row in walked(server)] == ["create-collection", "create-registry"]
    assert walked(server, collection="models", alias="staging") == []
    park = HISTORY.replace("zoo", "park")
    kinds = [row[2] for row in rows(see(server, "alice", park).text)]
    assert kinds[:2] == ["rename-registry", "rename-collection"]
    assert kinds[-1] == "create-registry"
    held = rows(see(server, "alice", park, collection="new", alias="staging").text)
    assert [row[:2] for row in held] == [["v0", "acme-ml/lab/models:v0"]]


def test_a_team_of_the_same_name_is_another_thing(server: Server) -> None:
    with server.store.write() as tx:
        accounts.add_team(tx, accounts.organization(tx, "acme"), "zoo")
    log(server.store, [{}], "more")
    assert {row[2] for row in walked(server)}.isdisjoint({"create-team", "set-team-member", "log-version"})


def test_where_a_version_was_logged_is_for_those_who_may_know(server: Server) -> None:
    point(server, 0, "staging")
    for asked in ({}, {"collection": "models"}, {"collection": "models", "alias": "staging"}):
        assert "acme-ml/lab" in see(server, "bob", HISTORY, **asked).text
        outside = see(server, "dan", HISTORY, **asked).text
        assert "acme-ml" not in outside, "dan is in no team that may see the project"
        assert "v0" in outside
    for page in ("/orgs/acme/registry/zoo",):
        assert "acme-ml" not in see(server, "dan", page).text


def test_a_hidden_registry_has_no_history(server: Server) -> None:
    for stranger in ("carol", "eve"):
        hidden = see(server, stranger, "/orgs/acme/registry/vault/history", collection="weights")
        absent = see(server, stranger, "/orgs/acme/registry/vaulx/history", collection="weights")
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.text.replace("vault", "vaulx").split("</header>")[1] == absent.text.split("</header>")[1]


@pytest.mark.parametrize("upto", ["", "x", "-1", "0", "9" * 18, "9" * 40, "٣"])
def test_odd_addresses_are_pages(server: Server, upto: str) -> None:
    answer = see(server, "alice", HISTORY, collection=HOSTILE, alias=HOSTILE, upto=upto)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert see(server, "alice", HISTORY, upto=upto).status_code == 200
