"""The published JSON Schemas: `schemas/` of the repository, `regsync/schemas/` of an installed package."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

SCHEMAS = {"manifest": "manifest.v1", "plan": "plan.v1", "receipt": "receipt.v1", "probe": "probe.v1"}
"""The schema that each document is checked against, without `.schema.json`."""


def schema_text(document: str) -> str:
    """The schema file of `manifest`, `plan`, `receipt` or `probe`, as it is published. Raises `KeyError` for other names.

    >>> "regsync/v1" in schema_text("manifest")
    True
    """
    file = f"{SCHEMAS[document]}.schema.json"
    package = Path(__file__).parent
    installed = package / "schemas" / file
    return (installed if installed.exists() else package.parent / "schemas" / file).read_text("utf-8")


@cache
def schema(document: str) -> dict[str, Any]:
    """The same, parsed. Shared: do not change it."""
    loaded: dict[str, Any] = json.loads(schema_text(document))
    return loaded
