"""The script that teams write in place of regsync: for each line, find the version, link or move, and read it back.

Reads lines of JSON from a file: `{"collection", "alias", "from"}`; `from` is the version in the registry, or the source that is to
be linked first. Uses nothing but what the vendor documents: `Api.artifact`, `Artifact.link`, `aliases`, `save`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wandb


def main(file: str) -> None:
    api = wandb.Api()
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        wanted = json.loads(line)
        target = f"acme/wandb-registry-model/{wanted['collection']}"
        if wanted["link"]:
            artifact = api.artifact(wanted["source"])
            artifact.link(f"wandb-registry-model/{wanted['collection']}", aliases=[wanted["alias"]])
        else:
            artifact = api.artifact(f"{target}:{wanted['index']}")
            artifact.aliases.append(wanted["alias"])
            artifact.save()
        held = api.artifact(f"{target}:{wanted['alias']}")
        if held.digest != artifact.digest:
            raise SystemExit(f"{target}:{wanted['alias']} is not what it was set to")


main(sys.argv[1])
