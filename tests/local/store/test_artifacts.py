"""Logged artifacts: numbers, digests as the real client computes them, contents, deletion."""

from __future__ import annotations

from pathlib import Path

import pytest
import wandb

from regsync.local.store import aliases, artifacts, collections, contents, projects, sequences
from regsync.local.store.artifacts import ManifestEntry, Version
from regsync.local.store.contents import INLINE_LIMIT
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, FileProblem, Forbidden, Invalid, NotFound
from tests.local.world import World


def log(world: World, files: dict[str, bytes], **settings: object) -> tuple[Version, bool]:
    staged = {path: contents.stage_bytes(world.store, content) for path, content in files.items()}

    def act(tx: Transaction) -> tuple[Version, bool]:
        project = projects.ensure(tx, "acme-ml", "fraud")
        return sequences.log(tx, project, "detector", "model", files=staged, **settings)  # type: ignore[arg-type]

    return world.write(act)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.txt": b"hello"},
        {"b/deep/ü.bin": bytes(range(256)), "a.txt": b"", "Z": b"z"},
        {"large.bin": b"0123456789" * 20_000},
    ],
)
def test_digest_and_size_are_those_of_the_real_client(world: World, tmp_path: Path, files: dict[str, bytes]) -> None:
    real = wandb.Artifact("detector", "model")
    for path, content in files.items():
        file = tmp_path / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        real.add_file(str(file), name=path)
    real.finalize()
    version, _ = log(world, files)
    assert (version.digest, version.size, version.file_count) == (real.digest, real.size, len(files))


def test_versions_are_numbered_and_the_newest_is_latest(world: World) -> None:
    made = world.log(count=3)
    assert [str(version) for version in made] == [f"acme-ml/fraud/detector:v{n}" for n in range(3)]
    assert world.version("acme-ml/fraud/detector:latest") == made[2]


def test_the_same_content_is_the_same_version(world: World) -> None:
    first, made = log(world, {"a": b"1"}, metadata={"n": 1})
    assert made
    log(world, {"a": b"2"}, names=["best"])
    again, made = log(world, {"a": b"1"}, names=["best"])
    assert (again.id, made) == (first.id, False)
    held = world.read(lambda tx: aliases.of_collection(tx, collections.by_id(tx, first.sequence_id)))
    assert held == {"latest": 0, "best": 0}
    assert again.metadata == {"n": 1}


@pytest.mark.parametrize("size", [0, 1, INLINE_LIMIT, INLINE_LIMIT + 1, 3_000_000])
def test_contents_come_back_byte_for_byte(world: World, tmp_path: Path, size: int) -> None:
    content = bytes(i % 251 for i in range(size))
    file = tmp_path / "data.bin"
    file.write_bytes(content)
    for staged in (contents.stage_bytes(world.store, content), contents.stage_file(world.store, file)):
        world.write(lambda tx, s=staged: contents.add(tx, s))  # type: ignore[misc]
        assert world.read(lambda tx, s=staged: contents.read(tx, s.key)) == content  # type: ignore[misc]
        assert world.read(lambda tx, s=staged: contents.size(tx, s.key)) == size  # type: ignore[misc]
    beside = [path for path in world.store.files.rglob("*") if path.is_file()]
    assert len(beside) == (1 if size > INLINE_LIMIT else 0), (
        "small ones are in the database, large ones beside it, once"
    )


def test_a_file_that_cannot_be_staged_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="nowhere: No such file"):
        contents.stage_file(world.store, tmp_path / "nowhere")
    with pytest.raises(NotFound):
        world.read(lambda tx: contents.read(tx, "0" * 32))


def test_metadata_has_at_most_100_keys(world: World) -> None:
    log(world, {"a": b"1"}, metadata={str(n): n for n in range(100)})
    with pytest.raises(Invalid, match="101 top-level keys; at most 100"):
        log(world, {"a": b"2"}, metadata={str(n): n for n in range(101)})


def test_a_name_has_one_type(world: World) -> None:
    world.log("detector")
    with pytest.raises(Conflict, match="has type 'model', not 'dataset'"):
        world.log("detector", type_="dataset")


def test_aliases_of_a_source_are_checked_too(world: World) -> None:
    for name in ("v3", "a/b"):
        with pytest.raises(Invalid):
            log(world, {"a": b"1"}, names=[name])
    version, _ = log(world, {"a": b"1"}, names=["best", "latest"])
    sequence = world.read(lambda tx: collections.by_id(tx, version.sequence_id))
    assert world.read(lambda tx: aliases.of_collection(tx, sequence)) == {"best": 0, "latest": 0}


def test_description_metadata_and_tags_are_shared_by_the_source_and_its_links(world: World) -> None:
    version = world.log()[0]
    world.registry("model")
    link = world.link(version)

    def edit(tx: Transaction) -> None:
        linked = artifacts.by_id(tx, link.artifact_id)
        artifacts.set_description(tx, linked, "")
        artifacts.set_metadata(tx, linked, {"accuracy": 0.9})
        artifacts.change_tags(tx, linked, add=["good", "new"])
        artifacts.change_tags(tx, linked, add=["x"], remove=["new"])

    world.write(edit, by="bob")
    source = world.version("acme-ml/fraud/detector:v0")
    assert (source.description, source.metadata) == ("", {"accuracy": 0.9})
    assert world.read(lambda tx: artifacts.tags(tx, source)) == ["good", "x"]
    with pytest.raises(Forbidden):
        world.write(lambda tx: tx.run("UPDATE team_members SET role = 'viewer'"))
        world.write(lambda tx: artifacts.set_description(tx, source, "no"), by="vera")


def test_only_members_of_the_team_log(world: World) -> None:
    for name, error in (("mallory", NotFound), ("alice", None), ("bob", None)):
        act = lambda tx: projects.ensure(tx, "acme-ml", "fraud")  # noqa: E731
        if error is None:
            world.write(act, by=name)
        else:
            with pytest.raises(error):
                world.write(act, by=name)
    world.write(lambda tx: tx.run("UPDATE team_members SET role = 'viewer'"))
    with pytest.raises(Forbidden, match="a viewer cannot log"):
        world.write(lambda tx: projects.ensure(tx, "acme-ml", "fraud"), by="bob")


def test_projects_and_registries_are_kept_apart(world: World) -> None:
    with pytest.raises(Invalid, match="holds registries, not projects"):
        world.write(lambda tx: projects.ensure(tx, "acme-org", "fraud"))
    with pytest.raises(Invalid, match="are for registries"):
        world.write(lambda tx: projects.ensure(tx, "acme-ml", "wandb-registry-model"))


def test_deleting_a_version(world: World) -> None:
    versions = world.log(count=2)
    with pytest.raises(Conflict, match=r"has aliases \(latest\)"):
        world.write(lambda tx: artifacts.delete(tx, versions[1]))
    world.write(lambda tx: artifacts.delete(tx, versions[1], with_aliases=True))
    assert world.version("acme-ml/fraud/detector:latest") == versions[0]
    with pytest.raises(NotFound):
        world.version("acme-ml/fraud/detector:v1")
    assert str(world.log()[0]) == "acme-ml/fraud/detector:v2", "numbers are not used again"


def test_deleting_a_sequence_frees_its_name(world: World) -> None:
    world.log(count=2)
    world.write(
        lambda tx: sequences.delete_sequence(tx, collections.get(tx, projects.get(tx, "acme-ml", "fraud"), "detector"))
    )
    assert str(world.log()[0]) == "acme-ml/fraud/detector:v0"


def test_uploading_in_steps(world: World) -> None:
    """What a server does: begin, say which files there are, add their contents, commit."""
    data = b"x" * 10
    staged = contents.stage_bytes(world.store, data)
    entries = [sequences.file_entry("a", staged), ManifestEntry("ref", "etag", 5, ref="s3://bucket/key")]

    def begin(tx: Transaction) -> Version:
        sequence = sequences.ensure(tx, projects.ensure(tx, "acme-ml", "fraud"), "steps", "model", client_id="c1")
        made, new = sequences.begin(tx, sequence, sequences.digest_of(entries), names=["best"], client_id="c2")
        assert new
        sequences.set_entries(tx, made, entries)
        return made

    pending = world.write(begin)
    assert (pending.index, pending.state, str(pending)) == (None, "PENDING", "acme-ml/fraud/steps:pending")
    with pytest.raises(Conflict, match="content of 'a' has not been uploaded"):
        world.write(lambda tx: sequences.commit(tx, pending))
    world.write(lambda tx: contents.give(tx, pending.project_id, staged))
    done = world.write(lambda tx: sequences.commit(tx, pending))
    assert (str(done), done.size, done.file_count) == ("acme-ml/fraud/steps:v0", 15, 2)
    assert world.write(lambda tx: sequences.commit(tx, done)) == done
    assert world.version("acme-ml/fraud/steps:best") == done
    assert world.read(lambda tx: artifacts.by_client_id(tx, "c2")) == done
    assert world.read(lambda tx: sequences.by_client_id(tx, "c1")).name == "steps"
    with pytest.raises(Conflict, match="its files cannot change"):
        world.write(lambda tx: sequences.set_entries(tx, done, []))


def test_a_pending_version_cannot_be_linked(world: World) -> None:
    world.registry("model")

    def begin(tx: Transaction) -> Version:
        sequence = sequences.ensure(tx, projects.ensure(tx, "acme-ml", "fraud"), "steps", "model")
        return sequences.begin(tx, sequence, "0" * 32)[0]

    with pytest.raises(Conflict, match="still being uploaded"):
        world.link(world.write(begin))
