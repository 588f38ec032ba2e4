"""Input that nobody sends by mistake is refused like any other: never a 500, and nothing that is kept breaks a later search."""

from __future__ import annotations

import json

import pytest

from tests.attack.people import KEYS, Server, artifact_id, uploaded

VERSIONS = """query V($filters: JSONString) { organization(name: "acme") { orgEntity {
                artifactMemberships(filters: $filters, first: 5) { edges { node { versionIndex } } } } } }"""
JSON = {"Content-Type": "application/json"}
ENTRY = {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "size": 1}


@pytest.mark.parametrize(
    "manifest",
    [
        '{"contents": {"a": {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "size": Infinity}}}',
        '{"contents": {"a": {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "size": 1e999}}}',
        '{"contents": {"a": {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "size": NaN}}}',
        json.dumps({"contents": {"a": {**ENTRY, "size": 2**70}}}),
        json.dumps({"contents": {str(n): {**ENTRY, "size": 2**52} for n in range(4)}}),
        json.dumps({"contents": {"a": {**ENTRY, "size": -1}}}),
        json.dumps({"contents": {"\ud800": ENTRY}}),
        json.dumps({"contents": {"a": {**ENTRY, "ref": {"a": 1}}}}),
        json.dumps({"contents": {"a": {**ENTRY, "digest": 7}}}),
        json.dumps({"contents": {"a": {**ENTRY, "digest": "é" * 24}}}),
        json.dumps({"contents": {"a": [1]}}),
        json.dumps({"contents": [1]}),
        json.dumps([1]),
        "[" * 100_000,
        '{"contents": {"a": {"digest": "1B2M2Y8AsgTpgAmY7PhCfg==", "size": ' + "9" * 5000 + "}}}",
        b"\xff\xfe",
        b'{"contents": {"\xed\xa0\x80": {}}}',
    ],
    ids=lambda manifest: str(manifest)[:60],
)
def test_a_manifest(server: Server, manifest: str | bytes) -> None:
    raw = manifest.encode() if isinstance(manifest, str) else manifest
    answer = uploaded(server, "bob", "acme-ml", "p", "odd", {}, digest="x", raw_manifest=raw)
    assert answer["status"] == 400, answer


@pytest.mark.parametrize(
    "chunk",
    [
        {"files": {"wandb-summary.json": []}},
        {"files": {"wandb-summary.json": {"content": {"a": 1}}}},
        {"files": {"wandb-summary.json": {"content": 7}}},
        {"files": {"wandb-summary.json": {"content": [7]}}},
        {"files": {"wandb-summary.json": {"content": ["{"]}}},
        {"files": {"wandb-summary.json": {"content": ["\"\\ud800\""]}}},
        {"files": {"wandb-summary.json": {"content": ["[" * 100_000]}}},
        {"files": 7, "complete": [], "exitcode": {}},
        [],
        None,
    ],
    ids=str,
)  # fmt: skip
def test_a_chunk_of_a_runs_stream(server: Server, chunk: object) -> None:
    server.ask(
        "bob", 'mutation { upsertBucket(input: {entityName: "acme-ml", modelName: "p", name: "r"}) { inserted } }'
    )
    answer = server.client.post(
        "/files/acme-ml/p/r/file_stream", content=json.dumps(chunk), headers=JSON, auth=("api", KEYS["bob"])
    )
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    "filters",
    [
        {"$or": [{"version": n} for n in range(1200)]},
        {"$and": [{"alias": str(n)} for n in range(1200)]},
        {"$nor": [{"metadata.n": n} for n in range(1200)]},
        {"version": "²"},
        {"version": "9" * 30},
        {"metadata.a\0b": 1},
        {"metadata..": 1},
        {"metadata.": 1},
        {"metadata.[0]": 1},
        {"metadata.$": {"$gt": 1}},
        {"tags": {"$size": 2**70}},
        {"tags": {"$size": True}},
        {"created_at": "0001-01-01T00:00:00+23:59"},
        {"created_at": "T"},
        {"size": {"$in": [2**70]}},
        {"size": {"$in": [float("inf")]}},
        {"alias": {"$regex": "("}},
        {"alias": {"$regex": "(?=a)"}},
        {"alias": {"$regex": "((a{100}){100}){100}"}},
        {"alias": {"$regex": "\0"}},
        {"name": {"$regex": "a"}},
    ],
    ids=lambda filters: str(filters)[:60],
)
def test_a_filter(server: Server, filters: object) -> None:
    server.ask("alice", VERSIONS, filters=json.dumps(filters))


@pytest.mark.parametrize(
    "metadata", ['{"loss": NaN}', '{"loss": -Infinity}', '{"loss": 1e999}', '{"a": ' * 900 + "1" + "}" * 900]
)
def test_metadata_that_is_no_json_does_not_break_every_search(server: Server, metadata: str) -> None:
    edit = """mutation E($id: ID!, $metadata: JSONString) {
                updateArtifact(input: {artifactID: $id, metadata: $metadata}) { artifact { metadata } } }"""
    answer = server.ask("alice", edit, id=artifact_id(server.version()), metadata=metadata)
    if "errors" not in answer:
        json.loads(answer["data"]["updateArtifact"]["artifact"]["metadata"], parse_constant=pytest.fail)
    found = server.ask("alice", VERSIONS, filters='{"metadata.n": {"$gt": 0}}')
    assert "errors" not in found, found
