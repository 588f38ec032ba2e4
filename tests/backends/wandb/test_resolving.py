"""Which version a reference means, and what is known of it: the same as the file itself says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regsync.backends.local.reading import LocalReader
from regsync.core.live import RegistryScope, Unresolved, Version
from regsync.local.store import accounts
from regsync.local.store.database import open_store
from regsync.names import ArtifactId, Role, SourceRef, parse_version_ref
from tests.backends.wandb.script import SEED
from tests.backends.wandb.worlds import KEYS, Work, served, write_world

SOURCE_SEED = {
    **SEED,
    "artifacts": {
        **SEED["artifacts"],
        "acme-ml/fraud/rows": {
            "type": "dataset",
            "versions": [
                {"metadata": {"rows": 10, "nested": {"a": [1, None, "é"]}}, "files": {"data.csv": "a,b\n1,2\n"}},
                {"metadata": {}, "aliases": ["best"]},
            ],
        },
    },
}


def ref(text: str) -> SourceRef:
    found = parse_version_ref(text)
    assert isinstance(found, SourceRef)
    return found


@pytest.fixture(scope="module")
def served_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    file = write_world(tmp_path_factory.mktemp("resolving") / "registry.db", SOURCE_SEED)
    store = open_store(file)
    with store.write() as tx:
        globex = accounts.add_organization(tx, "globex")
        accounts.add_team(tx, globex, "globex-ml")
        accounts.set_organization_member(tx, globex, accounts.user(tx, "alice"), Role.MEMBER)
    store.close()
    with served(file) as url:
        yield file, url


@pytest.fixture
def work(served_file: tuple[Path, str], tmp_path: Path) -> Work:
    return Work(tmp_path, served_file[1])


SAME = [
    "acme-ml/fraud/detector:v0",
    "acme-ml/fraud/detector:v5",
    "acme-ml/fraud/detector:latest",
    "acme-ml/fraud/rows:best",
]


def test_versions_and_aliases_mean_the_same_as_on_the_file(work: Work, served_file: tuple[Path, str]) -> None:
    refs = [ref(text) for text in SAME]
    with work.reader() as reader, LocalReader(served_file[0], "acme") as local:
        found, expected = reader.resolve(refs), local.resolve(refs)
        ids = [ArtifactId(version.artifact_id) for version in expected.values() if isinstance(version, Version)]
        assert reader.describe(ids) == local.describe(ids)
    assert found == expected and all(isinstance(version, Version) for version in found.values())


@pytest.mark.parametrize("entity", ["acme", "acme-org"])
def test_a_version_of_a_registry_means_its_source(work: Work, entity: str) -> None:
    linked, aliased, source = _three(work, entity)
    assert linked == source and isinstance(aliased, Version) and aliased.source == "acme-ml/fraud/detector:v0"


@pytest.mark.parametrize("entity", ["acme", "acme-org"])
@pytest.mark.parametrize("version", ["v0", "v1", "latest", "production", "nothing", "v9"])
def test_and_so_it_does_on_the_file(work: Work, served_file: tuple[Path, str], entity: str, version: str) -> None:
    one = ref(f"{entity}/wandb-registry-model/detector:{version}")
    with work.reader() as reader, LocalReader(served_file[0], "acme") as local:
        assert local.resolve([one]) == reader.resolve([one]) or version in {"nothing", "v9"}
        if version in {"nothing", "v9"}:
            assert f"there is no detector:{version}" in str(local.resolve([one])[one])


def _three(work: Work, entity: str) -> tuple[Version | Unresolved, Version | Unresolved, Version | Unresolved]:
    texts = (
        f"{entity}/wandb-registry-model/detector:v1",
        f"{entity}/wandb-registry-model/detector:production",
        "acme-ml/fraud/detector:v1",
    )
    with work.reader() as reader:
        found = reader.resolve([ref(text) for text in texts])
    first, second, third = (found[ref(text)] for text in texts)
    return first, second, third


UNRESOLVED = [
    ("alice/fraud/detector:v0", "cannot be linked: linking is only allowed within", "'alice' is a personal entity"),
    ("globex-ml/fraud/x:v0", "cannot be linked: linking is only allowed within", "organization 'globex'"),
    ("nobody/fraud/detector:v0", "there is no team 'nobody', or it is not visible", "TEAM/project"),
    ("acme-ml/frad/detector:v0", "acme-ml has no project 'frad', or it is not visible", "check the name"),
    ("acme-ml/fraud/detektor:v0", "there is no detektor:v0 in project acme-ml/fraud", "check the name"),
    ("acme-ml/fraud/detector:v99", "there is no detector:v99 in project acme-ml/fraud", "check the name"),
    ("acme/wandb-registry-model/detector:nothing", "there is no detector:nothing", "check the name"),
    ("acme/wandb-registry-other/detector:v0", "has no project 'wandb-registry-other'", "check the name"),
]


@pytest.mark.parametrize(("text", "reason", "hint"), UNRESOLVED, ids=[text for text, _, _ in UNRESOLVED])
def test_what_cannot_be_linked_says_why(work: Work, text: str, reason: str, hint: str) -> None:
    with work.reader() as reader:
        found = reader.resolve([ref(text)])[ref(text)]
    assert isinstance(found, Unresolved)
    assert reason in found.reason and hint in (found.hint or "")


def test_a_source_that_the_key_may_not_see(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """carol is in no team: the link is visible to her, its source is not; and she may still look at the link."""
    monkeypatch.setenv("WANDB_API_KEY", KEYS["carol"])
    with work.reader() as reader:
        found = reader.resolve([ref("acme-ml/fraud/detector:v0")])[ref("acme-ml/fraud/detector:v0")]
        links = reader.observe({"model": RegistryScope(None)}).registries["model"].collections["detector"].links
    assert isinstance(found, Unresolved) and "not visible to this key" in found.reason
    assert links[0].artifact_id and links[0].digest and links[0].source == ""


def test_nothing_to_ask_asks_nothing(work: Work) -> None:
    with work.reader() as reader:
        assert reader.resolve([]) == {} and reader.describe([]) == {}
