"""A folder to work in, with a registry file and a manifest; everything that a command shows there must be harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.backends.wandb.worlds import KEYS, PEOPLE, write_world
from tests.guarantees.grounds import Ended, Job, Zygote
from tests.harmless import harmless

Json = dict[str, Any]


class Room:
    """A folder to work in."""

    def __init__(self, folder: Path, zygote: Zygote) -> None:
        self.folder = folder
        self.zygote = zygote

    def run(self, *arguments: str, backend: str = "local:registry.db", **environment: str) -> Ended:
        here = {"HOME": str(self.folder), "WANDB_API_KEY": KEYS["alice"], **environment}
        ended = self.zygote.run(Job(self.folder, here, ["--backend", backend, *arguments]))
        harmless(ended.out)
        harmless(ended.err)
        return ended

    def world(self, registries: Json, **artifacts: Any) -> None:
        everything = {**PEOPLE, "registries": registries}
        everything["artifacts"] = {**PEOPLE["artifacts"], **artifacts}
        write_world(self.folder / "registry.db", everything)

    def manifest(self, body: Json | str) -> None:
        text = body if isinstance(body, str) else yaml.safe_dump(body, sort_keys=False, allow_unicode=True)
        head = "" if isinstance(body, str) else "apiVersion: regsync/v1\norganization: acme\n"
        (self.folder / "registry.yaml").write_text(head + text, encoding="utf-8", newline="")
