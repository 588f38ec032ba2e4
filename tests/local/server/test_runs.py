"""Runs: asked to stop, and read by nobody who may not."""

from __future__ import annotations

import json

import httpx

from tests.interop.worlds import api_key
from tests.local.server.asking import ask
from tests.local.server.conftest import Served

MAKE = 'mutation ($name: String!) { upsertBucket(input: {entityName: "acme-ml", modelName: "halting", name: $name}) { bucket { id } } }'
STOP = "mutation ($id: ID!) { stopRun(input: {id: $id}) { success } }"
RUN = """query ($name: String!) { project(name: "halting", entityName: "acme-ml") { run(name: $name) {
  stopped shouldStop running failed exitcode logLineCount logLines(first: 10) { edges { node { number level line } } } } } }"""


SUMMARIZE = """mutation ($name: String!, $summary: JSONString!) { upsertBucket(input: {entityName: "acme-ml", modelName: "sorted",
  name: $name, summaryMetrics: $summary}) { bucket { id } } }"""
LIST = """query ($order: String!, $after: String) { project(name: "sorted", entityName: "acme-ml") {
  runs(order: $order, after: $after, first: 3) { edges { node { name } } pageInfo { endCursor } } } }"""


def _stream(served: Served, name: str, **chunk: object) -> None:
    path = f"{served.url}/files/acme-ml/halting/{name}/file_stream"
    httpx.post(path, json=chunk, auth=("api", api_key("bob"))).raise_for_status()


def test_a_run_hears_that_it_shall_stop_until_it_has(served: Served) -> None:
    key = ask(served.url, "bob", MAKE, name="one")["data"]["upsertBucket"]["bucket"]["id"]
    _stream(
        served, "one", files={"output.log": {"offset": 0, "content": ["ERROR 2026-01-02T03:04:05.678 no", "plain"]}}
    )
    assert ask(served.url, "carol", STOP, id=key)["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert ask(served.url, "bob", STOP, id=key)["data"] == {"stopRun": {"success": True}}
    lines = [
        {"node": {"number": 0, "level": "error", "line": "no"}},
        {"node": {"number": 1, "level": "info", "line": "plain"}},
    ]
    printed = {"logLineCount": 2, "logLines": {"edges": lines}}
    going = {"stopped": True, "shouldStop": True, "running": True, "failed": False, "exitcode": None, **printed}
    assert ask(served.url, "bob", RUN, name="one")["data"]["project"]["run"] == going
    assert ask(served.url, "carol", RUN, name="one")["data"]["project"] is None
    _stream(served, "one", complete=True, exitcode=3)
    ended = {"stopped": False, "shouldStop": False, "running": False, "failed": True, "exitcode": 3, **printed}
    assert ask(served.url, "bob", RUN, name="one")["data"]["project"]["run"] == ended


def test_runs_come_in_the_order_of_what_is_in_them(served: Served) -> None:
    losses = {"low": 0.25, "none": None, "high": 2, "middle": 0.5}
    for name, loss in losses.items():
        ask(
            served.url, "bob", SUMMARIZE, name=name, summary=json.dumps({} if loss is None else {"val": {"loss": loss}})
        )
    for order, expected in (
        ("+summary_metrics.val.loss", ["low", "middle", "high", "none"]),
        ("-summary_metrics.val.loss", ["none", "high", "middle", "low"]),
    ):
        found, after = [], None
        while len(found) < len(losses):
            page = ask(served.url, "bob", LIST, order=order, after=after)["data"]["project"]["runs"]
            found += [edge["node"]["name"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
        assert found == expected
    for order in ("summary_metrics.it's", 'config.a"b', "summary_metrics.", "summary_metrics.a..b"):
        assert ask(served.url, "bob", LIST, order=order)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
