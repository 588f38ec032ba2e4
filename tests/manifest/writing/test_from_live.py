"""`regsync import`: what it writes, planned at once, changes nothing; and it writes all that a manifest can say."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync import names
from regsync.core.desired import UNSET
from regsync.core.diff import Comparison
from regsync.core.live import Live, LiveCollection, LiveRegistry, ReadProof, Version
from regsync.diagnostics import RegsyncError
from regsync.manifest.editing.layout import formatted
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import Loaded, load_sources
from regsync.manifest.writing.from_live import (
    Content,
    Wanted,
    a_file_a_collection,
    a_file_a_registry,
    file_stems,
    one_text,
)
from tests.budget import share
from tests.manifest.writing.lives import legal, legal_alias, lives

FORMS = [one_text, a_file_a_registry, a_file_a_collection]
DIGEST = "0123456789abcdef0123456789abcdef"


def load_texts(files: dict[str, str]) -> Loaded:
    return load_sources([Source(name, text.encode(), name) for name, text in files.items()])


def everything(live: Live) -> list[Wanted]:
    return [Wanted(name) for name in live.registries]


@share(250)
@given(lives(), st.sampled_from(FORMS), st.booleans())
def test_planning_an_import_at_once_is_empty(live: Live, form: object, digests: bool) -> None:
    files = form(live, everything(live), "acme", Content(digests)).files  # type: ignore[operator]
    if not files:
        return
    desired = load_texts(files).desired
    comparison = Comparison(desired, live)
    assert not comparison.refs_to_resolve()
    findings = comparison.findings({}, actor="alice", manages_protected=True)
    assert not findings.drafts
    assert not findings.manual
    assert not [each for each in findings.diagnostics if each.is_error]
    for name, text in files.items():
        assert formatted(Source(name or "m", text.encode(), "")) == text, "it is in the canonical layout already"


@share(150)
@given(lives())
def test_everything_that_can_be_said_is_there(live: Live) -> None:
    desired = load_texts(one_text(live, everything(live), "acme", Content()).files).desired
    for name, registry in live.registries.items():
        if not legal(name, names.REGISTRY_RULE.problem(name)):
            assert name not in desired.registries
            continue
        block = desired.registries[name]  # type: ignore[index]
        assert block.visibility is registry.visibility
        assert block.description in (registry.description, UNSET)
        protected = {
            each for each in registry.protected_aliases or () if legal(each, names.alias_problem(each), key=False)
        }
        assert set(block.protected_aliases or ()) == protected
        members = {each for each in registry.members or {} if legal(each, names.MEMBER_RULE.problem(each))}
        assert set(block.members or ()) == members
        for each, collection in registry.collections.items():
            if not legal(each, names.COLLECTION_RULE.problem(each)):
                assert each not in (block.collections or {})
                continue
            inner = (block.collections or {})[each]  # type: ignore[index]
            nameable = {i for i, version in collection.links.items() if version.type == collection.type}
            aliases = {alias for alias, i in collection.aliases.items() if legal_alias(alias) and i in nameable}
            assert set(inner.aliases or ()) == aliases
            assert set(inner.tags or ()) == {tag for tag in collection.tags if legal(tag, names.TAG_RULE.problem(tag))}


@share(60)
@given(lives(), st.randoms(use_true_random=False))
def test_equal_live_states_give_equal_bytes(live: Live, random: Random) -> None:
    def shuffled(mapping: dict[str, object]) -> dict[str, object]:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    other = Live({}, live.read)
    for name, registry in shuffled(live.registries).items():  # type: ignore[arg-type]
        copy = replace(registry, members=registry.members and shuffled(registry.members))  # type: ignore[type-var]
        copy.collections = {
            key: replace(each, links=shuffled(each.links), aliases=shuffled(each.aliases))
            for key, each in shuffled(registry.collections).items()
        }
        other.registries[name] = copy
    first = one_text(live, everything(live), "acme", Content())
    assert one_text(other, everything(other), "acme", Content()) == first


def a_live(collection: LiveCollection, **settings: object) -> Live:
    registry = LiveRegistry("model", collections={collection.name: collection}, **settings)  # type: ignore[arg-type]
    return Live({"model": registry}, ReadProof(True, 1, 1))


def test_it_reads_like_a_page() -> None:
    links = {
        0: Version("a", "acme-ml/fraud/detector:v8", DIGEST, "model"),
        3: Version("b", "", "e" * 32, "model"),
        4: Version("c", "acme-ml/fraud/detector:v11", "f" * 32, "model"),
    }
    aliases = {"production": 4, "canary": 3, "yes": 0, "v9": 0, "a/b": 0}
    collection = LiveCollection("fraud", "model", "Card fraud\ntabular", frozenset({"b", "a"}), links, aliases, 4)
    live = a_live(collection, artifact_types=frozenset({"model"}), protected_aliases=frozenset({"production"}))
    imported = one_text(live, everything(live), "acme", Content())
    assert (
        imported.files[""]
        == """\
apiVersion: regsync/v1
organization: acme
registries:
  model:
    visibility: organization
    artifact_types: [model]
    protected_aliases: [production]
    collections:
      fraud:
        # Not linked any more: v1, v2. Linked anew from here, versions get other indices.
        # Linked, and not listed here, because this key cannot see the source: v3.
        type: model
        description: |-
          Card fraud
          tabular
        tags: [a, b]
        versions:
          - acme-ml/fraud/detector:v8
          - acme-ml/fraud/detector:v11
        aliases:
          canary: {version: v3, digest: eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee}
          production: acme-ml/fraud/detector:v11
          "yes": acme-ml/fraud/detector:v8
"""
    )
    assert [str(each) for each in imported.warnings] == [
        "warning: model/fraud: the alias 'a/b' is not a legal alias: it may not contain / : or control characters; it is left "
        "out, so it is not managed [not-imported]\n    hint: a manifest cannot say it; give it another name in the registry, or "
        "leave it unmanaged",
        "warning: model/fraud: the alias 'v9' belongs to the server: latest and v0, v1, … are set by linking, never by hand; it "
        "is left out, so it is not managed [not-imported]\n    hint: a manifest cannot say it; give it another name in the "
        "registry, or leave it unmanaged",
    ]


def test_a_type_that_is_not_accepted_any_more_is_not_declared() -> None:
    live = a_live(LiveCollection("rows", "dataset"), artifact_types=frozenset({"model"}))
    imported = one_text(live, everything(live), "acme", Content())
    assert "rows: {}" in imported.files[""]
    assert "not among the artifact types" in imported.warnings[0].message


def test_too_much_for_one_file_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regsync.manifest.writing.from_live.MAX_FILE_SIZE", 2**16)
    live = a_live(LiveCollection("rows", "dataset", "x" * 2**16))
    with pytest.raises(RegsyncError) as error:
        one_text(live, everything(live), "acme", Content())
    assert "--split collection" in str(error.value.hint)


def test_file_names_are_safe_and_never_alike() -> None:
    wanted = [
        "model",
        "Model",
        "MODEL",
        "..",
        "a b",
        "a-b",
        "Golden Datasets",
        "x" * 300,
        "é" * 113,
        "~",
        ".git",
        "日本",
    ]
    stems = file_stems(wanted, taken=["registry"])
    assert stems["model"] == "model"
    assert stems["Model"] == "Model-2"
    assert stems["Golden Datasets"] == "Golden-Datasets"
    assert stems["日本"] == "日本"
    assert len({stem.casefold() for stem in stems.values()}) == len(wanted)
    assert all(len(stem.encode()) <= 104 and stem[0] not in ".-" and "/" not in stem for stem in stems.values())
    assert file_stems(["registry"], taken=["registry"]) == {"registry": "registry-2"}


def test_no_file_has_the_name_of_a_device_of_windows() -> None:
    """Nor would an ending change that: `aux.models.yaml` is the device as well."""
    assert file_stems(["CON", "con", "aux.models", "LPT1", "com¹", "console", "nullable"]) == {
        "CON": "_CON",
        "con": "_con-2",
        "aux.models": "_aux.models",
        "LPT1": "_LPT1",
        "com¹": "_com¹",
        "console": "console",
        "nullable": "nullable",
    }
