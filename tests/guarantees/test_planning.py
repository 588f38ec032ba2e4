"""Guarantees 1 and 4: planning never writes, and a failed or partial read never looks like absence."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.backends.wandb.faults import LASTING, PASSING, Fault, once
from tests.backends.wandb.script import MANIFEST, SEED
from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import KEYS, served, write_world
from tests.budget import some
from tests.guarantees import history
from tests.guarantees.figures import check_at_least
from tests.guarantees.grounds import EVERY_CONSENT, Ended, Job, Zygote

Json = dict[str, Any]
READING = {
    "plan": ["plan", "registry.yaml", "-o", "plan.json", *EVERY_CONSENT],
    "plan, part of it": ["plan", "registry.yaml", "--target", "model/detector"],
    "drift": ["drift", "registry.yaml"],
    "why": ["why", "model/detector:production", "registry.yaml"],
    "history": ["history", "model/detector", "registry.yaml"],
    "accept": ["accept", "model/detector", "registry.yaml"],
    "graph": ["graph", "registry.yaml"],
    "undo": ["undo", "receipt.json", "-o", "undo.json"],
    "import": ["import"],
    "doctor": ["doctor", "registry.yaml"],
    "apply, not approved": ["apply", "registry.yaml", *EVERY_CONSENT],
    "apply, not consented to": ["apply", "registry.yaml", "--auto-approve"],
}


@dataclass(frozen=True, slots=True)
class Place:
    """A registry file, and a relay that sees everything that is asked of a server over it."""

    folder: Path
    zygote: Zygote
    between: Relay

    @property
    def file(self) -> Path:
        return self.folder / "registry.db"

    def run(self, backend: str, arguments: list[str]) -> Ended:
        environment = {
            "HOME": str(self.folder),
            "WANDB_API_KEY": KEYS["alice"],
            "REGSYNC_HTTP_TIMEOUT": "0.5",
            "REGSYNC_HTTP_DEADLINE": "1.6",
        }
        return self.zygote.run(Job(self.folder, environment, ["--backend", backend, *arguments], hasty=True))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Iterator[Place]:
    """With a receipt of an apply that has been taken back since, so that there is something to undo."""
    folder = tmp_path_factory.mktemp("place")
    write_world(folder / "registry.db", SEED)
    text = yaml.safe_dump({"apiVersion": "regsync/v1", "organization": "acme", **MANIFEST}, sort_keys=False)
    (folder / "registry.yaml").write_text(text, encoding="utf-8")
    with served(folder / "registry.db") as url, relay(url) as between:
        made = Place(folder, zygote, between)
        yield made


def applied(place: Place, backend: str) -> None:
    """A receipt of that destination; the file is as before then."""
    with history.connect(place.file) as source, history.connect(place.folder / "copy.db") as copy:
        source.backup(copy)
    arguments = ["apply", "registry.yaml", "--auto-approve", "--receipt", "receipt.json", *EVERY_CONSENT]
    assert place.run(backend, arguments).code == 0
    with history.connect(place.folder / "copy.db") as source, history.connect(place.file) as copy:
        source.backup(copy)
    shutil.rmtree(place.folder / ".regsync")


@pytest.mark.parametrize("what", READING)
def test_no_reading_command_touches_a_registry_file(place: Place, what: str) -> None:
    if what == "undo":
        applied(place, "local:registry.db")
    before = hashlib.sha256(place.file.read_bytes()).hexdigest()
    ended = place.run("local:registry.db", READING[what])
    assert ended.code in (0, 1, 2, 3), ended.err
    assert hashlib.sha256(place.file.read_bytes()).hexdigest() == before
    assert not list(place.folder.glob("registry.db-*"))


@pytest.mark.parametrize("what", READING)
def test_no_reading_command_sends_a_mutation(place: Place, what: str) -> None:
    backend = f"wandb:{place.between.url}"
    if what == "undo":
        applied(place, backend)
    place.between.reset()
    before = history.last_event(place.file)
    ended = place.run(backend, READING[what])
    assert ended.code in (0, 1, 2, 3), ended.err
    assert place.between.requests
    assert not [request.document for request in place.between.requests if "mutation" in request.document]
    assert history.last_event(place.file) == before


# Half a read -------------------------------------------------------------------------------------------------------------


def empty_lists(request: Request, forward: Forward) -> Response:
    """Every list of the answer ends early, and says that there is more."""
    answer = forward().json
    for connection in _connections(answer):
        connection["edges"] = connection["edges"][:1]
        connection["pageInfo"] = {**connection["pageInfo"], "hasNextPage": True, "endCursor": "made up"}
    return as_json(answer)


def no_data(request: Request, forward: Forward) -> Response:
    """Everything that may be null is null, with an error beside it."""
    answer = forward().json
    data = dict.fromkeys(answer.get("data") or {})
    return as_json({"data": data, "errors": [{"message": "upstream timeout", "path": [*data][:1]}]})


def inner_null(request: Request, forward: Forward) -> Response:
    """The first list is null, with an error that names it: GraphQL's own way to answer in part."""
    answer = forward().json
    for name, value in (answer.get("data") or {}).items():
        if isinstance(value, dict) and value:
            key = sorted(value)[-1]
            value[key] = None
            return as_json({**answer, "errors": [{"message": "upstream timeout", "path": [name, key]}]})
    return as_json(answer)


def _connections(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if isinstance(value.get("edges"), list) and isinstance(value.get("pageInfo"), dict):
            yield value
        for each in value.values():
            yield from _connections(each)
    elif isinstance(value, list):
        for each in value:
            yield from _connections(each)


def without_evidence(plan: Json) -> Json:
    kept = {key: plan[key] for key in ("destination", "read", "hazards", "owned", "applyable", "complete", "proof")}
    kept["operations"] = [operation | {"evidence": None, "notes": []} for operation in plan["operations"]]
    kept["read"] = kept["read"] | {"pages": None}  # A list that ended early is asked for again.
    return kept


FAULTS: list[Fault] = [*PASSING, *LASTING, empty_lists, no_data, inner_null]


@pytest.mark.share
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_plan_under_faults_is_the_same_plan_or_none(place: Place, fault: Fault) -> None:
    """At each request of the plan in turn (in `make test`, at one in four).

    The manifest removes aliases, versions, tags, members, collections, registries. Evidence about versions is for readers only:
    where it cannot be had, the plan is the same without it, and every view says "not known" in its place.
    """
    backend = f"wandb:{place.between.url}"
    place.between.reset()
    plan = place.folder / "plan.json"
    assert place.run(backend, READING["plan"]).code == 0
    right, requests = json.loads(plan.read_bytes()), len(place.between.requests)
    assert "delete-registry" in {operation["kind"] for operation in right["operations"]}
    for number in some(range(requests), 4, FAULTS.index(fault)):
        plan.unlink(missing_ok=True)
        place.between.reset(once(fault, number))
        ended = place.run(backend, READING["plan"])
        if ended.code == 0:
            found = json.loads(plan.read_bytes())
            assert without_evidence(found) == without_evidence(right), (fault.__name__, number)
        else:
            assert ended.code == 1, ended
            assert not plan.exists()
    check_at_least("faults while planning: requests of one plan", requests)


@pytest.mark.parametrize("keep", [0, 100, 4096, 9000, 20_000, 40_000])
def test_a_registry_file_that_was_cut_off(place: Place, tmp_path: Path, keep: int) -> None:
    file = tmp_path / "registry.db"
    file.write_bytes(place.file.read_bytes()[:keep])
    ended = place.run(f"local:{file}", READING["plan"])
    assert ended.code == 1, ended
    assert "error:" in ended.err
