"""A world and a manifest whose plan holds every kind of operation."""

from __future__ import annotations

from typing import Any

from tests.backends.wandb.worlds import PEOPLE

Json = dict[str, Any]
DETECTOR = "acme-ml/fraud/detector"

SEED: Json = {
    **PEOPLE,
    "registries": {
        "model": {
            "description": "as it was",
            "artifact_types": ["model"],
            "protected_aliases": ["production", "legacy"],
            "members": {"bob": "viewer", "carol": "member"},
            "collections": {
                "detector": {
                    "type": "model",
                    "description": "as it was",
                    "tags": ["old"],
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1", f"{DETECTOR}:v2"],
                    "aliases": {"production": "v0", "staging": "v1", "unused": "v1"},
                },
                "older": {"type": "model", "versions": [f"{DETECTOR}:v4"], "aliases": {"keep": "v0"}},
                "doomed": {"type": "model", "versions": [f"{DETECTOR}:v1"]},
            },
        },
        "first name": {"description": None, "collections": {"rows": {"type": "dataset"}}},
        "gone": {"collections": {"rows": {"type": "dataset", "versions": ["acme-ml/fraud/rows:v0"]}}},
    },
}
MANIFEST: Json = {
    "registries": {
        "fresh": {
            "description": "new",
            "visibility": "restricted",
            "artifact_types": ["model"],
            "protected_aliases": ["golden"],
            "collections": {
                "first": {
                    "type": "model",
                    "description": "made here",
                    "tags": ["one", "two"],
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1"],
                    "aliases": {"golden": f"{DETECTOR}:v1", "canary": "v0"},
                },
                "second": {"type": "model", "versions": [f"{DETECTOR}:v2"]},
            },
        },
        "model": {
            "description": "as it is now",
            "visibility": "restricted",
            "artifact_types": ["model", "dataset"],
            "protected_aliases": ["production", "staging"],
            "members": {"bob": "admin", "carol": "absent", "team:acme-ml": "member"},
            "unlisted": {"versions": "remove", "tags": "remove", "protected_aliases": "remove"},
            "collections": {
                "detector": {
                    "description": "as it is now",
                    "tags": ["new"],
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1", f"{DETECTOR}:v3"],
                    "aliases": {
                        "production": f"{DETECTOR}:v3",
                        "staging": "v0",
                        "unused": "absent",
                        "canary": f"{DETECTOR}:v1",
                    },
                },
                "newer": {"previously": "older", "type": "model", "versions": [f"{DETECTOR}:v4"]},
                "doomed": "absent",
                "rows": {"type": "dataset", "aliases": {"best": "acme-ml/fraud/rows:v1"}},
            },
        },
        "second name": {"previously": "first name", "description": "renamed"},
        "gone": "absent",
    }
}
