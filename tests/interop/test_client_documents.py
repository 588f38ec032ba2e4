"""How much of what the newest client can ask is answered here: its own documents, judged by the server's schema."""

from __future__ import annotations

import graphql
import pytest
import wandb

from regsync.local.server.contract import schema
from tests.interop.client_documents import client_documents

MEASURED = "0.31."
NOT_TAKEN = {
    "sweeps: this server runs none, and lists none": (
        "CreateAgent EnqueueSweepRun Heartbeat UpsertSweep UpsertSweepState"
    ),
    "launch: this server has no queues and no agents, and lists none": (
        "CreateDefaultResourceConfig CreateRunQueue DeleteFromRunQueue DeleteRunQueue UpsertRunQueue ackRunQueueItem "
        "failRunQueueItem popFromRunQueue pushToRunQueueByName updateLaunchAgent updateRunQueueItemWarning"
    ),
    "automations: this server starts none, and lists none": (
        "CreateAutomation CreateGenericWebhookIntegration DeleteAutomation UpdateAutomation"
    ),
    "people: they have no e-mail address, and their keys cannot be told later; `regsync local user add` makes them": (
        "CreateServiceAccount CreateUserFromAdmin"
    ),
    "the web app's: charts of one's own, and alerts": "CreateCustomChart NotifyScriptableRunAlert",
    "uploads in parts: a file goes up in one request": "CompleteMultipartUploadArtifact",
    "no server takes it: `wandb verify` asks `run` for an argument only to send much": "Project",
}
"""Operations that the schema does not take, by reason."""
VALID, ALL = 143, 171
"""Documents of the client that are valid here, and all. An operation may be sent in several variants, each a document."""


@pytest.mark.skipif(not wandb.__version__.startswith(MEASURED), reason=f"measured with the client {MEASURED}x")
def test_the_documents_of_the_newest_client_are_valid_here_or_named_with_a_reason() -> None:
    documents = client_documents()
    wrong = [document for document in documents if graphql.validate(schema(), graphql.parse(document.text))]
    named = {operation for operations in NOT_TAKEN.values() for operation in operations.split()}
    assert {document.operation for document in wrong} == named
    assert (len(documents) - len(wrong), len(documents)) == (VALID, ALL)
