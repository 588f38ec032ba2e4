"""Seeds: what they make, that they can be planted again, and what is wrong with a bad one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regsync.diagnostics import DiagnosticsError
from regsync.local.seed.artifacts import MADE_UP_FILE
from regsync.local.seed.planted import Report
from regsync.local.seed.planting import plant
from regsync.local.seed.reader import parse_seed, read_seed
from regsync.local.store import (
    accounts,
    aliases,
    artifacts,
    collections,
    contents,
    identities,
    links,
    members,
    registries,
)
from regsync.local.store.database import Store, create_store
from regsync.names import Role, SourceRef
from tests.local.world import Ticking, dump

DESIGN = """
organization: acme
users:
  {alice: {api_key: alice-key-for-the-local-registry-00000000, role: admin}, bob: {api_key: bob-key-for-the-local-registry-0000000000}}
teams: {acme-ml: [alice, bob]}
artifacts:
  acme-ml/fraud/fraud-detector: {type: model, versions: 12}
  acme-ml/fraud/transactions:
    type: dataset
    versions:
      - {metadata: {rows: 10000}, files: {data.csv: "a,b\\n1,2\\n"}}
      - {metadata: {rows: 20000}, aliases: [best]}
"""
REGISTRIES = """
registries:
  model:
    description: ""
    visibility: restricted
    artifact_types: [model]
    protected_aliases: [production]
    members: {bob: member, "team:acme-ml": viewer}
    collections:
      fraud:
        type: model
        description: Card fraud
        tags: [fraud, two words]
        versions: ["acme-ml/fraud/fraud-detector:v3", "acme-ml/fraud/fraud-detector:v1"]
        aliases:
          production: acme-ml/fraud/fraud-detector:v9
          staging: acme-ml/fraud/fraud-detector:v2
          canary: v0
          newest: acme-ml/fraud/fraud-detector:latest
      empty: {type: model}
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made, _ = create_store(tmp_path / "registry.db", clock=Ticking())
    yield made
    made.close()


def sow(store: Store, text: str) -> Report:
    return plant(store, parse_seed(text.encode(), "seed.yaml"))


def problems(text: str, store: Store | None = None) -> list[str]:
    with pytest.raises(DiagnosticsError) as caught:
        seed = parse_seed(text.encode(), "seed.yaml")
        assert store is not None, "this seed should have been refused as it was read"
        plant(store, seed)
    return [f"{found.position}: {found.message}" for found in caught.value.diagnostics]


def test_the_seed_of_the_design(store: Store) -> None:
    report = sow(store, DESIGN)
    assert report.summary() == "made 1 organization, 2 users, 1 team, 2 artifacts, 14 versions"
    with store.read() as tx:
        acme = accounts.organization(tx, "acme")
        assert [(user.name, role) for user, role in accounts.organization_members(tx, acme)] == [
            ("alice", Role.ADMIN),
            ("bob", Role.MEMBER),
        ]
        assert identities.authenticate(tx, "bob-key-for-the-local-registry-0000000000").name == "bob"
        versions = [artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "fraud-detector", f"v{n}")) for n in range(12)]
        assert len({version.digest for version in versions}) == 12
        assert artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "fraud-detector", "latest")) == versions[11]
        best = artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "transactions", "best"))
        assert (best.index, best.metadata, best.type) == (1, {"rows": 20000}, "dataset")
        first = artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "transactions", "v0"))
        entry = artifacts.entry(tx, first, "data.csv")
        assert contents.read(tx, contents.find(tx, first.project_id, entry.content_md5 or "") or "") == b"a,b\n1,2\n"
        assert [each.path for each in artifacts.entries(tx, best)] == [MADE_UP_FILE]


def test_registries_links_and_aliases(store: Store) -> None:
    sow(store, DESIGN + REGISTRIES)
    with store.read() as tx:
        model = registries.get(tx, accounts.organization(tx, "acme"), "model")
        assert (model.description, model.visibility, registries.accepted_types(tx, model)) == (
            "",
            "restricted",
            ["model"],
        )
        assert registries.protected_aliases(tx, model) == ["production"]
        assert [tuple(each[:2]) for each in members.members(tx, model)] == [
            ("bob", "member"),
            ("team:acme-ml", "viewer"),
        ]
        fraud = collections.get(tx, model, "fraud")
        assert (fraud.description, collections.tags(tx, fraud)) == ("Card fraud", ["fraud", "two words"])
        numbers = [artifacts.by_id(tx, link.artifact_id).index for link in links.of_collection(tx, fraud)]
        assert numbers == [3, 1, 2, 9, 11], "as listed, then what only aliases name, by number"
        held = {"production": 3, "staging": 2, "canary": 0, "newest": 4, "latest": 4}
        assert aliases.of_collection(tx, fraud) == held
        assert fraud.next_index == 5
        empty = collections.get(tx, model, "empty")
        assert (empty.type, empty.next_index) == ("model", 0)


def test_planting_twice_is_planting_once(store: Store) -> None:
    sow(store, DESIGN + REGISTRIES)
    before = dump(store)
    report = sow(store, DESIGN + REGISTRIES)
    assert report.summary() == (
        "nothing to make; there already: 1 organization, 2 users, 1 team, 2 artifacts, 14 versions, "
        "1 registry, 2 collections, 5 links, 4 aliases"
    )
    assert not report.notes
    assert dump(store) == before


def test_a_seed_that_has_grown_adds_what_is_missing(store: Store) -> None:
    sow(store, DESIGN + REGISTRIES)
    grown = (
        (DESIGN + REGISTRIES)
        .replace("versions: 12", "versions: 14")
        .replace("canary: v0", "canary: v0\n          beta: v1")
    )
    grown = grown.replace("teams: {acme-ml: [alice, bob]}", "teams: {acme-ml: [alice, bob], other: [bob]}")
    report = sow(store, grown)
    assert report.summary().startswith("made 1 team, 2 versions, 1 link, 1 alias; there already: ")
    assert report.notes == ["the alias model/fraud:newest is 'v4' and stays so; the seed says 'v5'"]
    with store.read() as tx:
        assert str(artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "fraud-detector", "latest"))).endswith(":v13")


def test_what_has_moved_since_stays_where_it_is(store: Store) -> None:
    sow(store, DESIGN + REGISTRIES)
    with store.write() as tx:
        model = registries.get(tx, accounts.organization(tx, "acme"), "model")
        fraud = collections.get(tx, model, "fraud")
        aliases.set_aliases(tx, fraud, 1, ["production"])
        collections.set_description(tx, fraud, "changed")
        accounts.set_organization_member(tx, accounts.organization(tx, "acme"), accounts.user(tx, "bob"), Role.VIEWER)
    before = dump(store)
    assert sow(store, DESIGN + REGISTRIES).notes == [
        "the role of bob is 'viewer' and stays so; the seed says 'member'",
        "the description of model/fraud is 'changed' and stays so; the seed says 'Card fraud'",
        "the alias model/fraud:production is 'v1' and stays so; the seed says 'v3'",
    ]
    assert dump(store) == before


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "type: model, versions: 12",
            "type: dataset, versions: 12",
            "7:3: acme-ml/fraud/fraud-detector is there with type",
        ),
        ("1,2", "1,3", "11:9: acme-ml/fraud/transactions:v0 is there with other content"),
        ("bob-key", "bob-kex", "4:78: user 'bob' is there with another API key"),
        ("      empty: {type: model}", "      empty: {type: dataset}", "32:7: artifact type 'dataset' is not accepted"),
    ],
)
def test_a_seed_that_contradicts_what_is_there_changes_nothing(store: Store, old: str, new: str, problem: str) -> None:
    sow(store, DESIGN + (REGISTRIES if "empty" not in old else ""))
    before = dump(store)
    found = problems((DESIGN + REGISTRIES).replace(old, new), store)
    assert any(each.startswith(f"seed.yaml:{problem}") for each in found), found
    assert dump(store) == before


BAD_VERSIONS = {
    "acme-ml/fraud/fraud-detector:v12": "does not exist",
    "acme-ml/fraud/nothing:v0": "does not exist",
    "nobody/fraud/fraud-detector:v0": "does not exist",
    "acme-ml/fraud/transactions:v0": "has type 'dataset'; the collection holds 'model'",
    "alice/own/thing:v0": "linking is only allowed within the same team",
}


@pytest.mark.parametrize("ref", BAD_VERSIONS)
def test_links_that_cannot_be(store: Store, ref: str) -> None:
    text = DESIGN + "  alice/own/thing: {type: model}\n" + REGISTRIES.replace("acme-ml/fraud/fraud-detector:v9", ref)
    found = problems(text, store)
    assert len(found) == 1
    assert BAD_VERSIONS[ref] in found[0]
    assert found[0].startswith("seed.yaml:29:23: ")
    assert dump(store)["organizations"] == [], "and nothing was made"


def test_an_index_that_the_collection_does_not_have(store: Store) -> None:
    found = problems((DESIGN + REGISTRIES).replace("canary: v0", "canary: v5"), store)
    assert found == ["seed.yaml:30:19: the collection has no v5: the seed links 5 versions"]


def test_two_versions_with_the_same_files(store: Store) -> None:
    text = DESIGN.replace("{metadata: {rows: 20000}, ", '{metadata: {rows: 20000}, files: {data.csv: "a,b\\n1,2\\n"}, ')
    assert problems(text, store) == [
        "seed.yaml:12:9: acme-ml/fraud/transactions:v1 has the same files as v0; W&B would make no new version of it"
    ]


BAD = {
    "": "seed.yaml: a seed file holds one YAML document; this one holds 0",
    "- a": "seed.yaml: a seed is a map that starts with `organization:`",
    "users: {}": "seed.yaml:1:1: 'organization' is missing",
    "organization: acme\nusrs: {}": "seed.yaml:2:1: unknown key 'usrs'",
    "organization: a/b": "seed.yaml:1:15: 'a/b' is not a legal entity name: it may not contain / : or control characters",
    "organization: 2024": "seed.yaml:1:15: 2024 is not a text",
    "organization: acme\nusers: [alice]": "seed.yaml:2:8: 'users' must be a map",
    "organization: acme\nusers:\n": "seed.yaml:2:7: there is no value here",
    "organization: acme\nusers: {alice: {role: boss}}": "seed.yaml:2:23: 'boss' is not a role here",
    "organization: acme\nusers: {alice: {role: restricted_viewer}}": "seed.yaml:2:23: 'restricted_viewer' is not a role here",
    "organization: acme\nusers: {a: {api_key: secret}}": "seed.yaml:2:22: an API key has at least 40 characters; this one has 6",
    "organization: acme\nusers: {a: {key: x}}": "seed.yaml:2:13: unknown key 'key'",
    "organization: acme\nteams: {ml: alice}": "seed.yaml:2:13: 'ml' must be a list",
    "organization: acme\nartifacts: {a/b: {type: model}}": "seed.yaml:2:13: 'a/b' is not the name of an artifact",
    "organization: acme\nartifacts: {a/b/c: {versions: 1}}": "seed.yaml:2:21: 'type' is missing",
    "organization: acme\nartifacts: {a/b/c: {type: job}}": "seed.yaml:2:27: 'job' is a type that W&B keeps for itself",
    "organization: acme\nartifacts: {a/b/c: {type: m, versions: -1}}": "seed.yaml:2:40: 'versions' must be a number",
    "organization: acme\nartifacts: {a/b/c: {type: m, versions: [{aliases: [latest]}]}}": "seed.yaml:2:52: 'latest' belongs to",
    "organization: acme\nartifacts: {a/b/c: {type: m, versions: [{files: {../x: y}}]}}": "seed.yaml:2:50: '../x' is not a rel",
    "organization: acme\nartifacts: {a/b/c: {type: m, versions: [{ttl_days: 1.5}]}}": "seed.yaml:2:52: 'ttl_days' must be",
    "organization: acme\nregistries: {m: {visibility: public}}": "seed.yaml:2:30: 'public' is not a visibility",
    "organization: acme\nregistries: {m: {collections: {c: {type: m, aliases: {v3: v1}}}}}": "seed.yaml:2:55: 'v3' belongs to",
    "organization: acme\nregistries: {m: {collections: {c: {type: m, versions: [v1]}}}}": "seed.yaml:2:56: v1 is an index",
    "organization: acme\nregistries: {m: {collections: {c: {type: m, aliases: {a: x}}}}}": "seed.yaml:2:58: 'x' is not a version",
    "organization: acme\norganization: acme": "seed.yaml:2:1: `organization` is written twice",
    "organization: acme\n\tusers: {}": "seed.yaml:2:1: a tab",
    "organization: !!python/object acme": "seed.yaml:1:15: YAML tags",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_seeds_say_where_and_what(text: str) -> None:
    found = problems(text)
    assert any(each.startswith(BAD[text]) for each in found), found


def test_an_api_key_is_never_shown() -> None:
    assert not any("secret" in each for each in problems("organization: acme\nusers: {a: {api_key: secret}}"))


def test_all_problems_at_once() -> None:
    found = problems(
        "organization: 1\nusers: {a: {role: x}}\nteams: {t: 1}\nartifacts: {a: {}}\nregistries: {m: {x: 1}}"
    )
    assert len(found) == 5


def test_users_without_a_key_get_one(store: Store) -> None:
    report = sow(store, "organization: acme\nusers: {zoe: {role: admin}, alice: {}}")
    assert set(report.keys) == {"zoe", "alice"}
    with store.read() as tx:
        assert {identities.authenticate(tx, key).name for key in report.keys.values()} == {"zoe", "alice"}
    assert sow(store, "organization: acme\nusers: {zoe: {role: admin}, alice: {}}").keys == {}


def test_two_seeds_make_two_organizations(store: Store) -> None:
    sow(store, DESIGN)
    sow(store, "organization: other\nteams: {other-ml: []}\nartifacts: {other-ml/p/a: {type: model}}")
    with pytest.raises(DiagnosticsError, match="already exists"):
        sow(store, "organization: third\nteams: {acme-ml: []}")


def test_unreadable_seed_files(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(DiagnosticsError):
            read_seed(path)
