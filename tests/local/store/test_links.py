"""Links, their indices, and `latest`."""

from __future__ import annotations

import pytest

from regsync.local.store import aliases, artifacts, collections, links, registries
from regsync.local.store.errors import Conflict, Invalid, NotFound
from regsync.names import SourceRef
from tests.local.world import World


@pytest.fixture(autouse=True)
def registry(world: World) -> None:
    world.registry("model")


def test_indices_follow_the_order_of_linking_not_the_source_numbers(world: World) -> None:
    versions = world.log(count=3)
    assert [world.link(versions[number]).index for number in (2, 0, 1)] == [0, 1, 2]
    assert world.aliases() == {"latest": 2}


def test_linking_an_older_version_makes_it_latest(world: World) -> None:
    older, newer = world.log(count=2)
    world.link(newer)
    world.link(older)
    held = world.read(lambda tx: links.get(tx, world.collection(tx), "latest"))
    assert held.artifact_id == older.id


def test_a_link_makes_the_collection_with_the_type_of_the_artifact(world: World) -> None:
    world.link(world.log()[0])
    assert world.read(world.collection).type == "model"
    with pytest.raises(Invalid, match="has type 'dataset'; collection model/fraud holds 'model'"):
        world.link(world.log("table", type_="dataset")[0])


def test_linking_again_returns_the_link_and_sets_the_aliases(world: World) -> None:
    first, second = world.log(count=2)
    one = world.link(first, ["staging"])
    world.link(second)
    again = world.link(first, ["canary"])
    assert again == one
    assert world.aliases() == {"latest": 1, "staging": 0, "canary": 0}, "and latest stays with the newest link"


def test_latest_among_the_aliases_of_a_link_is_what_it_gets_anyway(world: World) -> None:
    first, second = world.log(count=2)
    world.link(first, ["latest", "best"])
    world.link(second, ["latest"])
    assert world.aliases() == {"latest": 1, "best": 0}


def test_indices_are_never_used_again(world: World) -> None:
    versions = world.log(count=3)
    for version in versions:
        world.link(version)
    world.unlink(versions[2])
    world.unlink(versions[1])
    assert world.link(versions[2]).index == 3
    assert world.indices() == [0, 3]


def test_after_its_holder_is_unlinked_latest_goes_to_the_highest_index_left(world: World) -> None:
    versions = world.log(count=3)
    for version in versions:
        world.link(version)
    world.unlink(versions[1])
    assert world.aliases() == {"latest": 2}
    world.unlink(versions[2])
    assert world.aliases() == {"latest": 0}
    world.unlink(versions[0])
    assert world.aliases() == {}
    assert world.link(versions[0]).index == 3


def test_unlinking_takes_the_aliases_along_and_leaves_the_source(world: World) -> None:
    version = world.log()[0]
    world.link(version, ["staging"])
    world.unlink(version)
    assert world.aliases() == {}
    assert world.version("acme-ml/fraud/detector:latest") == version
    with pytest.raises(NotFound):
        world.unlink(version)


def test_a_personal_artifact_cannot_be_linked(world: World) -> None:
    personal = world.log(entity="bob")[0]
    with pytest.raises(Invalid) as caught:
        world.link(personal)
    assert str(caught.value) == (
        "linking is only allowed within the same team or to a collection in your organization's registry"
    )
    assert "'bob' is not one" in (caught.value.hint or "")


def test_nor_one_of_another_organization(world: World) -> None:
    foreign = world.log(entity="other-ml")[0]
    with pytest.raises(Invalid, match="linking is only allowed within the same team"):
        world.link(foreign)


def test_linking_a_link_links_its_source(world: World) -> None:
    version = world.log()[0]
    link = world.link(version)
    found = world.read(lambda tx: artifacts.by_id(tx, links.get(tx, world.collection(tx), "v0").artifact_id))
    assert world.link(found, collection="second").artifact_id == link.artifact_id == version.id


def test_linking_turns_the_time_to_live_off_for_good(world: World) -> None:
    version = world.log()[0]
    world.write(lambda tx: artifacts.set_ttl(tx, version, 3600))
    version = world.version("acme-ml/fraud/detector:v0")
    world.link(version)
    assert world.version("acme-ml/fraud/detector:v0").ttl_seconds == 0
    world.unlink(version)
    assert world.version("acme-ml/fraud/detector:v0").ttl_seconds == 0


def test_a_deleted_source_leaves_a_dangling_link(world: World) -> None:
    version = world.log()[0]
    world.link(version, ["staging"])
    world.write(lambda tx: artifacts.delete(tx, version, with_aliases=True))
    assert world.aliases() == {"latest": 0, "staging": 0}
    left = world.read(lambda tx: artifacts.by_id(tx, version.id))
    assert left.state == artifacts.DELETED
    with pytest.raises(NotFound):
        world.version("acme-ml/fraud/detector:v0")
    with pytest.raises(Conflict, match="was deleted"):
        world.link(left, collection="second")


def test_nobody_deletes_a_source_under_a_protected_alias(world: World) -> None:
    version = world.log()[0]
    world.protect("production")
    world.link(version, ["production"])
    for who in (None, "alice", "bob"):
        with pytest.raises(Conflict, match="linked under the protected alias model/fraud:production"):
            world.write(lambda tx: artifacts.delete(tx, version, with_aliases=True), by=who)
    world.remove_alias("production", by="alice")
    world.write(lambda tx: artifacts.delete(tx, version, with_aliases=True), by="bob")


def test_a_link_that_is_refused_changes_nothing(world: World) -> None:
    version = world.log()[0]
    for names in (["a/b"], ["v3"], ["ok", "x" * 129]):
        with pytest.raises(Invalid):
            world.link(version, names)
    assert world.read(lambda tx: collections.within(tx, world.get(tx))) == []


def test_who_cannot_read_the_source_can_still_see_and_bind_its_links(world: World) -> None:
    version = world.log()[0]
    world.link(version)
    world.write(lambda tx: tx.run("DELETE FROM team_members WHERE user_id = ?", world.actors["bob"].user_id))
    world.set_alias("canary", 0, by="bob")
    seen = world.read(lambda tx: artifacts.by_id(tx, version.id), by="bob")
    assert not world.read(lambda tx: artifacts.source_is_visible(tx, seen), by="bob")
    with pytest.raises(NotFound, match="missing, or not visible"):
        world.read(lambda tx: artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "detector", "v0")), by="bob")


def test_empty_collections(world: World) -> None:
    made = world.write(lambda tx: collections.create(tx, world.get(tx), "empty", "model", description=""))
    assert (made.type, made.description, made.next_index) == ("model", "", 0)
    assert world.aliases("empty") == {}
    with pytest.raises(NotFound, match="model/empty:latest"):
        world.read(lambda tx: links.get(tx, world.collection(tx, "empty"), "latest"))


def test_renaming_a_collection_keeps_its_links(world: World) -> None:
    world.link(world.log()[0], ["staging"])
    before = world.read(world.collection)
    world.write(lambda tx: collections.rename(tx, world.collection(tx), "scam"))
    after = world.read(lambda tx: world.collection(tx, "scam"))
    assert (after.id, after.address) == (before.id, "model/scam")
    assert world.aliases("scam") == {"latest": 0, "staging": 0}


def test_deleting_a_collection_under_a_name_and_making_it_anew_starts_at_v0(world: World) -> None:
    version = world.log()[0]
    first = world.link(version)
    world.write(lambda tx: collections.delete(tx, world.get(tx), world.collection(tx)))
    second = world.link(version)
    assert second.index == 0
    assert second.collection_id > first.collection_id, "keys are not used again"


def test_tags_of_a_collection(world: World) -> None:
    world.link(world.log()[0])
    tags = lambda: world.read(lambda tx: collections.tags(tx, world.collection(tx)))  # noqa: E731
    world.write(lambda tx: collections.add_tags(tx, world.collection(tx), ["b", "a", "b", "two words"]))
    assert tags() == ["a", "b", "two words"]
    world.write(lambda tx: collections.remove_tags(tx, world.collection(tx), ["b", "never there"]))
    assert tags() == ["a", "two words"]
    with pytest.raises(Invalid, match="21 tags at once; at most 20"):
        world.write(lambda tx: collections.add_tags(tx, world.collection(tx), [f"t{n}" for n in range(21)]))
    with pytest.raises(Invalid, match="tag 'a:b'"):
        world.write(lambda tx: collections.add_tags(tx, world.collection(tx), ["a:b"]))


@pytest.mark.parametrize("name", ["a/b", "a:b", "", "x" * 129])
def test_illegal_collection_names(world: World, name: str) -> None:
    with pytest.raises(Invalid, match="collection name"):
        world.write(lambda tx: collections.create(tx, world.get(tx), name, "model"))


def test_a_sequence_is_not_a_collection_of_links(world: World) -> None:
    version = world.log()[0]
    sequence = world.read(lambda tx: collections.by_id(tx, version.sequence_id))
    with pytest.raises(Conflict, match="not a collection of links"):
        world.write(lambda tx: links.unlink(tx, world.get(tx), sequence, version))


def test_aliases_are_per_collection(world: World) -> None:
    version = world.log()[0]
    world.link(version, ["staging"], collection="one")
    world.link(version, ["canary"], collection="two")
    assert (world.aliases("one"), world.aliases("two")) == ({"latest": 0, "staging": 0}, {"latest": 0, "canary": 0})
    source = world.read(lambda tx: aliases.of_collection(tx, collections.by_id(tx, version.sequence_id)))
    assert source == {"latest": 0}


def test_the_registry_of_one_organization_is_not_that_of_another(world: World) -> None:
    with pytest.raises(NotFound):
        world.read(world.get, by="mallory")
    assert world.read(lambda tx: registries.visible(tx, world.acme(tx)))[0].name == "model"
