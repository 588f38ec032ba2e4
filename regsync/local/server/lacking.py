"""What a W&B server does for its clients and this one does not: refused by name, with the reason, rather than as a field unknown.

What a client may only read of these things is in the schema, and there is none of it: see `nodes/absent.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphql import DocumentNode, FieldNode, GraphQLError, OperationDefinitionNode, OperationType

LACKING: Mapping[str, tuple[str, ...]] = {
    "this server runs no sweeps": ("upsertSweep", "createAgent", "agentHeartbeat", "enqueueSweepRun"),
    "this server starts no automations": (
        "createFilterTrigger",
        "updateFilterTrigger",
        "deleteTrigger",
        "createGenericWebhookIntegration",
    ),
    "this server keeps no charts": ("createCustomChart",),
    "this server sends no alerts": ("notifyScriptableRunAlert",),
    "a file goes up in one request here, whatever its size": ("completeMultipartUploadArtifact",),
}
"""Fields of Mutation that the client knows and the schema has not, by the reason that is told."""
_REASONS = {field: reason for reason, fields in LACKING.items() for field in fields}


def refusals(document: DocumentNode) -> tuple[GraphQLError, ...]:
    """An error for each mutation of a document that is not done here; none where there is no such mutation."""
    fields = [
        field
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode) and operation.operation is OperationType.MUTATION
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode) and field.name.value in _REASONS
    ]
    return tuple(GraphQLError(f"{_REASONS[field.name.value]} ({field.name.value})", [field]) for field in fields)
