"""The organization that is attacked, and short forms of what its people and its attackers do over HTTP.

acme: alice (admin), bob (member), the two of them in the team acme-ml; carol (viewer), dan (member), rita (member, and restricted
viewer of the registry `vault`). eve is an admin of another organization, globex. `acme-ml/secret/weights:v0` was logged by bob
and linked into `vault`, which is restricted.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from regsync.local.server.app import create_app
from regsync.local.store import accounts, contents, links, members, projects, registries, sequences
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Store, create_store
from regsync.local.store.digests import entry_digest, manifest_digest
from regsync.local.store.ids import Kind, encode
from regsync.names import Role, Visibility

SECRET = b"the weights that only the team may read"
KEYS = {name: f"{name}0key".ljust(44, "0") for name in ("alice", "bob", "carol", "dan", "rita", "eve")}
Json = dict[str, Any]


@dataclass
class Server:
    """A server over a registry file, spoken to in this process."""

    store: Store
    client: TestClient

    def post(self, user: str, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return self.client.post("/graphql", json=body, auth=("api", KEYS[user]), headers=headers)

    def ask(self, user: str, query: str, **variables: Any) -> Json:
        """The body of the answer, which is never a 500."""
        answer = self.post(user, query, **variables)
        assert answer.status_code < 500, answer.text
        body: Json = answer.json()
        assert not is_defect(body), body
        return body

    def codes(self, user: str, query: str, **variables: Any) -> list[str]:
        """The codes of the errors in the answer."""
        return [error["extensions"]["code"] for error in self.ask(user, query, **variables).get("errors", ())]

    def get(self, url: str) -> httpx.Response:
        return self.client.get(url)

    def version(self, name: str = "weights", entity: str = "acme-ml", project: str = "secret") -> Version:
        with self.store.read() as tx:
            place = projects.get(tx, entity, project)
            found = sequences.find(tx, place, name)
            assert found is not None
            from regsync.local.store import aliases, artifacts

            held = aliases.holder(tx, found, "latest")
            assert held is not None
            return artifacts.by_id(tx, held.artifact_id)

    def registry(self, name: str, visibility: Visibility = Visibility.ORGANIZATION, **roles: Role) -> None:
        with self.store.write() as tx:
            made = registries.create(tx, accounts.organization(tx, "acme"), name, visibility=visibility)
            for user, role in roles.items():
                members.set_member(tx, made, user, role)


def is_defect(body: Json) -> bool:
    """Whether a part of an answer failed as a 500 would, where another part did not."""
    return bool({"INTERNAL_ERROR", "STORAGE_ERROR"} & {error["extensions"]["code"] for error in body.get("errors", ())})


def artifact_id(version: Version) -> str:
    return encode(Kind.ARTIFACT, version.id)


def uploaded(
    server: Server, user: str, entity: str, project: str, name: str, files: Mapping[str, bytes], **more: Any
) -> Json:
    """Log an artifact as the client does: create, say which files, upload, commit; the last answer.

    `manifest=` and `digest=` in `more` replace what the files would give; `sent=` replaces what is uploaded.
    """
    entries = {path: entry_digest(md5(data).hexdigest()) for path, data in files.items()}
    manifest = more.get("manifest") or {
        "version": 1,
        "contents": {path: {"digest": entries[path], "size": len(data)} for path, data in files.items()},
    }
    claimed = [(path, entry["digest"]) for path, entry in manifest["contents"].items()]
    created = server.ask(
        user,
        """mutation C($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id state } } }""",
        input={
            "entityName": entity, "projectName": project, "artifactCollectionName": name, "artifactTypeName": "model",
            "digest": more.get("digest") or manifest_digest(claimed), "clientID": more.get("client_id"),
        },
    )  # fmt: skip
    if created.get("errors"):
        return created
    artifact = created["data"]["createArtifact"]["artifact"]["id"]
    sent: Mapping[str, bytes] = more.get("sent", files)
    if sent:
        asked = server.ask(
            user,
            """mutation F($files: [CreateArtifactFileSpecInput!]!) { createArtifactFiles(input: {artifactFiles: $files})
                 { files { edges { node { name uploadUrl } } } } }""",
            files=[{"artifactID": artifact, "name": path, "md5": entries.get(path, "")} for path in sent],
        )
        for edge in asked["data"]["createArtifactFiles"]["files"]["edges"]:
            put = server.client.put(edge["node"]["uploadUrl"], content=sent[edge["node"]["name"]])
            if put.status_code != 200:
                return {"errors": put.json()["errors"]}
    made = server.ask(
        user,
        """mutation M($id: ID!, $digest: String!) {
             createArtifactManifest(input: {artifactID: $id, digest: $digest, name: "wandb_manifest.json", entityName: "x",
               projectName: "x", runName: "x", type: FULL}) { artifactManifest { file { uploadUrl } } } }""",
        id=artifact,
        digest="x",
    )
    url = made["data"]["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    put = server.client.put(url, content=more.get("raw_manifest") or json.dumps(manifest).encode())
    if put.status_code != 200:
        return {"status": put.status_code, **put.json()}
    return server.ask(
        user, "mutation K($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id state } } }", id=artifact
    )


def basic(user: str) -> str:
    return "Basic " + b64encode(f"api:{KEYS[user]}".encode()).decode()


def make_world(store: Store) -> None:
    """Write the organization into an empty registry file."""
    with store.write() as tx:
        acme, globex = accounts.add_organization(tx, "acme"), accounts.add_organization(tx, "globex")
        users = {name: accounts.add_user(tx, name, key)[0] for name, key in KEYS.items()}
        for name, role in {
            "alice": Role.ADMIN,
            "bob": Role.MEMBER,
            "carol": Role.VIEWER,
            "dan": Role.MEMBER,
            "rita": Role.MEMBER,
        }.items():
            accounts.set_organization_member(tx, acme, users[name], role)
        accounts.set_organization_member(tx, globex, users["eve"], Role.ADMIN)
        team = accounts.add_team(tx, acme, "acme-ml")
        accounts.set_team_member(tx, team, users["alice"], Role.ADMIN)
        accounts.set_team_member(tx, team, users["bob"], Role.MEMBER)
        for name in ("dan", "rita"):
            own = accounts.add_team(tx, acme, f"{name}-team")
            accounts.set_team_member(tx, own, users[name], Role.ADMIN)
        accounts.set_team_member(tx, accounts.add_team(tx, globex, "globex-ml"), users["eve"], Role.ADMIN)
        vault = registries.create(tx, acme, "vault", visibility=Visibility.RESTRICTED)
        members.set_member(tx, vault, "rita", Role.RESTRICTED_VIEWER)
        members.set_member(tx, vault, "dan", Role.VIEWER)
        secret = contents.stage_bytes(store, SECRET)
        version, _ = sequences.log(
            tx, projects.ensure(tx, "acme-ml", "secret"), "weights", "model", files={"weights.bin": secret}
        )
        links.link(tx, vault, "weights", version, ["production"])


@contextmanager
def make_server(path: Path) -> Iterator[Server]:
    """The server over a file of its own."""
    store, _ = create_store(path)
    make_world(store)
    with TestClient(create_app(store), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield Server(store, client)
    store.close()
