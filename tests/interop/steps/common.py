from __future__ import annotations

import json
import sys
from typing import Any

import wandb

ORGANIZATION, TEAM = "acme", "acme-ml"


def arguments() -> dict[str, Any]:
    """What the test asks for."""
    given: dict[str, Any] = json.loads(sys.stdin.read() or "{}")
    return given


def report(**facts: Any) -> None:
    """Tell the test what was seen; it reads the last line of output."""
    print()
    print(json.dumps(facts))


def reason(error: BaseException) -> str:
    """An error as its user would read it, with what it was caused by."""
    words = []
    cause: BaseException | None = error
    while cause is not None:
        words.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__ or cause.__context__
    return " <- ".join(words)


def refused(action: Any, *given: Any, **named: Any) -> str:
    """The reason that an action fails for; "" where it does not."""
    try:
        action(*given, **named)
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what the test wants to read
        return reason(error)
    return ""


def log(name: str, type: str, count: int = 1, **metadata: list[Any]) -> list[Any]:
    """New versions of an artifact, logged by one run and committed; `metadata` has a value for each of them."""
    versions = []
    with wandb.init(entity=TEAM, project="lab", settings=wandb.Settings(silent=True)) as run:
        for number in range(count):
            artifact = wandb.Artifact(name, type=type, metadata={key: one[number] for key, one in metadata.items()})
            with artifact.new_file("content.txt") as file:
                file.write(f"{number} of {name}, {run.id}")
            versions.append(run.log_artifact(artifact).wait())
    return versions


def link_facts(linked: Any) -> dict[str, Any]:
    """What identifies a linked version."""
    return {
        "full_name": f"{linked.project}/{linked.name}",
        "qualified_name": linked.qualified_name,
        "version": linked.version,
        "aliases": sorted(linked.aliases),
        "source": linked.source_qualified_name,
        "is_link": linked.is_link,
    }
