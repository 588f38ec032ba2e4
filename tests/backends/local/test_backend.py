"""The backend `local`: what it reads, what it resolves, and that actions do on a file what they do on the model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.backends.base import BackendError, Status
from regsync.backends.local.reading import LocalReader
from regsync.backends.local.writing import LocalWriter
from regsync.core import actions as a
from regsync.core.fingerprint import collection_fingerprint, registry_fingerprint
from regsync.core.live import LiveRegistry, RegistryScope, Unresolved, Version
from regsync.core.model import IllegalActionError, Model
from regsync.core.standing import Is, standing
from regsync.local.store import artifacts, collections, ids, members, projects, registries, uses
from regsync.local.store.projects import upsert_run
from regsync.names import ArtifactId, Role, SourceRef, Visibility
from tests.budget import share
from tests.local.processes import begun
from tests.local.world import World, make_world

ALL = RegistryScope(None, members=True)


def version(world: World, number: int, name: str = "detector") -> Version:
    found = world.version(f"acme-ml/fraud/{name}:v{number}")
    return Version(ids.encode(ids.Kind.ARTIFACT, found.id), str(found), found.digest, found.type)


@pytest.fixture
def reader(world: World) -> Iterator[LocalReader]:
    with LocalReader(world.store.path, "acme") as opened:
        yield opened


@pytest.fixture
def writer(world: World) -> Iterator[LocalWriter]:
    with LocalWriter(world.store.path, "acme", timeout=0.3) as opened:
        yield opened


# Reading -------------------------------------------------------------------------------------------------------------


def test_the_destination_is_this_file_and_no_other(world: World, reader: LocalReader, tmp_path: Path) -> None:
    here = reader.destination()
    assert (here.backend, here.url, here.organization, here.entity, here.user) == (
        "local",
        f"local:{world.store.path}",
        "acme",
        "acme-org",
        "alice",
    )
    other = make_world(tmp_path / "other.db")
    with LocalReader(other.store.path, "acme") as there:
        assert there.destination().instance != here.instance
    other.store.close()


def test_which_organization(world: World) -> None:
    with LocalReader(world.store.path) as reader, pytest.raises(BackendError, match="2 organizations: acme, other"):
        reader.destination()
    with (
        LocalReader(world.store.path, "nowhere") as reader,
        pytest.raises(BackendError, match=r"'nowhere'.*known: acme, other"),
    ):
        reader.destination()


def test_observing_everything(world: World, reader: LocalReader) -> None:
    world.registry("model", description="", artifact_types=["model"])
    world.protect("production")
    versions = world.log(count=3)
    for found in versions:
        world.link(found)
    world.set_alias("production", 1)
    world.unlink(versions[2])
    world.write(lambda tx: collections.add_tags(tx, world.collection(tx), ["x", "y"]))
    world.write(lambda tx: collections.create(tx, world.get(tx), "empty", "model", description="nothing"))
    world.write(lambda tx: members.set_member(tx, world.get(tx), "bob", Role.VIEWER))
    live = reader.observe({"model": ALL, "missing": ALL})
    assert set(live.registries) == {"model"}
    assert live.read == (True, 1, 7), "a registry, a member, two collections, two links, an alias"
    model = live.registries["model"]
    assert (model.description, model.visibility, model.artifact_types) == ("", Visibility.ORGANIZATION, {"model"})
    assert (model.protected_aliases, model.members, model.role) == ({"production"}, {"bob": Role.VIEWER}, Role.ADMIN)
    fraud = model.collections["fraud"]
    assert fraud.links == {0: version(world, 0), 1: version(world, 1)}
    assert (fraud.aliases, fraud.latest, fraud.next_index) == ({"production": 1}, 1, 3)
    assert (fraud.tags, fraud.type) == ({"x", "y"}, "model")
    assert (model.collections["empty"].description, model.collections["empty"].links) == ("nothing", {})


def test_observing_only_what_is_asked_for(world: World, reader: LocalReader) -> None:
    world.registry("model")
    world.registry("other")
    for name in ("one", "two", "three", "four", "five"):
        world.link(world.log()[0], collection=name)
    whole = reader.observe({"model": ALL}).registries["model"].collections
    for names in ({"one", "nothing"}, {"one", "three", "five", "nothing"}, set(whole)):
        live = reader.observe({"model": RegistryScope(frozenset(names))})
        assert live.registries["model"].collections == {name: whole[name] for name in whole if name in names}
    assert live.registries["model"].members is None
    assert reader.observe({"model": RegistryScope(frozenset())}).registries["model"].collections == {}
    assert reader.registry_names() == ["model", "other"]


def test_a_dangling_link_is_there(world: World, reader: LocalReader) -> None:
    world.registry("model")
    found = world.log()[0]
    was = version(world, 0)
    world.link(found)
    world.write(lambda tx: artifacts.delete(tx, found, with_aliases=True))
    assert reader.observe({"model": ALL}).registries["model"].collections["fraud"].links == {0: was}


def test_resolving(world: World, reader: LocalReader) -> None:
    versions = world.log(count=3)
    world.log(entity="bob")
    world.log(entity="other-ml")
    world.write(lambda tx: artifacts.delete(tx, versions[1]))
    expected: dict[str, Version | tuple[str | None, ...]] = {
        "acme-ml/fraud/detector:v2": version(world, 2),
        "acme-ml/fraud/detector:latest": version(world, 2),
        "acme-ml/fraud/detector:v1": ("was deleted", "bind to another version", None),
        "acme-ml/fraud/detector:v9": ("does not exist: the artifact has no v9", "the newest version is v2", None),
        "acme-ml/fraud/detector:best": ("does not exist: the artifact has no best", "the newest version is v2", None),
        "acme-ml/fraud/detectr:v0": (
            "does not exist: no artifact 'detectr' in project acme-ml/fraud",
            "did you mean 'detector'?",
            None,
        ),
        "acme-ml/fruad/detector:v0": (
            "does not exist: acme-ml has no project 'fruad'",
            "did you mean 'fraud'?",
            "project acme-ml/fruad",
        ),
        "acme-mi/fraud/detector:v0": (
            "does not exist: there is no team 'acme-mi'",
            "did you mean 'acme-ml'?",
            "team acme-mi",
        ),
    }
    refs = {}
    for text in expected:
        path, _, name = text.partition(":")
        refs[text] = SourceRef(*path.split("/"), name)
    answer = reader.resolve(refs.values())
    assert {
        text: answer[ref] if isinstance(answer[ref], Version) else tuple(answer[ref]) for text, ref in refs.items()
    } == expected
    for entity in ("bob", "other-ml"):
        found = reader.resolve([SourceRef(entity, "fraud", "detector", "v0")])
        [problem] = found.values()
        assert isinstance(problem, Unresolved)
        assert "linking is only allowed within" in problem.reason or "does not exist" in problem.reason


def test_evidence(world: World, reader: LocalReader) -> None:
    used, made = world.log("table", type_="dataset")[0], world.log()[0]

    def act(tx: object) -> None:
        project = projects.get(tx, "acme-ml", "fraud")  # type: ignore[arg-type]
        run, _ = upsert_run(tx, project, "abc123", git_commit="f00")  # type: ignore[arg-type]
        uses.record(tx, run, used)  # type: ignore[arg-type]
        tx.run("UPDATE artifacts SET run_id = ?, ttl_seconds = 90000 WHERE id = ?", run.id, made.id)  # type: ignore[attr-defined]

    world.write(act)
    keys = [ArtifactId(ids.encode(ids.Kind.ARTIFACT, found.id)) for found in (used, made)]
    answer = reader.describe([*keys, ArtifactId(ids.encode(ids.Kind.ARTIFACT, 999))])
    assert set(answer) == set(keys)
    details = answer[keys[1]]
    assert (details.run, details.commit, details.ttl_days) == ("acme-ml/fraud/abc123", "f00", 2)
    assert (details.inputs, details.metadata, details.size) == (("acme-ml/fraud/table:v0",), {}, made.size)
    assert (answer[keys[0]].run, answer[keys[0]].inputs) == (None, None)


def test_a_reader_has_no_way_to_write(world: World, reader: LocalReader) -> None:
    world.registry("model")
    assert not hasattr(reader, "perform")
    before = world.store.path.read_bytes()
    reader.observe({"model": ALL})
    reader.resolve([SourceRef("a", "b", "c", "v0")])
    assert world.store.path.read_bytes() == before


def test_files_that_are_no_registry(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no such registry file") as caught:
        LocalReader(tmp_path / "none.db")
    assert (caught.value.code, caught.value.exit_code) == ("no-registry-file", 1)
    assert "regsync local init" in (caught.value.hint or "")


# Writing -------------------------------------------------------------------------------------------------------------


def test_done_skipped_and_refused_in_one_batch(world: World, writer: LocalWriter) -> None:
    world.registry("model", artifact_types=["model"])
    world.log(count=3)
    for number in (0, 1):
        world.link(world.version(f"acme-ml/fraud/detector:v{number}"))
    world.set_alias("moved", 1)
    v0, v1 = version(world, 0), version(world, 1)
    outcomes = writer.perform(
        [
            a.SetAlias("model", "fraud", "new", None, None, v0, 0),
            a.SetAlias("model", "fraud", "moved", v0, 0, v1, 1),
            a.CreateCollection("model", "tables", "dataset", None),
            a.AddTags("model", "fraud", ("ok",)),
        ]
    )
    assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.SKIPPED, Status.FAILED, Status.DONE]
    assert not any(outcome.stale for outcome in outcomes)
    assert "'dataset' is not accepted" in (outcomes[2].message or "")
    assert world.aliases() == {"latest": 1, "moved": 1, "new": 0}


def test_nothing_of_a_batch_is_done_of_which_one_is_stale(world: World, writer: LocalWriter) -> None:
    world.registry("model", artifact_types=["model"])
    world.log(count=3)
    world.log("table", type_="dataset")
    for number in (0, 1):
        world.link(world.version(f"acme-ml/fraud/detector:v{number}"))
    world.set_alias("moved", 1)
    v0, v1, table = version(world, 0), version(world, 1), version(world, 0, "table")
    outcomes = writer.perform(
        [
            a.SetAlias("model", "fraud", "new", None, None, v0, 0),
            a.SetAlias("model", "fraud", "moved", v0, 0, v1, 1),
            a.SetAlias("model", "fraud", "moved", None, None, v0, 0),
            a.LinkVersion("model", "tables", table, 0),
        ]
    )
    assert [outcome.status for outcome in outcomes] == [
        Status.NOT_ATTEMPTED,
        Status.SKIPPED,
        Status.FAILED,
        Status.FAILED,
    ]
    assert [outcome.stale for outcome in outcomes] == [False, False, True, True]
    assert outcomes[2].message == "model/fraud:moved: it points at v1 (acme-ml/fraud/detector:v1)"
    assert world.aliases() == {"latest": 1, "moved": 1}


def test_links_tell_their_index(world: World, writer: LocalWriter) -> None:
    world.registry("model")
    world.log(count=2)
    world.write(lambda tx: collections.create(tx, world.get(tx), "fraud", "model"))
    link = [a.LinkVersion("model", "fraud", version(world, number), None) for number in (1, 0)]
    assert [outcome.linked_index for outcome in writer.perform(link)] == [0, 1]
    assert [(outcome.status, outcome.linked_index) for outcome in writer.perform(link)] == [
        (Status.SKIPPED, 0),
        (Status.SKIPPED, 1),
    ]


def test_a_file_that_is_locked_fails_the_batch_and_nothing_is_done(world: World, writer: LocalWriter) -> None:
    world.registry("model")
    action = a.CreateCollection("model", "fraud", "model", None)
    with begun("hold", str(world.store.path), "IMMEDIATE"):
        [outcome] = writer.perform([action])
    assert (outcome.status, outcome.fatal) == (Status.FAILED, True)
    assert "another process is using the registry" in (outcome.message or "")
    assert writer.perform([action])[0].status is Status.DONE


# Law: what an action does to the file is what it does to the model ----------------------------------------------------

REGISTRIES = st.sampled_from(["one", "two"])
COLLECTIONS = st.sampled_from(["x", "y"])
ALIASES = st.sampled_from(["production", "staging"])
INDEX = st.integers(0, 3)
TEXT = st.sampled_from([None, "", "text"])
ROLES = st.sampled_from(list(Role))
TYPES = st.sampled_from([None, ("model",), ("dataset", "model")])
TAGS = st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True).map(tuple)


def some_action(draw: st.DataObject, live: dict[str, LiveRegistry], versions: list[Version]) -> a.Action | None:
    """An action that fits what is live, or None where what was drawn does not."""
    kind = draw.draw(st.sampled_from(sorted(a.ACTIONS)))
    name, other = draw.draw(REGISTRIES), draw.draw(REGISTRIES)
    registry = live.get(name)
    if kind == "create-registry":
        types = draw.draw(TYPES)
        return a.CreateRegistry(name, draw.draw(TEXT), draw.draw(st.sampled_from(list(Visibility))), types)
    if kind == "rename-registry":
        return a.RenameRegistry(name, other)
    if registry is None:
        return None
    if kind == "delete-registry":
        held = tuple(sorted(registry.collections))
        return a.DeleteRegistry(name, registry.description, registry.visibility, held, registry_fingerprint(registry))
    if kind == "update-registry":
        return a.UpdateRegistry(name, registry.description, draw.draw(TEXT), registry.visibility, registry.visibility)
    if kind == "allow-artifact-types":
        old = None if registry.artifact_types is None else tuple(sorted(registry.artifact_types))
        return a.AllowArtifactTypes(name, old, draw.draw(TYPES.filter(bool)))
    if kind in {"protect-alias", "unprotect-alias"}:
        return (a.ProtectAlias if kind == "protect-alias" else a.UnprotectAlias)(name, draw.draw(ALIASES))
    member = draw.draw(st.sampled_from(["bob", "vera", "team:acme-ml"]))
    held_role = (registry.members or {}).get(member)
    if kind == "set-member":
        return a.SetMember(name, member, held_role, draw.draw(ROLES))
    if kind == "remove-member":
        return None if held_role is None else a.RemoveMember(name, member, held_role)
    return some_content(draw, kind, registry, versions)


def some_content(draw: st.DataObject, kind: str, registry: LiveRegistry, versions: list[Version]) -> a.Action | None:
    name, each, other = registry.name, draw.draw(COLLECTIONS), draw.draw(COLLECTIONS)
    collection = registry.collections.get(each)
    if kind == "create-collection":
        return a.CreateCollection(name, each, draw.draw(st.sampled_from(["model", "dataset"])), draw.draw(TEXT))
    if kind == "rename-collection":
        return a.RenameCollection(name, each, other)
    if collection is None:
        return None
    if kind == "delete-collection":
        held = tuple(sorted(collection.aliases))
        print_ = collection_fingerprint(collection)
        return a.DeleteCollection(name, each, collection.type, len(collection.links), held, print_)
    if kind == "update-collection":
        return a.UpdateCollection(name, each, collection.description, draw.draw(TEXT))
    if kind in {"add-tags", "remove-tags"}:
        return (a.AddTags if kind == "add-tags" else a.RemoveTags)(name, each, draw.draw(TAGS))
    chosen = draw.draw(st.sampled_from(versions))
    index = collection.index_of(chosen.artifact_id)
    if kind == "link-version":
        return a.LinkVersion(name, each, chosen, draw.draw(st.sampled_from([None, collection.next_index])))
    if kind == "unlink-version":
        return None if index is None else a.UnlinkVersion(name, each, chosen, index)
    alias = draw.draw(ALIASES)
    held_index = collection.aliases.get(alias)
    holder = None if held_index is None else collection.links[held_index]
    if kind == "set-alias":
        return a.SetAlias(name, each, alias, holder, held_index, chosen, index)
    return None if holder is None or held_index is None else a.RemoveAlias(name, each, alias, holder, held_index)


@share(60)
@given(st.data())
def test_the_file_does_what_the_model_does(draw: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="regsync-") as folder:
        world = make_world(Path(folder) / "registry.db")
        world.registry("one")
        world.log(count=3)
        world.log("table", type_="dataset")
        versions = [*(version(world, number) for number in range(3)), version(world, 0, "table")]
        scope = {"one": ALL, "two": ALL}
        with LocalWriter(world.store.path, "acme") as writer:
            for _ in range(draw.draw(st.integers(1, 25))):
                live = writer.observe(scope)
                action = some_action(draw, live.registries, versions)
                if action is None:
                    continue
                model = Model(live, "alice")
                state = standing(action, model.registries).state
                [outcome] = writer.perform([action])
                if outcome.status is Status.DONE:
                    assert state is Is.PENDING
                    model.apply(action)
                    assert outcome.linked_index is None or isinstance(action, a.LinkVersion)
                elif outcome.status is Status.SKIPPED:
                    assert state is Is.DONE
                elif outcome.stale:
                    assert state is Is.MOVED
                else:
                    with pytest.raises(IllegalActionError):
                        Model(live, "alice").apply(action)
                assert writer.observe(scope).registries == model.registries
        world.store.close()


def test_registries_are_made_by_the_first_admin(world: World, writer: LocalWriter) -> None:
    writer.perform([a.CreateRegistry("model", None, Visibility.RESTRICTED, None)])
    assert world.read(lambda tx: members.members(tx, registries.get(tx, world.acme(tx), "model")))[0].member == "alice"
