"""The server attacked from outside, as a process over loopback: REST from its OpenAPI description, GraphQL from its schema, and manifests.

No answer is ever a 500, and the server still stands at the end. `make torture` runs it: bounded in number and, with SECONDS, in time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regsync.local.server.app import create_app, refuse_method
from regsync.local.store.database import create_store
from tests.attack.people import KEYS, Server, is_defect, make_server, make_world, uploaded
from tests.attack.test_running import served
from tests.budget import Budget, seconds

HERE = Path(__file__).parent
DESCRIPTION = HERE / "server.openapi.json"
SCHEMA = HERE.parents[1] / "regsync" / "local" / "server" / "schema.graphql"
EXAMPLES = 400 if seconds() is None else 100
"""Of each operation; other ones each time."""
BATCH = 20
"""Examples between two looks at the clock."""


def test_the_description_names_every_address_of_the_api(tmp_path: Path) -> None:
    store, _ = create_store(tmp_path / "registry.db")
    described = {
        (path, method.upper())
        for path, methods in json.loads(DESCRIPTION.read_text())["paths"].items()
        for method in methods
    }
    routes = {
        (route.path.replace(":path", ""), method)
        for route in create_app(store).routes
        if not route.endpoint.__module__.startswith("regsync.local.pages")  # type: ignore[attr-defined]
        and route.endpoint is not refuse_method  # type: ignore[attr-defined]
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert described == routes
    store.close()


@pytest.fixture
def url(tmp_path: Path) -> Any:
    path = tmp_path / "registry.db"
    store, _ = create_store(path)
    make_world(store)
    store.close()
    with served(path) as (process, address):
        yield address
        assert process.poll() is None, "the server still stands"
        asked = httpx.post(
            f"{address}/graphql", json={"query": "{ viewer { name } }"}, auth=("api", KEYS["bob"]), timeout=60
        )
        assert asked.json() == {"data": {"viewer": {"name": "bob"}}}
    assert "Traceback" not in path.with_suffix(".log").read_text()


def campaign(name: str, strategy: st.SearchStrategy[Any], send: Callable[[Any], int]) -> None:
    """Send what the strategy makes until there have been `EXAMPLES` or the time is over; say what came back."""
    answers: Counter[int] = Counter()
    budget = Budget()

    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def attack(case: Any) -> None:
        status = send(case)
        answers[status] += 1
        assert status < 500, case

    while sum(answers.values()) < EXAMPLES and not budget.is_spent:
        before = sum(answers.values())
        attack()
        if sum(answers.values()) - before < BATCH // 2:
            break  # There is not more to try.
    shown = ", ".join(f"{status}: {number}" for status, number in sorted(answers.items()))
    print(f"server fuzz, {name}: {sum(answers.values())} requests ({shown})")


JSONS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(st.characters(exclude_categories=())),
        st.sampled_from(["contents", "digest", "size", "ref", "1B2M2Y8AsgTpgAmY7PhCfg==", "s3://bucket/key"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
ENTRIES = st.fixed_dictionaries({}, optional={"digest": JSONS, "size": JSONS, "ref": JSONS, "extra": JSONS})
MANIFESTS = st.one_of(
    JSONS,
    st.fixed_dictionaries({"contents": st.one_of(JSONS, st.dictionaries(st.text(max_size=5), ENTRIES, max_size=3))}),
)


FILTERS = st.sampled_from(
    ['{"name": {"$regex": "a"}}', '{"metadata.n": {"$gt": 1}}', '{"$or": [{"alias": "x"}]}', '{"version": "v1"}']
)


def is_text(value: str) -> bool:
    """Whether it is Unicode: what stands in a document is."""
    try:
        value.encode()
    except UnicodeError:
        return False
    return True


@pytest.mark.torture
def test_rest(url: str) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    schema = schemathesis.openapi.from_path(str(DESCRIPTION))
    with httpx.Client(timeout=120) as client:
        for found in schema.get_all_operations():
            operation = found.ok()

            def send(case: Any) -> int:
                answer = case.call(base_url=url, auth=("api", KEYS["bob"]), timeout=120)
                return int(answer.status_code)

            campaign(f"{operation.method.upper()} {operation.path}", operation.as_strategy(), send)
        assert client.get(url).status_code == 200


@pytest.mark.torture
def test_graphql(url: str) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    nodes = schemathesis.graphql.nodes
    for name, strategy in {
        "Int64": st.integers(-(2**63), 2**63 - 1).map(nodes.Int),
        "JSONString": st.one_of(FILTERS, JSONS.map(json.dumps)).filter(is_text).map(nodes.String),
        "JSON": st.just(nodes.Null),
        "DateTime": st.sampled_from(["2026-01-01T00:00:00Z", "x"]).map(nodes.String),
    }.items():
        schemathesis.graphql.scalar(name, strategy)
    schema = schemathesis.graphql.from_path(str(SCHEMA))
    with httpx.Client(timeout=120, auth=("api", KEYS["bob"])) as client:
        for found in schema.get_all_operations():
            operation = found.ok()

            def send(case: Any) -> int:
                answer = client.post(f"{url}/graphql", json={"query": case.body})
                return 500 if is_defect(answer.json()) else answer.status_code

            campaign(f"{operation.label}", operation.as_strategy(), send)


@pytest.mark.torture
def test_manifests(tmp_path: Path) -> None:
    """In this process: they go to signed addresses, which nothing finds by chance."""
    with make_server(tmp_path / "registry.db") as server:
        campaign("manifests", MANIFESTS, lambda manifest: _upload(server, manifest))


def _upload(server: Server, manifest: Any) -> int:
    raw = json.dumps(manifest).encode("utf-8", "surrogatepass")
    answer = uploaded(server, "bob", "acme-ml", "p", "fuzzed", {}, digest="x", raw_manifest=raw)
    return int(answer.get("status", 200))
