"""One plan and its receipt that show most of what the views can show, as a user would have made them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from regsync.core.long import as_list
from regsync.core.plan import Selection
from regsync.core.plan_document import plan_document
from regsync.execution.receipt import receipt_document
from tests.laws.run import EVERY_HAZARD, world

Json = dict[str, Any]

SEED: Json = {
    "organization": "acme",
    "users": {"alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"}},
    "teams": {"acme-ml": ["alice"]},
    "artifacts": {
        "acme-ml/fraud/transactions": {"type": "dataset", "versions": [{"metadata": {"rows": 10_000}}, {}]},
        "acme-ml/fraud/fraud-detector": {
            "type": "model",
            "versions": [
                {"metadata": {"accuracy": 0.912, "latency_ms": 41, "train": {"optimizer": "adam", "epochs": 12}}},
                {"metadata": {"accuracy": 0.931, "latency_ms": 44, "train": {"optimizer": "adamw", "epochs": 20}}},
                {"metadata": {"accuracy": 0.884, "latency_ms": 12, "train": {"optimizer": "adamw", "epochs": 3}}},
            ],
        },
    },
    "registries": {
        "model": {
            "protected_aliases": ["production"],
            "collections": {
                "fraud-detector": {
                    "type": "model",
                    "versions": ["acme-ml/fraud/fraud-detector:v0", "acme-ml/fraud/fraud-detector:v1"],
                    "aliases": {"production": "v0", "staging": "v1", "shadow": "v0"},
                },
                "churn-2022": {"type": "model", "versions": ["acme-ml/fraud/fraud-detector:v0"]},
            },
        }
    },
}

MANIFEST: Json = {
    "apiVersion": "regsync/v1",
    "organization": "acme",
    "limits": {"aliases": {"percent": 100, "number": 10}},
    "consent": ["remove-alias", "delete-collection"],
    "registries": {
        "model": {
            "collections": {
                "fraud-detector": {
                    "type": "model",
                    "description": "Card fraud, tabular",
                    "metrics": {"accuracy": {"better": "higher", "bound": 0.9}, "latency_ms": "lower"},
                    "aliases": {
                        "production": "acme-ml/fraud/fraud-detector:v1",
                        "staging": "acme-ml/fraud/fraud-detector:v2",
                        "shadow": "absent",
                    },
                },
                "churn-2022": "absent",
            },
        },
        "dataset": {
            "artifact_types": ["dataset"],
            "collections": {
                "transactions": {
                    "type": "dataset",
                    "tags": ["tabular"],
                    "aliases": {"gold": "acme-ml/fraud/transactions:v1"},
                }
            },
        },
    },
}


@cache
def documents() -> dict[str, Json]:
    """A plan that is not applyable, because the new version for staging breaks a bound; and the receipt of it with consent."""
    with world(SEED) as here:
        path = here.write_manifest(MANIFEST)
        plan = here.plan(path, selection=Selection())
        receipt = here.apply(here.plan(path, selection=EVERY_HAZARD)).receipt
        assert receipt is not None
        return {
            "plan": _settled(plan_document(plan), str(here.folder)),
            "receipt": _settled(receipt_document(receipt), str(here.folder)),
        }


def _settled(document: Json, folder: str) -> Json:
    """Without what depends on where and when it was made."""
    text = (
        json.dumps(document, default=as_list)
        .replace(f"{folder}/registry.yaml", "registry.yaml")
        .replace(folder, "/srv")
    )
    settled: Json = json.loads(re.sub(r"20\d\d-\d\d-\d\dT[0-9:.]+Z", "2026-01-02T03:04:05Z", text))
    return settled
