"""The schema, the objects behind it, and the documents that the real client sends, agree."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from pathlib import Path

import graphql
import pytest
import wandb

from regsync.local.server import cost
from regsync.local.server import documents as documents_of_the_server
from regsync.local.server.contract import schema, snake
from regsync.local.server.features import FEATURES
from regsync.local.server.nodes.accounts import EntityNode, OrganizationNode, UserNode
from regsync.local.server.nodes.collections import CollectionNode, HiddenSequence
from regsync.local.server.nodes.files import FileNode, ManifestNode
from regsync.local.server.nodes.labels import AliasNode, TypeNode
from regsync.local.server.nodes.projects import PlainProjectNode, RegistryNode
from regsync.local.server.nodes.queues import AgentNode, ItemNode, QueueNode
from regsync.local.server.nodes.runs import RunNode
from regsync.local.server.nodes.versions import ArtifactNode, MembershipNode
from regsync.local.server.root import Root
from regsync.local.server.showing import NODES

OBJECTS: dict[str, list[type]] = {
    "Query": [Root],
    "Mutation": [Root],
    "User": [UserNode],
    "Organization": [OrganizationNode],
    "Entity": [EntityNode],
    "Project": [RegistryNode, PlainProjectNode],
    "ArtifactType": [TypeNode],
    "ArtifactSequence": [CollectionNode, HiddenSequence],
    "ArtifactPortfolio": [CollectionNode],
    "ArtifactAlias": [AliasNode],
    "ArtifactCollectionMembership": [MembershipNode],
    "Artifact": [ArtifactNode],
    "ArtifactManifest": [ManifestNode],
    "File": [FileNode],
    "Run": [RunNode],
    "RunQueue": [QueueNode],
    "RunQueueItem": [ItemNode],
    "LaunchAgent": [AgentNode],
}
STORE = "regsync.local.store."
CORE_DOCUMENTS = (
    "query ServerFeaturesQuery",
    "query Viewer",
    "query ClientIDMapping",
    "query XXHashDigestsEnabled",
    "query FetchOrgEntityFromEntity",
    "query OrganizationCoreWeaveOrganizationID",
    "query OrgFeatureFlags",
    "query RunResumeStatus",
    "query FetchArtifactDigestAlgorithm",
    "query ArtifactManifest",
    "query ArtifactFileURLsByManifestEntries",
    "mutation UpsertBucket",
    "mutation CreateRunFiles",
    "mutation MarkRunFilesUploaded",
    "mutation CreateArtifact",
    "mutation CreateArtifactManifest",
    "mutation UpdateArtifactManifest",
    "mutation CreateArtifactFiles",
    "mutation CommitArtifact",
    "mutation UseArtifact",
    "mutation UpdateArtifact",
    "mutation LinkArtifact",
)
"""What `wandb-core`, the client's other half, sends for what this server does; they stand as text in the program."""


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_has_an_attribute_that_takes_its_arguments(name: str) -> None:
    kind = schema().type_map[name]
    assert isinstance(kind, graphql.GraphQLObjectType)
    for owner in OBJECTS[name]:
        for field_name, field in kind.fields.items():
            attribute = getattr(owner, snake(field_name), None)
            known = snake(field_name) in getattr(owner, "__dataclass_fields__", {})
            assert known or hasattr(owner, snake(field_name)), f"{owner.__name__} has no {snake(field_name)}"
            if field.args:
                taken = inspect.signature(attribute).parameters
                any_name = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values())
                assert any_name or {snake(argument) for argument in field.args} <= set(taken), f"{name}.{field_name}"


def test_every_record_that_a_field_has_is_shown_by_a_node_of_the_schema() -> None:
    nodes = {node for owners in OBJECTS.values() for node in owners}
    assert set(NODES.values()) <= nodes
    for node in nodes:
        fields = [found.fget if isinstance(found, property) else found for found in vars(node).values()]
        for field in filter(inspect.isfunction, fields):
            told = typing.get_type_hints(field).get("return")
            records = {
                one for one in (told, *typing.get_args(told)) if str(getattr(one, "__module__", "")).startswith(STORE)
            }
            assert records <= set(NODES), f"{field.__qualname__} gives {records - set(NODES)}, which nothing shows"


def test_the_clients_own_documents_are_valid() -> None:
    documents: dict[str, str] = {}
    for module in ("wandb.sdk.artifacts._generated", "wandb.sdk.internal._generated", "wandb.apis._generated"):
        operations = importlib.import_module(f"{module}.operations")
        documents |= {name: getattr(operations, name) for name in operations.__all__}
    beyond = re.compile("SWEEP|AGENT")
    checked = {name: text for name, text in documents.items() if not beyond.search(name)}
    assert len(checked) > 50
    wrong = {name: graphql.validate(schema(), graphql.parse(text)) for name, text in checked.items()}
    assert not {name: errors for name, errors in wrong.items() if errors}
    for text in checked.values():
        within_the_limits(text)


def within_the_limits(text: str) -> None:
    """As the client asks with its largest pages: far below what the server refuses."""
    document = documents_of_the_server.Documents().parsed(text)
    assert isinstance(document, graphql.DocumentNode)
    for definition in document.definitions:
        if isinstance(definition, graphql.OperationDefinitionNode):
            pages = {one.variable.name.value: 1000 for one in definition.variable_definitions or ()}
            cost.check(document, None, pages)


def test_the_documents_of_wandb_core_are_valid() -> None:
    program = (Path(wandb.__file__).parent / "bin" / "wandb-core").read_bytes()
    for name in CORE_DOCUMENTS:
        document = _document(program, name.encode())
        assert not graphql.validate(schema(), graphql.parse(document)), name


def _document(program: bytes, name: bytes) -> str:
    """The first document of that name: balanced braces, and the fragments that follow."""
    found = re.search(re.escape(name) + rb" ?[({]", program)
    assert found, name
    text, depth, end = program[found.start() : found.start() + 8000], 0, 0
    for place, byte in enumerate(text):
        depth += {0x7B: 1, 0x7D: -1}.get(byte, 0)
        if byte == 0x7D and depth == 0:
            end = place + 1
            if not re.match(rb"\s*fragment ", text[end:]):
                break
    return text[:end].decode()


def test_the_documentation_names_every_field_that_can_be_asked() -> None:
    page = (Path(__file__).parents[3] / "docs" / "server.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", page))
    for name in ("Query", "Mutation"):
        kind = schema().type_map[name]
        assert isinstance(kind, graphql.GraphQLObjectType)
        assert set(kind.fields) <= told, name
    assert {feature for feature in FEATURES if feature.startswith("REGSYNC_")} <= told
