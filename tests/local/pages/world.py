"""The world that the tests of pages play in: what both documentation pages need, and names of strangers."""

from __future__ import annotations

from typing import Any

from tests.backends.wandb.script import DETECTOR
from tests.backends.wandb.script import SEED as SCRIPT

HOSTILE = '<img src=x onerror=alert(1)> & "quoted" \u202e'
SEED: dict[str, Any] = {
    **SCRIPT,
    "artifacts": {
        **SCRIPT["artifacts"],
        "acme-ml/fraud/detector": {
            "type": "model",
            "versions": [
                {"metadata": {"accuracy": round(0.81 + number * 0.02, 2), "epochs": 10 * number}} for number in range(6)
            ],
        },
    },
    "registries": {
        **SCRIPT["registries"],
        "zoo": {
            "description": HOSTILE,
            "collections": {
                "models": {
                    "type": "model",
                    "description": HOSTILE,
                    "versions": [f"{DETECTOR}:v0", f"{DETECTOR}:v1"],
                    "aliases": {"staging": "v0", HOSTILE: "v0"},
                },
                "'); alert(1); ('": {"type": "model"},
            },
        },
        "secret": {"visibility": "restricted", "members": {"carol": "admin"}},
    },
}
