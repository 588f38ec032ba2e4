"""Several processes and threads at once on one registry file."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from regsync.local.store import accounts, aliases, events, links, registries
from regsync.local.store.database import open_store
from tests.local.processes import ROOT, finish, start
from tests.local.world import World, dump


def test_links_from_several_processes_get_each_an_index_of_their_own(world: World) -> None:
    world.registry("model")
    world.log(count=60)
    workers = [start("link", str(world.store.path), str(first), "15") for first in range(0, 60, 15)]
    for worker in workers:
        finish(worker)
    with world.store.read() as tx:
        collection = world.collection(tx)
        there = {link.index: link.artifact_id for link in links.of_collection(tx, collection)}
        bound = aliases.of_collection(tx, collection)
        told = {e.address: e.after["source"] for e in events.since(tx) if e.kind == "link-version"}
    assert sorted(there) == list(range(60))
    assert len(set(there.values())) == 60
    assert bound["latest"] == 59
    assert sorted(bound[f"n{n}"] for n in range(60)) == list(range(60)), "every alias is on the link made with it"
    assert all(told[f"model/fraud:v{bound[f'n{n}']}"] == f"acme-ml/fraud/detector:v{n}" for n in range(60))


def test_an_alias_that_several_processes_move_is_bound_at_every_moment(world: World) -> None:
    world.registry("model")
    for version in world.log(count=3):
        world.link(version)
    world.set_alias("production", 0)
    workers = [start("move", str(world.store.path), str(first), "25") for first in range(3)]
    polls, store = 0, open_store(world.store.path, timeout=60, read_only=True)
    while any(worker.poll() is None for worker in workers):
        with store.read() as tx:
            assert aliases.holder(tx, world.collection(tx), "production") is not None
        polls += 1
    for worker in workers:
        finish(worker)
    assert polls
    held: int | None = None
    for event in world.read(events.since):
        if event.address == "model/fraud:production":
            assert (event.kind, event.before) == ("set-alias", held), "each move starts where the last one ended"
            held = event.after
    assert world.aliases()["production"] == held


def test_several_processes_may_make_the_same_registry(tmp_path: Path) -> None:
    seed = ROOT / "examples" / "quickstart" / "seed.yaml"
    command = [sys.executable, "-m", "regsync", "local"]
    once, together = tmp_path / "once.db", tmp_path / "together.db"
    subprocess.run([*command, "seed", str(seed), "--db", str(once)], cwd=ROOT, check=True, capture_output=True)
    workers = [
        subprocess.Popen(
            [*command, *arguments, "--db", str(together)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments in (
            ["init", "--org", "acme"],
            ["seed", str(seed)],
            ["seed", str(seed)],
            ["init", "--org", "acme"],
        )
    ]
    for worker in workers:
        finish(worker)
    both = [open_store(path) for path in (once, together)]
    counts = [{table: len(rows) for table, rows in dump(store).items()} for store in both]
    assert counts[0] == counts[1]


def test_threads_share_a_store(world: World) -> None:
    world.registry("model")
    problems: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(10):
                with world.store.write() as tx:
                    registries.create(tx, accounts.organization(tx, "acme"), f"{name}-{number}")
                with world.store.read() as tx:
                    assert registries.find(tx, accounts.organization(tx, "acme"), f"{name}-{number}")
        except BaseException as error:  # noqa: BLE001 - shown below
            problems.append(error)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(world.read(lambda tx: registries.visible(tx, world.acme(tx)))) == 41
