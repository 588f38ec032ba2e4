"""Running regsync's public pieces on a generated world: a real registry file, a real manifest file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from regsync.backends import open_reader, open_writer
from regsync.core.desired import HazardName
from regsync.core.live import Live, RegistryScope
from regsync.core.plan import Plan, Selection
from regsync.core.plan_document import document_text, plan_document
from regsync.execution.run import Applied, apply_plan
from regsync.execution.state import StateDir
from regsync.local.seed.planting import plant
from regsync.local.seed.reader import parse_seed
from regsync.local.store.database import create_store
from regsync.manifest.reading.load import load
from regsync.planning.making import plan_manifests

Json = dict[str, Any]
EVERY_HAZARD = Selection(allow=dict.fromkeys(HazardName))


@dataclass(frozen=True, slots=True)
class World:
    """A folder with a registry file and manifests."""

    folder: Path

    @property
    def spec(self) -> str:
        return f"local:{self.folder / 'registry.db'}"

    @property
    def state(self) -> StateDir:
        return StateDir(self.folder / "state")

    def write_manifest(self, manifest: Json, name: str = "registry.yaml") -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return path

    def plan(self, *paths: Path, selection: Selection = EVERY_HAZARD) -> Plan:
        with open_reader(self.spec, None, lambda _: None) as reader:
            return plan_manifests(load(paths), reader, selection).plan

    def plan_bytes(self, *paths: Path) -> str:
        return "".join(document_text(plan_document(self.plan(*paths))))

    def apply(self, plan: Plan) -> Applied:
        with open_writer(self.spec, None, lambda _: None) as writer:
            return apply_plan(plan, writer, self.state)

    def live(self) -> Live:
        """Everything there is."""
        with open_reader(self.spec, None, lambda _: None) as reader:
            return reader.observe({name: RegistryScope(None, True) for name in reader.registry_names()})


@contextmanager
def world(seed: Json) -> Iterator[World]:
    """A fresh folder with a registry made from the seed."""
    with tempfile.TemporaryDirectory(prefix="regsync-law-") as name:
        folder = Path(name)
        text = yaml.dump(seed, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
        store, _ = create_store(folder / "registry.db")
        try:
            plant(store, parse_seed(text.encode(), "seed.yaml"))
        finally:
            store.close()
        yield World(folder)
