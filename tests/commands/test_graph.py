"""`regsync graph`: what is drawn is what the plan holds, and no name gets out of its label."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pydot
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.backends import open_reader
from regsync.core.plan_document import plan_document
from regsync.local.seed.planting import plant
from regsync.local.seed.reader import parse_seed
from regsync.local.store.database import create_store
from regsync.manifest.reading.load import load
from regsync.planning.making import plan_manifests
from regsync.views.graph import dot, edges, mermaid
from tests.budget import share

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pydot")
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
EVIL = [
    '"]; click op1 "javascript:alert(1)"',
    "<script>alert(1)</script>",
    "end",
    "`b`",
    "#quot;",
    "%% comment",
    "x\ny",
    "x;y",
    "]]",
    "\u202eabc",
    "\\N \\l",
    '\\"',
    "-->",
]


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("graph") / "registry.db"
    store, _ = create_store(file)
    plant(store, parse_seed((QUICKSTART / "seed.yaml").read_bytes(), "seed.yaml"))
    store.close()
    with open_reader(f"local:{file}", None, lambda _: None) as reader:
        return plan_document(plan_manifests(load([QUICKSTART / "registry.yaml"]), reader).plan)


def from_dot(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Labels by id, and arrows, as Graphviz's grammar reads them."""
    (graph,) = pydot.graph_from_dot_data(text) or []
    nodes = {node.get_name(): node.get("label") for node in graph.get_nodes() if node.get_name() != "node"}
    assert not graph.get_subgraphs()
    arrows = [(str(edge.get_source()), str(edge.get_destination())) for edge in graph.get_edges()]
    return {unquoted(name): unquoted(label) for name, label in nodes.items()}, [
        (unquoted(first), unquoted(then)) for first, then in arrows
    ]


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text.removeprefix('"').removesuffix('"'))


def from_mermaid(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The same of a flowchart, by a grammar that has nothing but what regsync writes."""
    head, *lines = text.removesuffix("\n").split("\n")
    assert head == "flowchart TD"
    nodes, arrows = {}, []
    for line in lines:
        node = re.fullmatch(r'  (\w+)\["((?:[\w .,/:()+~=-]|#\d+;|<br/>)*)"\](?::::(?:add|change|remove))?', line)
        arrow = re.fullmatch(r"  (\w+) --> (\w+)", line)
        if node:
            label = node[2].replace("<br/>", "\n")
            nodes[node[1]] = html.unescape(re.sub(r"#(\d+);", r"&#\1;", label))
        elif arrow:
            arrows.append((arrow[1], arrow[2]))
        else:
            assert re.fullmatch(r"  classDef (add|change|remove) stroke:#[0-9a-f]{6},stroke-width:2px", line), line
    return nodes, arrows


def test_both_draw_the_plan(quickstart: dict[str, Any]) -> None:
    operations = quickstart["operations"]
    nodes, arrows = from_dot(dot(quickstart))
    assert list(nodes) == [each["id"] for each in operations]
    assert arrows == edges(quickstart)
    assert len(arrows) > len(operations)
    drawn, lines = from_mermaid(mermaid(quickstart))
    assert list(drawn) == [each["id"].replace("-", "") for each in operations]
    assert list(drawn.values()) == list(nodes.values())
    assert lines == [(first.replace("-", ""), then.replace("-", "")) for first, then in arrows]
    assert drawn["op16"] == "+ set alias (protected)\ndataset/transactions:golden\nv0 = acme-ml/fraud/transactions:v1"


def test_nothing_to_do() -> None:
    assert from_dot(dot({"operations": []}))[0] == {"none": "No changes"}
    assert from_mermaid(mermaid({"operations": []}))[0] == {"none": "No changes"}


@share(100)
@given(st.lists(st.sampled_from(EVIL) | st.text(max_size=120), min_size=1, max_size=4))
def test_no_name_gets_out_of_its_label(names: list[str]) -> None:
    after = {"digest": "0" * 32, "index": 3}
    operations = [
        {
            "id": f"op-{number}",
            "kind": "set-alias",
            "address": f"model/{name}",
            "before": None,
            "after": {**after, "source": name},
            "protected": False,
            "depends_on": [f"op-{number - 1}"] if number else [],
        }
        for number, name in enumerate(names)
    ]
    nodes, arrows = from_dot(dot({"operations": operations}))
    drawn, lines = from_mermaid(mermaid({"operations": operations}))
    assert len(nodes) == len(drawn) == len(names)
    assert len(arrows) == len(lines) == len(names) - 1
    assert list(nodes.values()) == list(drawn.values())
    assert all(label.startswith("+ set alias\nmodel/") and label.count("\n") == 2 for label in nodes.values())
