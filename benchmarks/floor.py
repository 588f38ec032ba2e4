"""The floor under a plan without a change: libyaml's events of a manifest beside dicts from SQLite, compared. Nothing is checked.

python -m benchmarks.floor MANIFEST REGISTRY_FILE
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import yaml


def declared(path: Path) -> Any:
    """The document as dicts and texts."""
    stack: list[list[Any]] = [[]]
    for event in yaml.parse(path.read_bytes(), Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent):
            stack[-1].append(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            stack.append([])
        elif isinstance(event, yaml.CollectionEndEvent):
            inside = stack.pop()
            is_map = isinstance(event, yaml.MappingEndEvent)
            stack[-1].append(dict(zip(inside[::2], inside[1::2], strict=True)) if is_map else inside)
    return stack[0][0]


SQL = """SELECT p.name, c.name, a.name, e.name || '/' || sp.name || '/' || s.name || ':v' || v.version_index
FROM aliases a JOIN collections c ON c.id = a.collection_id JOIN projects p ON p.id = c.project_id
JOIN memberships m ON m.id = a.membership_id JOIN artifacts v ON v.id = m.artifact_id
JOIN collections s ON s.id = v.sequence_id JOIN projects sp ON sp.id = s.project_id JOIN entities e ON e.id = sp.entity_id
WHERE c.kind = 'portfolio'"""


def main(manifest: str, registry: str) -> None:
    """Print how many aliases are declared, and how many of them are live with another version or not at all."""
    wanted = {
        (f"wandb-registry-{name}", collection, alias): version
        for name, block in declared(Path(manifest))["registries"].items()
        for collection, inside in block["collections"].items()
        for alias, version in inside["aliases"].items()
    }
    live = {(row[0], row[1], row[2]): row[3] for row in sqlite3.connect(registry).execute(SQL)}
    print(len(wanted), sum(live.get(place) != version for place, version in wanted.items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
