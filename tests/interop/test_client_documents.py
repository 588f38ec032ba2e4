"""How much of what the newest client can ask is answered here: its own documents, judged by the server's schema."""

from __future__ import annotations

from pathlib import Path

import graphql
import pytest
import wandb

from regsync.local.server import lacking
from regsync.local.server.contract import schema
from tests.interop.client_documents import client_documents

MEASURED = "0.31."
NO_SERVER_TAKES = {"Project"}
"""`wandb verify` asks `run` for an argument that no server has, only to send much."""
FIGURES = {"documents": (156, 171), "operations": (140, 153), "without automations": (135, 144)}
"""How many are valid here, of how many. An operation may be sent in several variants, each a document; it counts where all are valid."""
PAGE = Path(__file__).parents[2] / "docs" / "server.md"


@pytest.mark.skipif(not wandb.__version__.startswith(MEASURED), reason=f"measured with the client {MEASURED}x")
def test_the_documents_of_the_newest_client_are_valid_here_or_named_with_a_reason() -> None:
    documents = client_documents()
    wrong = [document for document in documents if graphql.validate(schema(), graphql.parse(document.text))]
    unnamed = {document.operation for document in wrong if not lacking.refusals(graphql.parse(document.text))}
    assert unnamed == NO_SERVER_TAKES
    operations = {document.operation for document in documents}
    others = operations - {document.operation for document in documents if "automations/" in document.where}
    figures = {
        "documents": (len(documents) - len(wrong), len(documents)),
        "operations": (len(operations - {document.operation for document in wrong}), len(operations)),
        "without automations": (len(others - {document.operation for document in wrong}), len(others)),
    }
    print(figures)
    assert figures == FIGURES
    told = " ".join(PAGE.read_text(encoding="utf-8").split())
    for figure, (valid, every) in figures.items():
        assert f"{valid} of {every}" in told, figure


def test_what_is_refused_is_in_the_documentation_with_its_reason() -> None:
    told = PAGE.read_text(encoding="utf-8")
    for reason, fields in lacking.LACKING.items():
        assert reason in told
        assert not [field for field in fields if f"`{field}`" not in told]
