"""Who reads the files of a version: those who may where it was logged, and those of a registry that links it, at the linker's right."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from regsync.local.store.digests import entry_digest
from regsync.names import Role
from tests.attack.people import SECRET, Server, artifact_id, uploaded

LINK = """mutation L($id: ID!, $registry: String!) { linkArtifact(input: {artifactID: $id, entityName: "acme-org",
            projectName: $registry, artifactPortfolioName: "mine"}) { versionIndex } }"""
FILES = "query F($id: ID!) { artifact(id: $id) { files { edges { node { name directUrl } } } } }"
MANIFEST = "query F($id: ID!) { artifact(id: $id) { currentManifest { file { directUrl } } } }"
EDIT = (
    'mutation E($id: ID!) { updateArtifact(input: {artifactID: $id, metadata: "{\\"mine\\": 1}"}) { artifact { id } } }'
)


def test_a_restricted_viewer_does_not_read_by_linking_into_a_registry_of_her_own(server: Server) -> None:
    version = server.version()
    server.registry("ritas", rita=Role.ADMIN)
    assert server.codes("rita", FILES, id=artifact_id(version)) == ["PERMISSION_ERROR"]
    assert server.codes("rita", LINK, id=artifact_id(version), registry="wandb-registry-ritas") == ["PERMISSION_ERROR"]
    assert server.codes("rita", FILES, id=artifact_id(version)) == ["PERMISSION_ERROR"]


def test_nor_does_the_manifest_tell_her_the_digests(server: Server) -> None:
    version = server.version()
    answer = server.ask("rita", MANIFEST, id=artifact_id(version))
    assert answer["errors"][0]["extensions"]["code"] == "PERMISSION_ERROR"
    assert hashlib.md5(SECRET).hexdigest() not in str(answer)


def test_a_viewer_who_links_lends_no_more_than_a_viewer_has(server: Server) -> None:
    version = server.version()
    server.registry("dans", dan=Role.ADMIN)
    assert server.codes("dan", LINK, id=artifact_id(version), registry="wandb-registry-dans") == []
    assert server.codes("dan", FILES, id=artifact_id(version)) == [], "a viewer reads files, here and there"
    assert server.codes("dan", EDIT, id=artifact_id(version)) == ["PERMISSION_ERROR"]
    assert server.codes("bob", EDIT, id=artifact_id(version)) == []


def test_knowing_an_md5_opens_nothing(server: Server) -> None:
    """A manifest that names content which was never uploaded to its project."""
    digest = entry_digest(hashlib.md5(SECRET).hexdigest())
    manifest = {"version": 1, "contents": {"mine.bin": {"digest": digest, "size": len(SECRET)}}}
    answer = uploaded(server, "rita", "rita-team", "p", "stolen", {}, manifest=manifest)
    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
    absent = entry_digest(hashlib.md5(b"nowhere").hexdigest())
    manifest["contents"] = {"mine.bin": {"digest": absent, "size": 7}}
    other = uploaded(server, "rita", "rita-team", "p", "stolen", {}, manifest=manifest)
    assert other["errors"][0]["message"] == answer["errors"][0]["message"], "and it is not told whether it exists"


def test_who_may_read_content_may_name_it_in_a_draft_elsewhere(server: Server) -> None:
    digest = entry_digest(hashlib.md5(SECRET).hexdigest())
    manifest = {"version": 1, "contents": {"mine.bin": {"digest": digest, "size": len(SECRET)}}}
    answer = uploaded(server, "dan", "dan-team", "p", "draft", {}, manifest=manifest)
    assert answer.get("errors") is None
    files = server.ask("dan", FILES, id=answer["data"]["commitArtifact"]["artifact"]["id"])
    assert server.get(files["data"]["artifact"]["files"]["edges"][0]["node"]["directUrl"]).content == SECRET


def test_an_address_lends_nothing_that_its_user_has_lost(server: Server) -> None:
    files = server.ask("dan", FILES, id=artifact_id(server.version()))
    url = files["data"]["artifact"]["files"]["edges"][0]["node"]["directUrl"]
    assert server.get(url).content == SECRET
    with server.store.write() as tx:
        tx.run("DELETE FROM registry_user_members WHERE user_id = (SELECT id FROM users WHERE name = 'dan')")
    assert server.get(url).status_code == 404


@pytest.mark.parametrize("larger", [b"", b"x" * 20_000])
def test_an_upload_with_a_colliding_md5_replaces_nothing(server: Server, larger: bytes) -> None:
    first, second = (each + larger for each in collision())
    assert uploaded(server, "bob", "acme-ml", "p", "good", {"a": first}).get("errors") is None
    answer = uploaded(server, "bob", "acme-ml", "p", "bad", {"a": second, "b": b"other"})
    assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert read_file(server, "bob", "good", "acme-ml") == first


@pytest.mark.parametrize("larger", [b"", b"x" * 20_000])
def test_nor_does_it_lie_in_wait_for_somebody_elses_upload(server: Server, larger: bytes) -> None:
    first, second = (each + larger for each in collision())
    assert uploaded(server, "rita", "rita-team", "p", "evil", {"a": second}).get("errors") is None
    assert uploaded(server, "bob", "acme-ml", "p", "good", {"a": first}).get("errors") is None
    assert read_file(server, "bob", "good", "acme-ml") == first
    assert read_file(server, "rita", "evil", "rita-team") == second


def test_the_digest_of_an_artifact_is_that_of_its_manifest(server: Server) -> None:
    answer = uploaded(server, "bob", "acme-ml", "p", "forged", {"a": b"bad"}, digest=server.version().digest)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def read_file(server: Server, user: str, name: str, entity: str) -> bytes:
    files: Any = server.ask(user, FILES, id=artifact_id(server.version(name, entity, "p")))
    return server.get(files["data"]["artifact"]["files"]["edges"][0]["node"]["directUrl"]).content


def collision() -> tuple[bytes, bytes]:
    """Two blocks of 128 bytes with one MD5, by Wang, Feng, Lai and Yu (2004)."""
    first = bytearray.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
        "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
        "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
    )
    second = bytearray(first)
    for place in (19, 45, 59, 83, 109, 123):
        second[place] ^= 0x80
    assert first != second
    assert hashlib.md5(first).digest() == hashlib.md5(second).digest()
    return bytes(first), bytes(second)
