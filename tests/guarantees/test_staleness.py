"""Guarantee 2: a saved plan is for one place, and good for as long as what was reviewed is true. What an operation stands on and
has changed makes it stale, before the first write; whatever else has changed does not.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from regsync.core.canonical import canonical_json, document_digest
from regsync.local.store import accounts, aliases, artifacts, collections, links, members, registries
from regsync.local.store.accounts import Organization
from regsync.local.store.actor import OWNER
from regsync.local.store.database import Transaction, open_store
from regsync.local.store.registries import Registry
from regsync.names import Role
from tests.backends.wandb.worlds import KEYS, PEOPLE, served, write_world
from tests.guarantees import history
from tests.guarantees.grounds import Ended, Grounds, Zygote
from tests.guarantees.test_two_at_once import DETECTOR

Json = dict[str, Any]
SEED: Json = {
    **PEOPLE,
    "registries": {
        "model": {
            "artifact_types": ["model"],
            "protected_aliases": ["production"],
            "members": {"bob": "admin"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1", f"{DETECTOR}:v2"],
                    "aliases": {"production": "v0", "staging": "v1", "person": "v1"},
                },
                "churn": {"type": "model", "versions": [f"{DETECTOR}:v0"], "aliases": {"production": "v0"}},
            },
        },
        "features": {"collections": {"rows": {"type": "dataset", "versions": ["acme-ml/fraud/rows:v0"]}}},
    },
}
MANIFEST: Json = {
    "registries": {
        "model": {
            "protected_aliases": ["production"],
            "collections": {
                "fraud": {
                    "type": "model",
                    "versions": [f"{DETECTOR}:v3"],
                    "aliases": {"production": "v2", "staging": f"{DETECTOR}:v4", "fresh": "v0"},
                }
            },
        }
    }
}


class Person:
    """Somebody who changes the registry in other ways than regsync."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.acme: Organization = accounts.organization(tx, "acme")
        self.model: Registry = registries.get(tx, self.acme, "model")

    def collection(self, name: str = "fraud") -> collections.Collection:
        return collections.get(self.tx, self.model, name)

    def source(self, number: int) -> artifacts.Version:
        row = self.tx.one(
            """SELECT a.id FROM artifacts a JOIN collections c ON c.id = a.sequence_id
               WHERE c.name = 'detector' AND a.version_index = ?""",
            number,
        )
        assert row is not None
        return artifacts.by_id(self.tx, row["id"])

    def move(self, alias: str, index: int, name: str = "fraud") -> None:
        aliases.set_aliases(self.tx, self.collection(name), index, [alias])

    def link(self, number: int, name: str = "fraud") -> None:
        links.link(self.tx, self.model, name, self.source(number))

    def unlink(self, number: int, name: str = "fraud") -> None:
        links.unlink(self.tx, self.model, self.collection(name), self.source(number))


def as_person(file: Path, act: Callable[[Person], object]) -> None:
    store = open_store(file)
    try:
        with store.write(OWNER) as tx:
            act(Person(tx))
    finally:
        store.close()


def change_digest(person: Person) -> None:
    """Not by any call that there is: the content under the same version is another one now."""
    person.tx.run("UPDATE artifacts SET digest = ? WHERE id = ?", "f" * 32, person.source(1).id)


MOVED: dict[str, tuple[Callable[[Person], object], str]] = {
    "a declared alias was moved": (lambda p: p.move("production", 1), "model/fraud:production was moved from v0 to v1"),
    "a declared alias was moved to where the plan does not want it": (
        lambda p: p.move("staging", 2),
        "model/fraud:staging was moved from v1 to v2",
    ),
    "an alias that the plan makes was added elsewhere": (
        lambda p: p.move("fresh", 2),
        "model/fraud:fresh was set to v2",
    ),
    "an alias that the plan moves was removed": (
        lambda p: aliases.remove_aliases(p.tx, p.collection(), ["production"]),
        "model/fraud:production was removed from v0",
    ),
    "the version that an alias leaves was unlinked": (
        lambda p: (p.move("person", 2), p.unlink(1)),
        "model/fraud:staging was removed from v1",
    ),
    "the version that the plan binds to was unlinked": (lambda p: p.unlink(2), "model/fraud has no version v2"),
    "a newer version was linked: the planned links would move latest back": (
        lambda p: p.link(5),
        "latest moves from v3 (acme-ml/fraud/detector:v5)",
    ),
    "the plan's second version was linked first: latest would move back": (
        lambda p: p.link(4),
        "latest moves from v3 (acme-ml/fraud/detector:v4) to acme-ml/fraud/detector:v3, an older version",
    ),
    "the digest of the version that an alias leaves changed": (change_digest, "model/fraud:staging"),
    "the collection was renamed": (
        lambda p: collections.rename(p.tx, p.collection(), "fraud-2"),
        "model/fraud is not there any more",
    ),
    "the collection was deleted": (
        lambda p: collections.delete(p.tx, p.model, p.collection()),
        "model/fraud is not there any more",
    ),
    "the registry was renamed": (lambda p: registries.rename(p.tx, p.model, "models"), "model is not there any more"),
    "the registry was deleted": (lambda p: registries.delete(p.tx, p.model), "model is not there any more"),
}
"""What an operation of the plan stands on, and what the refusal says."""
STILL_TRUE: dict[str, Callable[[Person], object]] = {
    "an alias nobody declares was moved": lambda p: p.move("person", 2),
    "an alias was added": lambda p: p.move("new", 1),
    "an alias was removed": lambda p: aliases.remove_aliases(p.tx, p.collection(), ["person"]),
    "a version was linked and unlinked, and its index is used up": lambda p: (p.link(5), p.unlink(5)),
    "the description changed": lambda p: collections.set_description(p.tx, p.collection(), "by a person"),
    "a tag was added": lambda p: collections.add_tags(p.tx, p.collection(), ["person"]),
    "the registry's description changed": lambda p: registries.set_description(p.tx, p.model, "by a person"),
    "another type was accepted": lambda p: registries.allow_types(p.tx, p.model, ["dataset", "model"]),
    "a type was accepted": lambda p: registries.allow_types(p.tx, p.model, ["dataset"]),
    "an alias was protected": lambda p: registries.protect(p.tx, p.model, "staging"),
    "an alias of another collection": lambda p: aliases.remove_aliases(p.tx, p.collection("churn"), ["production"]),
    "a link into another collection": lambda p: p.link(5, "churn"),
    "another collection was deleted": lambda p: collections.delete(p.tx, p.model, p.collection("churn")),
    "a new collection": lambda p: collections.create(p.tx, p.model, "new", "model"),
    "another registry was deleted": lambda p: registries.delete(p.tx, registries.get(p.tx, p.acme, "features")),
    "a new registry": lambda p: registries.create(p.tx, p.acme, "new"),
    "members, which the manifest does not manage": lambda p: members.set_member(p.tx, p.model, "carol", Role.VIEWER),
}
"""What no operation of the plan stands on, in the same collection and elsewhere."""


@pytest.fixture(scope="module", params=["file", "http"])
def planned(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, zygote: Zygote
) -> Iterator[Grounds]:
    """A saved plan, and the state that it was made from."""
    grounds = Grounds(tmp_path_factory.mktemp("planned"), zygote)
    write_world(grounds.file, SEED)
    with served(grounds.file) as url:
        grounds.prepare(SEED, MANIFEST, f"wandb:{url}" if request.param == "http" else "local:registry.db")
        yield grounds


@pytest.fixture
def fresh(planned: Grounds) -> Grounds:
    planned.reset()
    return planned


def check_stale(grounds: Grounds, ended: Ended, before: int, *words: str) -> None:
    assert ended.code == 5, (ended.out, ended.err)
    for word in words:
        assert word in ended.err, ended.err
    assert history.last_event(grounds.file) == before, "something was written"
    assert not history.receipts_in(grounds.state)


@pytest.mark.parametrize("what", MOVED)
def test_stale(fresh: Grounds, what: str) -> None:
    act, words = MOVED[what]
    as_person(fresh.file, act)
    before = history.last_event(fresh.file)
    check_stale(fresh, fresh.run(fresh.saved), before, "this plan is stale", words, "plan again")


def test_who_moved_it_and_when(fresh: Grounds) -> None:
    """In the registry's words, with its own record of the move."""
    as_person(fresh.file, lambda person: person.move("production", 1))
    ended = fresh.run(fresh.saved)
    assert ended.code == 5
    found = re.search(r"fraud:production was moved from v0 to v1 \(20\d\d-\d\d-\d\dT[0-9:.]+Z(.*)\)", ended.err)
    assert found, ended.err
    if fresh.backend.startswith("local:"):
        assert found[1] == ", by local:owner"


@pytest.mark.parametrize("what", STILL_TRUE)
def test_still_true(fresh: Grounds, what: str) -> None:
    as_person(fresh.file, STILL_TRUE[what])
    ended = fresh.run(fresh.saved)
    assert ended.code == 0, ended.err
    assert "fraud:production" in ended.out
    assert "not in this plan" not in ended.err


def test_what_planning_again_would_do_besides_is_named_and_not_done(fresh: Grounds) -> None:
    as_person(fresh.file, lambda person: registries.unprotect(person.tx, person.model, "production"))
    ended = fresh.run(fresh.saved)
    assert ended.code == 0, ended.err
    before, _, after = ended.err.partition("receipt:")
    for part in (before, after):
        assert "not in this plan: model (protect-alias); plan again" in part


def test_already_there(fresh: Grounds) -> None:
    """Somebody else has done all of it by hand: there is nothing to do, and nothing to complain about."""

    def by_hand(person: Person) -> None:
        for number in (3, 4):
            person.link(number)
        for alias, index in (("production", 2), ("staging", 4), ("fresh", 0)):
            person.move(alias, index)

    as_person(fresh.file, by_hand)
    before = history.last_event(fresh.file)
    ended = fresh.run(fresh.saved)
    assert (ended.code, history.last_event(fresh.file)) == (0, before)
    assert "Already applied" in ended.out


def test_partly_there(fresh: Grounds) -> None:
    """Somebody else has done the first part of it: the rest is done."""
    as_person(fresh.file, lambda person: person.link(3))
    ended = fresh.run(fresh.saved)
    assert ended.code == 0, ended.err
    (receipt,) = history.receipts_in(fresh.state)
    assert receipt["summary"]["skipped"] == 1
    history.check_receipts([e for e in history.events(fresh.file, fresh.before) if e.actor == "alice"], [receipt])


# Another place ----------------------------------------------------------------------------------------------------------


def test_another_user(fresh: Grounds, zygote: Zygote) -> None:
    before = history.last_event(fresh.file)
    if fresh.backend.startswith("local:"):
        with closing(sqlite3.connect(fresh.file)) as db, db:
            db.execute("UPDATE organization_members SET role = 'member' WHERE user_id = 1")
            db.execute("UPDATE organization_members SET role = 'admin' WHERE user_id = 2")
        ended = fresh.run(fresh.saved)
    else:
        job = fresh.job(fresh.saved)
        job.environment["WANDB_API_KEY"] = KEYS["bob"]
        ended = zygote.run(job)
    check_stale(fresh, ended, before, "another destination", "user: the plan has 'alice', here it is 'bob'")


def test_another_server(fresh: Grounds) -> None:
    """The same registry, under another address: nobody can know that it is the same."""
    before = history.last_event(fresh.file)
    with served(fresh.file) as url:
        other = f"wandb:{url}"
        check_stale(fresh, fresh.run(["--backend", other, "apply", "plan.json"]), before, "another destination", "url")


def test_another_organization(fresh: Grounds) -> None:
    store = open_store(fresh.file)
    with store.write(OWNER) as tx:
        globex = accounts.add_organization(tx, "globex")
        accounts.set_organization_member(tx, globex, accounts.user(tx, "alice"), Role.ADMIN)
    store.close()
    before = history.last_event(fresh.file)
    ended = fresh.run(["--organization", "globex", *fresh.saved])
    check_stale(fresh, ended, before, "another destination", "organization: the plan has 'acme', here it is 'globex'")


# Another file -----------------------------------------------------------------------------------------------------------


def rewrite(grounds: Grounds, change: Callable[[Json], object], *, sign: bool) -> list[str]:
    """The plan, changed; `sign`: with a digest that fits. The command that applies it."""
    plan = json.loads((grounds.folder / "plan.json").read_text(encoding="utf-8"))
    change(plan)
    if sign:
        plan["digest"] = document_digest(plan)
    (grounds.folder / "changed.json").write_text(canonical_json(plan) + "\n", encoding="utf-8")
    return ["--backend", grounds.backend, "apply", "changed.json"]


def production(plan: Json) -> Json:
    found: Json = next(op for op in plan["operations"] if op["address"] == "model/fraud:production")
    return found


def to_another_version(plan: Json) -> None:
    staging = next(op for op in plan["operations"] if op["address"] == "model/fraud:staging")
    production(plan)["after"] = staging["after"]


def with_a_removal(plan: Json) -> None:
    held = production(plan) | {
        "kind": "remove-alias",
        "id": "op-99",
        "after": None,
        "depends_on": [],
        "protected": False,
    }
    plan["operations"].append(held)


def with_a_removal_that_says_so_softly(plan: Json) -> None:
    """The hazard of an ordinary alias on a protected one, consented to."""
    with_a_removal(plan)
    plan["operations"] = [op for op in plan["operations"] if op["id"] != production(plan)["id"]]
    plan["operations"][-1]["hazards"] = [{"name": "remove-alias", "message": "…", "weight": 1}]
    plan["hazards"] = [
        {
            "name": "remove-alias",
            "count": 1,
            "open": 0,
            "consented": True,
            "consent": None,
            "operations": ["op-99"],
            "messages": [],
        }
    ]


def test_edited_by_hand(fresh: Grounds) -> None:
    before = history.last_event(fresh.file)
    ended = fresh.run(rewrite(fresh, to_another_version, sign=False))
    check_stale(fresh, ended, before, "was changed after it was made")


@pytest.mark.parametrize(
    "change",
    [
        with_a_removal,
        lambda plan: plan["operations"].reverse(),
        lambda plan: plan["operations"][0].update(id="op-2"),
        lambda plan: plan["operations"][0].update(depends_on=["op-7"]),
        lambda plan: plan["operations"][-1]["after"].update(index="2"),
        lambda plan: plan["operations"][-1]["after"].update(extra=1),
        lambda plan: plan["operations"][-1].update(protected="no"),
        lambda plan: plan["hazards"].append({**plan["hazards"][0], "open": 0} if plan["hazards"] else {"name": "x"}),
        lambda plan: plan.update(more=True),
    ],
    ids=["a removal without its hazard", "order", "ids", "dependencies", "index", "extra", "type", "hazards", "more"],
)
def test_edited_with_a_fitting_digest(fresh: Grounds, change: Callable[[Json], object]) -> None:
    """The digest is no signature. What no planner would have made is turned away as a whole."""
    before = history.last_event(fresh.file)
    ended = fresh.run(rewrite(fresh, change, sign=True))
    assert ended.code in (1, 3, 5), ended
    assert history.last_event(fresh.file) == before
    assert "malformed" in ended.err or "proof" in ended.err or "stale" in ended.err, ended.err


def without_hazards(plan: Json) -> None:
    plan["hazards"], plan["consents"], plan["applyable"] = [], [], True
    for operation in plan["operations"]:
        operation["hazards"] = []


def without_consents(plan: Json) -> None:
    plan["consents"] = []


def with_an_empty_consent(plan: Json) -> None:
    plan["consents"] = [each | {"number": 0} for each in plan["consents"]]


def with_a_consent_for_elsewhere(plan: Json) -> None:
    plan["consents"] = [each | {"address": "features"} for each in plan["consents"]]


DANGEROUS: Json = {
    "consent": ["remove-alias", "unlink-version", "delete-collection", "irreversible", "latest-moves"],
    "registries": {
        "model": {
            "artifact_types": ["model", "dataset"],
            "visibility": "restricted",
            "collections": {
                "fraud": {"type": "model", "versions": [{f"{DETECTOR}:v2": "absent"}], "aliases": {"person": "absent"}},
                "attic": "absent",
            },
        }
    },
}


@pytest.mark.parametrize(
    "change", [without_hazards, without_consents, with_an_empty_consent, with_a_consent_for_elsewhere]
)
def test_hazards_and_consents_that_do_not_add_up(
    tmp_path: Path, zygote: Zygote, change: Callable[[Json], None]
) -> None:
    """What every planner gives such operations cannot be left out of the file, nor the consent to it."""
    seed = deepcopy(SEED)
    seed["registries"]["model"]["collections"]["attic"] = {"type": "model"}
    grounds = Grounds(tmp_path, zygote)
    write_world(grounds.file, seed)
    grounds.prepare(seed, DANGEROUS, "local:registry.db")
    before = history.last_event(grounds.file)
    ended = grounds.run(rewrite(grounds, change, sign=True))
    assert ended.code == 1 and "this plan is malformed" in ended.err, ended
    assert history.last_event(grounds.file) == before


def test_a_removal_under_a_milder_name(fresh: Grounds) -> None:
    """A protected alias is not unbound under the hazard of an ordinary one, where the registry tells that it is protected."""
    before = history.last_event(fresh.file)
    ended = fresh.run(rewrite(fresh, with_a_removal_that_says_so_softly, sign=True))
    assert ended.code == 5, ended
    assert "planning again does not give remove-alias any more" in ended.err
    assert history.last_event(fresh.file) == before


def test_of_a_newer_format(fresh: Grounds) -> None:
    before = history.last_event(fresh.file)
    ended = fresh.run(rewrite(fresh, lambda plan: plan.update(format="regsync/plan/v2"), sign=True))
    assert ended.code == 1
    assert "has format regsync/plan/v2" in ended.err
    assert history.last_event(fresh.file) == before


# Applied before ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 1], ids=["back to where it was", "elsewhere"])
def test_applied_and_moved_since(fresh: Grounds, index: int) -> None:
    assert fresh.run(fresh.saved).code == 0
    as_person(fresh.file, lambda person: person.move("production", index))
    before = history.last_event(fresh.file)
    ended = fresh.run(fresh.saved)
    assert ended.code == 5, ended
    assert "production" in ended.err
    assert history.last_event(fresh.file) == before


def test_applied_twice(fresh: Grounds) -> None:
    assert fresh.run(fresh.saved).code == 0
    before = history.last_event(fresh.file)
    ended = fresh.run(fresh.saved)
    assert ended.code == 0
    assert "Already applied" in ended.out
    assert history.last_event(fresh.file) == before
    assert len(history.receipts_in(fresh.state)) == 1
