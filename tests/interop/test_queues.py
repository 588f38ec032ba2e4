"""Launch: queues that the client makes, fills, takes from and deletes."""

from __future__ import annotations

from tests.interop.clients import Client


def test_a_queue_is_made_filled_taken_from_and_deleted(client: Client) -> None:
    name = f"queue-{client.label}"
    seen = client.run("queues", "bob", queue=name)
    assert f"run queue acme-ml/model-registry/{name} already exists" in seen["again"]
    assert seen["facts"] == {
        "access": "PROJECT",
        "mode": "V0",
        "type": "local-container",
        "config": {"resource_args": {"local-container": {"cpus": "{{cpus}}", "name": "job with {{cpus}}"}}},
        "variables": [{"name": "cpus", "schema": '{"type":"integer","minimum":1,"maximum":4}'}],
        "links": {"links": [{"label": "docs", "url": "https://example.test"}]},
    }
    assert name in seen["listed"]
    first, urgent, late = seen["pushed"]
    assert seen["filled"] == {"cpus": 2, "name": "job with 2"}
    assert seen["wrong"] is None, "the client says nothing of a refusal: it takes the push for one that did not work"
    assert seen["items"] == dict.fromkeys((first, urgent, late), "pending")
    assert seen["taken"] == [[urgent, "urgent"], [first, "first"], [late, "late"]]
    assert seen["nothing"] is None
    assert (seen["acked"], seen["warned"], seen["failed"]) == (True, True, True)
    assert "already been acknowledged" in seen["twice"]
    assert seen["states"] == {first: "failed", urgent: "claimed", late: "leased"}
    assert seen["left"] == [first, urgent]
    assert seen["started"][0] == seen["started"][1]
    assert seen["status"] is True
    assert (seen["agent"]["runQueues"], seen["agent"]["agentStatus"]) == ([name], "KILLED")
    assert seen["gone"]
