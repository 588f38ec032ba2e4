"""The law of non-interference: whatever document an actor sends, its answer does not change when things hidden from them change.

An organization is made twice, with the same things that the actor sees. Then hidden things are added to the second one and
changed there: projects of teams that the actor is not in, restricted registries, another organization with people, teams, links,
aliases, and files of the same content. Every document gets the same answer from both.

What the law leaves out, because W&B's own rules tell it: the ids of things made after the hidden ones (ids are counted, so
mutations are compared with ids that are new made alike), and names that are taken (hidden names are from a pool of their own).
"""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import graphql
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regsync.local.server.addresses import Addresses, Signer
from regsync.local.server.contract import schema
from regsync.local.server.engine import execute
from regsync.local.server.mutations import runs
from regsync.local.server.root import Root
from regsync.local.server.session import Session
from regsync.local.store import (
    accounts,
    aliases,
    artifacts,
    collections,
    contents,
    links,
    members,
    projects,
    queue_items,
    queues,
    registries,
    sequences,
)
from regsync.local.store.database import Store, Transaction, create_store, open_store
from regsync.local.store.errors import Refused
from regsync.local.store.ids import Kind, encode
from regsync.names import Role, Visibility
from tests.attack.people import make_world
from tests.budget import Budget, share
from tests.local.server.test_anything import SCALARS, values

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACTORS = ("carol", "dan", "rita", "bob")
Document = tuple[str, dict[str, Any]]
MADE_UP_KEY = re.compile(r'"name": "[0-9a-f]{40}"')
"""A new API key, told once: random."""
TOKEN = re.compile(r"/content/[^/]+/|/upload/[^\"]+")


def visible(store: Store) -> None:
    """What everybody in acme may see, and some that only some of them may."""
    with store.write() as tx:
        acme = accounts.organization(tx, "acme")
        model = registries.create(tx, acme, "model")
        team = projects.ensure(tx, "acme-ml", "fraud")
        for number in range(3):
            staged = contents.stage_bytes(store, f"seen {number}".encode())
            version, _ = sequences.log(tx, team, "many", "model", files={"a.txt": staged}, metadata={"n": number})
            links.link(tx, model, "fraud", version, [f"a{number}"])
        registries.protect(tx, model, "a1")
        for name in ("dan", "rita"):
            own = projects.ensure(tx, f"{name}-team", "mine")
            version, _ = sequences.log(
                tx, own, "own", "model", files={"b.txt": contents.stage_bytes(store, name.encode())}
            )
            tx.run("UPDATE artifacts SET client_id = 'the-id' WHERE id = ?", version.id)


def log(
    tx: Transaction, store: Store, entity: str, project: str, name: str, content: bytes = b"hidden"
) -> artifacts.Version:
    place = projects.ensure(tx, entity, project)
    files = {"h.txt": contents.stage_bytes(store, content), "i.txt": contents.stage_bytes(store, name.encode())}
    version, _ = sequences.log(tx, place, name, "model", files=files, metadata={"n": 7}, names=["h-alias"])
    tx.run("UPDATE artifacts SET client_id = 'the-id' WHERE id = ?", version.id)
    return version


def link(tx: Transaction, store: Store, number: int) -> None:
    acme = accounts.organization(tx, "acme")
    version = log(tx, store, "hidden-team", "h-linked", f"h-linked-{number}")
    hidden = registries.get(tx, acme, "hidden")
    made, _ = links.link(tx, hidden, "h-collection", version, ["h-alias"])
    aliases.set_aliases(tx, collections.get(tx, hidden, "h-collection"), made.index, [f"h-alias-{number}"])


def member(tx: Transaction, name: str) -> None:
    user, _ = accounts.add_user(tx, name)
    accounts.set_organization_member(tx, accounts.organization(tx, "globex"), user, Role.MEMBER)


def guest(tx: Transaction, name: str) -> None:
    member(tx, name)
    members.set_member(tx, registries.get(tx, accounts.organization(tx, "acme"), "hidden"), name, Role.VIEWER)


def queue(tx: Transaction, name: str) -> None:
    made = queues.create(tx, projects.ensure(tx, "hidden-team", "h-launch"), name)
    queue_items.push(tx, made, {"job": "h-job"})


HIDDEN: dict[str, Callable[[Transaction, Store, int], object]] = {
    "a project of a hidden team": lambda tx, store, n: log(
        tx, store, "hidden-team", f"h-project-{n % 3}", f"h-artifact-{n}"
    ),
    "a hidden artifact of the same content": lambda tx, store, n: log(
        tx, store, "hidden-team", "h-same", f"h-{n}", b"seen 1"
    ),
    "the same in another organization": lambda tx, store, n: log(tx, store, "globex-ml", "fraud", "many", b"seen 1"),
    "a restricted registry": lambda tx, store, n: registries.create(
        tx, accounts.organization(tx, "acme"), f"h-registry-{n}", visibility=Visibility.RESTRICTED
    ),
    "a registry of another organization": lambda tx, store, n: registries.create(
        tx, accounts.organization(tx, "globex"), "model"
    ),
    "a hidden link and alias": link,
    "a user of another organization": lambda tx, store, n: member(tx, f"h-user-{n}"),
    "a guest of a hidden registry": lambda tx, store, n: guest(tx, f"h-guest-{n}"),
    "a launch queue of a hidden team": lambda tx, store, n: queue(tx, f"h-queue-{n}"),
    "a team of another organization": lambda tx, store, n: accounts.add_team(
        tx, accounts.organization(tx, "globex"), f"h-team-{n}"
    ),
    "a shared user's other team": lambda tx, store, n: accounts.set_team_member(
        tx, accounts.entity(tx, "globex-ml"), accounts.user(tx, "shared"), [Role.VIEWER, Role.MEMBER][n % 2]
    ),
    "a member of a hidden registry": lambda tx, store, n: members.set_member(
        tx, registries.get(tx, accounts.organization(tx, "acme"), "hidden"), "alice", Role.VIEWER
    ),
}


def twin(path: Path) -> Store:
    """The organization with everything that is seen, and places for what is hidden."""
    store, _ = create_store(path, clock=lambda: NOW)
    make_world(store)
    with store.write() as tx:
        tx.run("UPDATE instance SET uuid = 'the same'")
        acme, globex = accounts.organization(tx, "acme"), accounts.organization(tx, "globex")
        accounts.add_team(tx, acme, "hidden-team")
        registries.create(tx, acme, "hidden", visibility=Visibility.RESTRICTED)
        shared, _ = accounts.add_user(tx, "shared")
        accounts.set_organization_member(tx, acme, shared, Role.MEMBER)
        accounts.set_organization_member(tx, globex, shared, Role.MEMBER)
    visible(store)
    return store


NAMES = st.sampled_from(
    ["acme", "acme-org", "acme-ml", "globex", "globex-org", "globex-ml", "hidden-team", "shared", "alice", "bob", "eve", "dan-team",
     "fraud", "mine", "h-project-1", "h-linked", "many", "own", "h-artifact-1", "wandb-registry-model", "wandb-registry-hidden",
     "wandb-registry-vault", "h-collection", "weights", "v0", "latest", "a1", "many:v1", "weights:production", "h-alias", "model",
     "the-id", "-created_at", "name"]
)  # fmt: skip
IDS = st.builds(
    lambda kind, key: b64encode(f"{kind}:{key}".encode()).decode(),
    st.sampled_from(["Artifact", "ArtifactCollection", "ArtifactType", "Entity", "File", "Project", "Run", "User"]),
    st.integers(1, 30),
)
FILTERS = st.sampled_from(
    ["{}", '{"name": {"$regex": "h-"}}', '{"metadata.n": {"$gt": 0}}', '{"alias": {"$regex": "."}}', '{"$not": {"name": "many"}}',
     '{"type": "model"}', '{"tags": {"$exists": false}}', '{"version": {"$gte": 0}}', '{"id": {"$gt": 3}}', '{"n": 1}', "{"]
)  # fmt: skip
CHOSEN = {
    **SCALARS,
    "String": NAMES,
    "ID": st.one_of(IDS, NAMES),
    "JSONString": FILTERS,
    "Int": st.sampled_from([0, 1, 5, 100]),
}


ORGANIZATIONS = st.sampled_from(["acme", "acme", "globex"])
ENTITIES = st.sampled_from(
    ["acme-org", "acme-ml", "hidden-team", "globex-ml", "globex-org", "shared", "dan-team", "eve"]
)
PROJECTS = st.sampled_from(
    ["wandb-registry-model", "fraud", "mine", "wandb-registry-hidden", "wandb-registry-vault", "h-same"]
)
PEOPLE = st.sampled_from(["shared", "shared", "bob", "eve", ""])
LIKELY: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("organization", "name"): ORGANIZATIONS,
    ("entity", "name"): ENTITIES,
    ("project", "name"): PROJECTS,
    ("model", "name"): PROJECTS,
    ("users", "query"): PEOPLE,
    ("artifact", "id"): st.integers(1, 14).map(lambda key: encode(Kind.ARTIFACT, key)),
    ("artifactCollection", "id"): st.integers(1, 14).map(lambda key: encode(Kind.COLLECTION, key)),
    ("clientIDMapping", "clientID"): st.just("the-id"),
    ("artifactCollection", "name"): st.sampled_from(["fraud", "many", "own", "weights", "h-collection", "h-0"]),
    ("artifactCollectionMembership", "name"): st.sampled_from(
        ["fraud:v1", "fraud:a2", "many", "weights", "h-collection"]
    ),
    ("artifact", "name"): st.sampled_from(["fraud:v1", "many", "h-0:v0", "weights"]),
    ("artifactType", "name"): st.just("model"),
    ("artifactMembership", "aliasName"): st.sampled_from(["v0", "a1", "latest", "h-alias"]),
}
VALID: dict[str, st.SearchStrategy[Any]] = {
    "first": st.sampled_from([1, 5, 20]),
    "filters": st.sampled_from(["{}", '{"name": {"$regex": "h-"}}', '{"name": {"$ne": "many"}}']),
    "order": st.sampled_from(["name", "-created_at"]),
    "after": st.none(),
    "before": st.none(),
    "last": st.none(),
}
"""Arguments that lead somewhere: at random, few documents would get past the first field."""


def value(field: str, name: str, kind: Any) -> st.SearchStrategy[Any]:
    anything = values(kind, scalars=CHOSEN)
    likely = ENTITIES if name == "entityName" else LIKELY.get((field, name), VALID.get(name))
    return anything if likely is None else st.integers(0, 9).flatmap(lambda number: likely if number else anything)


@st.composite
def asked(draw: st.DrawFn, kind: str) -> Document:
    """A document with one field of Query or Mutation, what is below it chosen at random, and variables for its arguments."""
    owner: Any = schema().type_map[kind.title()]
    name = draw(st.sampled_from(sorted(owner.fields)))
    variables: dict[str, tuple[str, Any]] = {}
    text = draw(chosen(name, owner.fields[name], 2, "v", variables))
    head = ", ".join(f"${key}: {declared}" for key, (declared, _) in variables.items())
    return f"{kind} Any{f'({head})' if head else ''} {{ {text} }}", {
        key: given_ for key, (_, given_) in variables.items()
    }


@st.composite
def chosen(draw: st.DrawFn, name: str, field: Any, depth: int, path: str, variables: dict[str, tuple[str, Any]]) -> str:
    """A field with its arguments, and some of the fields below it; what the arguments are goes into `variables`."""
    call = []
    for key, argument in field.args.items():
        if (
            graphql.is_required_argument(argument)
            or (name, key) in LIKELY
            or key == "entityName"
            or draw(st.integers(0, 9)) == 0
        ):
            variables[f"{path}_{key}"] = (str(argument.type), draw(value(name, key, argument.type)))
            call.append(f"{key}: ${path}_{key}")
    head = f"{name}({', '.join(call)})" if call else name
    named: Any = graphql.get_named_type(field.type)
    if graphql.is_leaf_type(named):
        return head
    below = ["__typename"]
    for number, (inner, one) in enumerate(getattr(named, "fields", {}).items()):
        if graphql.is_leaf_type(graphql.get_named_type(one.type)) or inner in ("edges", "node"):
            below.append(draw(chosen(inner, one, depth, f"{path}{number}", variables)))
        elif depth and draw(st.booleans()):
            below.append(draw(chosen(inner, one, depth - 1, f"{path}{number}", variables)))
    return f"{head} {{ {' '.join(below)} }}"


def told(store: Store, actor: str, text: str, variables: dict[str, Any]) -> str:
    """The answer, without what is different in each one (signatures), on a copy of the registry that is thrown away."""
    with store.read() as tx:
        who = accounts.actor(tx, actor)
    with Session(store, who, Addresses("http://test", Signer("s"))) as session:
        answer = execute(text, variables, None, Root(session))
    return MADE_UP_KEY.sub('"name": "…"', TOKEN.sub("/…/", json.dumps([answer.status, answer.body], sort_keys=True)))


@pytest.fixture(autouse=True)
def names_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made up at random otherwise."""
    monkeypatch.setattr(runs.secrets, "choice", lambda letters: "r")


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder = tmp_path_factory.mktemp("twins")
    pair = (twin(folder / "a.db"), twin(folder / "b.db"))
    yield pair
    for store in pair:
        store.close()


def hide(store: Store, changes: list[str]) -> None:
    for number, name in enumerate(changes):
        try:
            with store.write() as tx:
                HIDDEN[name](tx, store, number)
        except Refused:
            continue  # It is there already.


def law(twins: tuple[Store, Store], actor: str, document: Document, changes: list[str]) -> None:
    one, other = twins
    hide(other, changes)
    text, variables = document
    before, after = told(one, actor, text, variables), told(other, actor, text, variables)
    assert before == after, (actor, text, variables)


QUERIES = asked("query")
MUTATIONS = asked("mutation")
CHANGES = st.lists(st.sampled_from(sorted(HIDDEN)), max_size=3)
CASES = {"suppress_health_check": list(HealthCheck), "phases": [Phase.explicit, Phase.reuse, Phase.generate]}


@share(480, **CASES)
@given(actor=st.sampled_from(ACTORS), document=QUERIES, changes=CHANGES)
def test_reading(twins: tuple[Store, Store], actor: str, document: Document, changes: list[str]) -> None:
    law(twins, actor, document, changes)


@share(240, **CASES)
@given(actor=st.sampled_from(ACTORS), document=MUTATIONS, changes=CHANGES)
def test_changing(
    twins: tuple[Store, Store], actor: str, document: Document, changes: list[str], tmp_path: Path
) -> None:
    """On copies, so that what the mutation does is gone for the next one."""
    hide(twins[1], changes)
    answers = []
    for store in twins:
        copy = open_store(Path(shutil.copy(store.path, tmp_path / "copy.db")), clock=lambda: NOW)
        answers.append(as_of(twins[0], told(copy, actor, *document)))
        copy.close()
    assert answers[0] == answers[1], (actor, *document)


TABLES = {
    "Artifact": "artifacts", "ArtifactCollection": "collections", "ArtifactCollectionMembership": "memberships", "File": "artifacts",
    "ArtifactType": "artifact_types", "Project": "projects", "ProjectInternalId": "projects", "Run": "runs", "ArtifactAlias": "collections",
}  # fmt: skip


def as_of(store: Store, answer: str) -> str:
    """An answer with the ids of things that are newer than the organization made alike."""
    with store.read() as tx:
        newest = {kind: tx.value(f"SELECT coalesce(max(id), 0) FROM {table}") for kind, table in TABLES.items()}

    def alike(match: re.Match[str]) -> str:
        try:
            kind, _, rest = b64decode(match[1], validate=True).decode().partition(":")
            number = int(rest.partition("/")[0])
        except ValueError:
            return match[0]
        return f'"new {kind}"' if kind in newest and number > newest[kind] else match[0]

    answer = re.sub(r'"(cursor|endCursor)": "[^"]*"', r'"\1": "…"', answer)
    answer = re.sub(r"wandb_artifacts/\d+/", "wandb_artifacts/…/", answer)
    return re.sub(r'"([A-Za-z0-9+/=]{8,})"', alike, re.sub(r'"projectId": \d+', '"projectId": 0', answer))


@pytest.mark.torture
@pytest.mark.parametrize("kind", ["query", "mutation"])
def test_at_length(twins: tuple[Store, Store], tmp_path: Path, kind: str) -> None:
    """The same law, over thousands of documents."""
    tried: Counter[str] = Counter()

    @settings(max_examples=100, deadline=None, database=None, **CASES)
    @given(actor=st.sampled_from(ACTORS), document=asked(kind), changes=CHANGES)
    def campaign(actor: str, document: Document, changes: list[str]) -> None:
        if kind == "query":
            law(twins, actor, document, changes)
        else:
            test_changing.hypothesis.inner_test(twins, actor, document, changes, tmp_path)
        tried["documents"] += 1

    for _ in Budget().rounds(30):
        campaign()
    print(f"non-interference, {kind}: {tried['documents']} documents with the same answer in both organizations")
