"""Changes that come at the same moment share a commit: each succeeds or fails by itself, and what is answered is in the file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Lock

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regsync.backends.wandb.connection.options import Options
from regsync.local.server import groups
from regsync.local.server.addresses import Addresses, Signer
from regsync.local.server.app import GROUPED
from regsync.local.server.budget import Budget
from regsync.local.server.engine import Answer, execute
from regsync.local.server.groups import Changes, Group
from regsync.local.server.mutations import places
from regsync.local.server.root import Root
from regsync.local.server.session import Session
from regsync.local.store import accounts, registries
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction, open_store
from regsync.local.store.errors import Locked, NotFound
from tests.budget import share
from tests.interop.worlds import api_key, make_world
from tests.local.server.planting import artifact_id, impatient_store, plant_registry, plant_versions
from tests.local.server.test_documents import link

Act = Callable[[Group | None], Answer]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(groups, "GROUP_SECONDS", 600)  # One group, however slow the machine is.
    with impatient_store(tmp_path / "registry.db") as opened:
        yield opened


def actor(store: Store, user: str) -> Actor:
    with store.read() as tx:
        return accounts.actor(tx, user)


def asking(store: Store, user: str, document: str, budget: Budget | None = None) -> Act:
    """What a request does once it is its turn."""
    who = actor(store, user)

    def act(group: Group | None) -> Answer:
        with Session(store, who, Addresses("http://here", Signer()), budget, group) as session:
            return execute(f"mutation {{ {document} }}", None, None, Root(session))

    return act


def carried_out(changes: Changes, act: Act) -> Answer:
    told = Event()
    change = changes.add(act, told.set)
    assert told.wait(60)
    return change.result()


def together(store: Store, acts: Sequence[Act]) -> list[Future[Answer]]:
    """All of them in one group, in this order: the first one begins when the others wait."""
    changes, begun, all_wait = Changes(store), Event(), Event()

    def leading(group: Group | None) -> Answer:
        begun.set()
        assert all_wait.wait(60)
        return acts[0](group)

    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(carried_out, changes, leading)]
        assert begun.wait(60)
        for number, act in enumerate(acts[1:], 1):
            futures.append(pool.submit(carried_out, changes, act))
            while changes.waiting < number:
                Event().wait(0.001)
        all_wait.set()
    return futures


def commits(store: Store) -> int:
    """SQLite counts them in the header of the file."""
    return int.from_bytes(store.path.read_bytes()[24:28], "big")


def aliases(store: Store) -> set[str]:
    with store.read() as tx:
        return {row["name"] for row in tx.all("SELECT name FROM aliases")} - {"latest"}


def test_they_are_committed_once_and_each_acts_as_its_own_user(store: Store) -> None:
    versions = [artifact_id(version) for version in plant_versions(store, "rush", 6)]
    before = commits(store)
    users = ["alice", "bob", "alice", "bob", "alice", "bob"]
    acts = [
        asking(store, user, link(n, one, "rush", f"a{n}"))
        for n, (user, one) in enumerate(zip(users, versions, strict=True))
    ]
    answers = [done.result().body["data"] for done in together(store, acts)]
    assert [answer[f"m{n}"]["versionIndex"] for n, answer in enumerate(answers)] == [*range(6)]
    assert commits(store) == before + 1
    with store.read() as tx:
        assert [row["actor"] for row in tx.all("SELECT actor FROM events WHERE kind = 'link-version'")][-6:] == users


@share(40, suppress_health_check=list(HealthCheck))
@given(
    kinds=st.lists(
        st.sampled_from(["good", "refused", "gone", "halfway", "recovered", "taken back"]), min_size=2, max_size=6
    )
)
def test_each_succeeds_or_fails_by_itself(store: Store, kinds: list[str]) -> None:
    """`gone`: nobody waits for it any more; `taken back`: SQLite ends the whole transaction in the middle of it."""
    with store.write() as tx:
        tx.run("DELETE FROM aliases WHERE name <> 'latest'")
    (version,) = plant_versions(store, "rush", 1)
    one, alice = artifact_id(version), actor(store, "alice")

    def act(number: int, kind: str) -> Act:
        budget = Budget()
        if kind == "gone":
            budget.cancel("the client is gone")
        bad = link(99, one, "rush", "v7").replace('"many"', '"half-made"')  # Refused when its collection is made.
        good = link(number, one, "rush", f"a{number}")
        more = {"refused": bad, "halfway": f"{good} {bad}", "recovered": f"{bad} {good}"}
        plain = asking(store, "alice", more.get(kind, good), budget)

        def taken_back(group: Group | None) -> Answer:
            if group is not None:
                group.enter(alice, lambda: False).run("ROLLBACK")
            return plain(group)

        return taken_back if kind == "taken back" else plain

    done = [each.result() for each in together(store, [act(number, kind) for number, kind in enumerate(kinds)])]
    for number, (kind, answer) in enumerate(zip(kinds, done, strict=True)):
        errors = 1 if kind in ("refused", "gone", "halfway", "recovered") else 0
        assert len(answer.body.get("errors", ())) == errors, answer
        assert (f"a{number}" in aliases(store)) == (kind in ("good", "halfway", "recovered", "taken back"))
    with store.read() as tx:
        assert not tx.value("SELECT count(*) FROM collections WHERE name = 'half-made'")


def test_the_documents_that_regsync_sends_at_once_can_be_committed_together() -> None:
    """It puts up to a fifth more into one where that saves another."""
    assert Options().mutations_per_document * 6 // 5 <= GROUPED


def test_what_one_request_changed_the_next_one_of_the_same_user_sees(store: Store) -> None:
    """What was found out of the registry for the first is not believed after the second has renamed it."""
    versions = [artifact_id(version) for version in plant_versions(store, "rush", 4)]
    rename = (
        'renameProject(input: {entityName: "acme-org", oldProjectName: "wandb-registry-rush", '
        'newProjectName: "wandb-registry-rash"}) { inserted }'
    )
    documents = [
        link(0, versions[0], "rush", "before"),
        f"r: {rename}",
        link(1, versions[1], "rush", "by its old name"),
        link(2, versions[2], "rash", "after"),
    ]
    answers = [done.result() for done in together(store, [asking(store, "alice", each) for each in documents])]
    assert [answer.status for answer in answers] == [200, 200, 404, 200]
    assert aliases(store) == {"before", "after"}


def test_what_was_found_out_for_a_request_that_is_taken_back_is_forgotten(store: Store) -> None:
    alice, group = actor(store, "alice"), Group(store)
    tx = group.enter(alice, lambda: False)
    registries.create(tx, accounts.organization(tx, "acme"), "never")
    assert places.registry(tx, "acme-org", "wandb-registry-never").name == "never"
    group.drop()
    with pytest.raises(NotFound):
        places.registry(group.enter(alice, lambda: False), "acme-org", "wandb-registry-never")
    group.drop()
    group.commit()


def test_what_is_asked_of_a_user_s_rights_is_asked_once_for_requests_that_follow_each_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [artifact_id(version) for version in plant_versions(store, "rush", 6)]
    asked: list[str] = []
    execute_ = Transaction._execute

    def watched(tx: Transaction, sql: str, parameters: tuple[object, ...]) -> sqlite3.Cursor:
        asked.append(sql)
        return execute_(tx, sql, parameters)

    def about_rights(users: Sequence[str]) -> int:
        acts = [asking(store, user, link(0, one, "rush", "a")) for user, one in zip(users, versions, strict=False)]
        asked.clear()
        assert all("errors" not in done.result().body for done in together(store, acts))
        return sum("organization_members" in sql or "FROM registries" in sql for sql in asked)

    monkeypatch.setattr(Transaction, "_execute", watched)
    alone = about_rights(["alice"])
    assert alone > 0
    assert about_rights(["alice"] * 6) == alone
    assert about_rights(["alice", "bob"] * 2) == 2 * about_rights(
        ["alice", "bob"]
    )  # Of somebody else nothing is taken over.


def test_those_who_wait_in_one_place_are_woken_once(store: Store) -> None:
    acts = [
        asking(store, "alice", link(n, artifact_id(one), "rush", "a"))
        for n, one in enumerate(plant_versions(store, "rush", 3))
    ]
    changes, begun, all_wait, told = Changes(store), Event(), Event(), Event()
    woken: list[Callable[[], None]] = []
    settled: list[int] = []

    def leading(group: Group | None) -> Answer:
        begun.set()
        assert all_wait.wait(60)
        return acts[0](group)

    def post(tell: Callable[[], None]) -> None:
        woken.append(tell)
        told.set()

    made = [changes.add(leading, lambda: settled.append(0), post)]
    assert begun.wait(60)
    made += [changes.add(act, partial(settled.append, n), post) for n, act in enumerate(acts[1:], 1)]
    all_wait.set()
    assert told.wait(60)
    (tell,) = woken
    assert settled == []
    tell()
    assert settled == [0, 1, 2]
    assert all("errors" not in change.result().body for change in made)


def test_nobody_is_told_of_what_could_not_be_committed(store: Store) -> None:
    versions = [artifact_id(version) for version in plant_versions(store, "rush", 3)]
    acts = [asking(store, "alice", link(n, one, "rush", f"a{n}")) for n, one in enumerate(versions)]
    reader = open_store(store.path)
    with reader.read() as tx:
        assert tx.value("SELECT 1 FROM instance") == 1
        for done in together(store, acts):
            with pytest.raises(Locked):
                done.result()
    reader.close()
    assert not aliases(store)


def test_a_file_that_cannot_be_had_is_waited_for_once(store: Store) -> None:
    (version,) = plant_versions(store, "rush", 1)
    acts = [asking(store, "alice", link(n, artifact_id(version), "rush", f"a{n}")) for n in range(3)]
    other = open_store(store.path)
    with other.write():
        answers = [done.result() for done in together(store, acts)]
    other.close()
    assert [answer.status for answer in answers] == [503] * 3
    assert not aliases(store)


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    make_world(path)
    planted = open_store(path)
    plant_registry(planted, "last")
    (version,) = plant_versions(planted, "last", 1)
    planted.close()
    command = [sys.executable, "-c", "from regsync.commands import main; main()", "local", "serve", "--db", str(path)]
    answered: set[str] = set()
    guard, enough = Lock(), Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()

        def client(number: int) -> None:
            with httpx.Client(auth=("api", api_key("alice")), timeout=60) as asking_again:
                for turn in range(1000):
                    alias = f"a{number}-{turn}"
                    document = f"mutation {{ {link(0, artifact_id(version), 'last', alias)} }}"
                    try:
                        answer = asking_again.post(f"{url}/graphql", json={"query": document})
                    except httpx.TransportError:
                        return
                    assert answer.status_code == 200, answer.text
                    with guard:
                        answered.add(alias)
                        if len(answered) >= 20:
                            enough.set()

        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, number) for number in range(8)]
            assert enough.wait(60)
            process.kill()
        for each in clients:
            each.result()
    store = open_store(path)
    assert answered <= aliases(store)
    store.close()
