"""Registry files, the project's own server over them in this process, and regsync's pieces at work on both."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
import yaml

from regsync.backends.local.reading import LocalReader
from regsync.backends.local.writing import LocalWriter
from regsync.backends.wandb import open_wandb
from regsync.backends.wandb.backend import WandbReader, WandbWriter
from regsync.backends.wandb.connection.options import Options
from regsync.core.desired import HazardName
from regsync.core.fingerprint import registry_fingerprint
from regsync.core.live import Live, RegistryScope
from regsync.core.plan import Plan, Selection
from regsync.execution.run import Applied, apply_plan
from regsync.execution.state import StateDir
from regsync.local.seed.planting import plant
from regsync.local.seed.reader import parse_seed
from regsync.local.server.app import create_app
from regsync.local.server.run import listen, url
from regsync.local.store.database import Store, create_store, open_store
from regsync.manifest.reading.load import load
from regsync.planning.making import plan_manifests
from tests.interop.worlds import api_key

Json = dict[str, Any]
KEYS = {name: api_key(name) for name in ("alice", "bob", "carol")}
EVERY_HAZARD = Selection(allow=dict.fromkeys(HazardName))
QUICK = Options(timeout=0.5, connect_timeout=0.5, deadline=1.6, first_wait=0.01, longest_wait=0.05)
"""Options that do not make a test wait."""

PEOPLE: Json = {
    "organization": "acme",
    "users": {
        "alice": {"api_key": KEYS["alice"], "role": "admin"},
        "bob": {"api_key": KEYS["bob"], "role": "member"},
        "carol": {"api_key": KEYS["carol"], "role": "member"},
    },
    "teams": {"acme-ml": ["alice", "bob"]},
    "artifacts": {
        "acme-ml/fraud/detector": {"type": "model", "versions": 6},
        "acme-ml/fraud/rows": {"type": "dataset", "versions": 2},
    },
}
"""Who there is and what was logged; no registries."""


def write_world(path: Path, seed: Json) -> Path:
    """Make a registry file from a seed."""
    store, _ = create_store(path)
    try:
        plant(store, parse_seed(yaml.safe_dump(seed, sort_keys=False).encode(), "seed.yaml"))
    finally:
        store.close()
    return path


class _Prompt(uvicorn.Server):
    """Says when it is ready, and ends as soon as it is told: uvicorn's own loop looks every tenth of a second, and waits another."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._told = asyncio.Event()

    def end(self) -> None:
        """Called in another thread."""
        self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.tasks:
            await asyncio.sleep(0.005)


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The server over a registry file, in a thread; its URL."""
    store: Store = open_store(path)
    sock = listen("127.0.0.1", 0)
    config = uvicorn.Config(create_app(store), log_level="critical", access_log=False, lifespan="off", ws="none")
    server = _Prompt(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    assert server.ready.wait(60), "the server does not start"
    try:
        yield url(sock)
    finally:
        server.end()
        thread.join()
        sock.close()
        store.close()


@dataclass(slots=True)
class Work:
    """A folder to work in, and a server to work on. `said` collects what is shown while waiting."""

    folder: Path
    server: str
    options: Options = QUICK
    user: str = "alice"

    said: list[str] = field(default_factory=list)

    @property
    def state(self) -> StateDir:
        return StateDir(self.folder / "state")

    def reader(self, organization: str | None = "acme") -> WandbReader:
        return open_wandb(
            self.server, organization=organization, write=False, notify=self.said.append, options=self.options
        )

    def writer(self, organization: str | None = "acme") -> WandbWriter:
        return open_wandb(
            self.server, organization=organization, write=True, notify=self.said.append, options=self.options
        )

    def manifest(self, manifest: Json) -> Path:
        path = self.folder / "registry.yaml"
        path.write_text(
            yaml.safe_dump({"apiVersion": "regsync/v1", "organization": "acme", **manifest}, sort_keys=False)
        )
        return path

    def plan(self, manifest: Path, selection: Selection = EVERY_HAZARD) -> Plan:
        with self.reader() as reader:
            return plan_manifests(load([manifest]), reader, selection).plan

    def apply(self, plan: Plan) -> Applied:
        with self.writer() as writer:
            return apply_plan(plan, writer, self.state, say=self.said.append)


def local_plan(path: Path, manifest: Path, selection: Selection = EVERY_HAZARD) -> Plan:
    """The plan that the file itself gives."""
    with LocalReader(path, "acme") as reader:
        return plan_manifests(load([manifest]), reader, selection).plan


def local_apply(path: Path, plan: Plan, state: Path) -> Applied:
    """Carry out a plan on the file itself."""
    with LocalWriter(path, "acme") as writer:
        return apply_plan(plan, writer, StateDir(state))


def everything(path: Path) -> Live:
    """All registries of the file, as the file itself has them."""
    with LocalReader(path, "acme") as reader:
        return reader.observe({name: RegistryScope(None, True) for name in reader.registry_names()})


def prints(live: Live) -> Mapping[str, str]:
    """A fingerprint of each registry with all that is in it."""
    return {name: registry_fingerprint(registry) for name, registry in sorted(live.registries.items())}
