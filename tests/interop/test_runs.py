"""Runs as their users meet them: what `run.log` logged is there to read."""

from __future__ import annotations

from tests.interop.clients import Client


def test_what_a_run_prints_is_kept_its_history_can_be_taken_back_and_there_are_no_sweeps(client: Client) -> None:
    seen = client.run("running", "bob", label=client.label)
    if seen["newer"]:  # The older client cannot read what was printed.
        steps = [[step, "info", f"at step {step}", True] for step in range(5)]
        assert seen["printed"] == [*steps, [5, "error", "what went wrong", True]]
        assert seen["last"] == ["what went wrong"]
    assert seen["state"] == "finished"
    assert seen["losses"] == [5, 4, 3, 0.5]
    assert seen["summary"] == 0.5
    assert seen["none"].pop("sweep").startswith("CommError: Could not find sweep")
    assert seen["none"].pop("queue").startswith("CommError")
    lists = ("sweeps", "reports", "automations", "all_automations", "integrations")
    assert seen["none"] == {**dict.fromkeys(lists, 0), "jobs": []}


def test_metrics_logged_step_by_step_are_read_back(client: Client) -> None:
    seen = client.run("history", "bob", registry=client.label)
    assert seen["resumed_at"] == 21
    assert seen["steps"] == [*range(22)]
    assert seen["losses"] == [1, 1 / 2, 1 / 3]
    assert seen["few"] == [0, 5, 10, 15, 21]
    assert seen["keyed"] == [[step, step] for step in range(1, 20, 2)]
    assert seen["scanned"] == [*range(22)]
    assert seen["some"] == [[5, 5], [7, 7], [9, 9]]
    assert seen["summary"] == {"loss": 0.01, "accuracy": 19}
    assert seen["last"] == 21
    (listed, read) = seen["logged"]
    assert listed == ["run_table", seen["table"], read[1]]
    assert read == ["run_table", read[1], [[1, "x"]], True]
    assert isinstance(read[1], int), "the step at which the run logged it"
    assert not seen["deleted"]
    assert "Could not find run" in seen["gone"]
