"""How much of what the newest client can ask is answered here: its own documents, judged by the server's schema."""

from __future__ import annotations

import graphql
import pytest
import wandb

from regsync.local.server.contract import schema
from tests.interop.client_documents import client_documents

MEASURED = "0.31."
NOT_TAKEN = {
    "sweeps: this server runs none": (
        "CreateAgent EnqueueSweepRun GetAgentRuns GetSweep GetSweepAgent GetSweepAgents GetSweepLegacy GetSweepState "
        "GetSweeps Heartbeat SweepConfig SweepRunsWithHistory SweepWatchedRuns SweepWithRuns UpsertSweep UpsertSweepState"
    ),
    "launch: this server has no queues and no agents": (
        "CreateDefaultResourceConfig CreateRunQueue DeleteFromRunQueue DeleteRunQueue GetDefaultResourceConfig "
        "GetRunQueueItem GetRunQueueItems GetRunQueueMetadata LaunchAgent ProjectRunQueues UpsertRunQueue ackRunQueueItem "
        "failRunQueueItem fetchRunQueuesFromProject popFromRunQueue pushToRunQueueByName updateLaunchAgent "
        "updateRunQueueItemWarning"
    ),
    "automations: this server starts none": (
        "CreateAutomation CreateGenericWebhookIntegration DeleteAutomation GetAutomationsLegacy GetEntityAutomations "
        "GetEntityAutomationsLegacy GetOrgAutomations IntegrationsByEntity UpdateAutomation"
    ),
    "people and keys: made with `regsync local`": (
        "CreateServiceAccount CreateUserFromAdmin DeleteApiKey GenerateApiKey"
    ),
    "runs: their console logs are not kept": "RunConsoleLogPage RunConsoleLogTail",
    "the web app's: reports, charts, alerts, stopping and rewinding runs": (
        "CreateCustomChart NotifyScriptableRunAlert ProjectViews RewindRun StopRun"
    ),
    "uploads in parts: a file goes up in one request": "CompleteMultipartUploadArtifact",
    "no server takes it: `wandb verify` asks `run` for an argument only to send much": "Project",
}
"""Operations that the schema does not take, by reason."""
VALID, ALL = 112, 171
"""Documents of the client that are valid here, and all. An operation may be sent in several variants, each a document."""


@pytest.mark.skipif(not wandb.__version__.startswith(MEASURED), reason=f"measured with the client {MEASURED}x")
def test_the_documents_of_the_newest_client_are_valid_here_or_named_with_a_reason() -> None:
    documents = client_documents()
    wrong = [document for document in documents if graphql.validate(schema(), graphql.parse(document.text))]
    named = {operation for operations in NOT_TAKEN.values() for operation in operations.split()}
    assert {document.operation for document in wrong} == named
    assert (len(documents) - len(wrong), len(documents)) == (VALID, ALL)
