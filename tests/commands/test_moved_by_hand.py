"""A plan says what it would put back that somebody moved outside of Git; drift says whose move it was. Also in a pipeline."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from regsync.core.desired import HazardName
from regsync.local.store import aliases
from tests.backends.wandb.servers import lacking
from tests.backends.wandb.wire import relay
from tests.backends.wandb.worlds import KEYS, served, write_world
from tests.commands.inside import Cli
from tests.commands.living import MANIFEST, by_hand, living
from tests.commands.shell import SEED

__all__ = ["living"]
PRODUCTION = "model/fraud:production"


def plan(cli: Cli, *arguments: str) -> dict[str, Any]:
    ran = cli("plan", "registry.yaml", "--format", "json", *arguments)
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    return document


def drift(cli: Cli, *arguments: str) -> str:
    ran = cli("drift", "registry.yaml", *arguments)
    assert ran.code == 2, ran.err
    return ran.out


def marks(document: dict[str, Any]) -> list[str]:
    def version(held: Any) -> str:
        return "not set" if held is None else f"v{held['index']}"

    return [
        f"{each['address'][12:]} {version(each['before'])} → {version(each['after'])} by {each['by']}"
        f"{'' if each['since_apply'] else '?'}"
        for each in document["moved_by_hand"]
    ]


def test_a_pull_request_does_not_seem_to_move_what_others_moved(living: Cli) -> None:
    by_hand("bob", lambda person: person.move("staging", 0))
    Path("registry.yaml").write_text(MANIFEST.replace("detector:v1 ", "detector:v3 "), encoding="utf-8")
    document = plan(living)
    assert marks(document) == ["staging v2 → v0 by bob"]
    shown = {view: living("plan", "registry.yaml", "--format", view).out for view in ("text", "markdown", "html")}
    for view, text in shown.items():
        assert "by hand" in text and "bob" in text, view
    assert "moved by hand since the last apply: v2 → v0, by bob, 2" in shown["text"]
    assert shown["text"].count("moved by hand") == 1


def test_removed_and_set_by_hand(living: Cli) -> None:
    by_hand("bob", lambda person: aliases.remove_aliases(person.tx, person.collection(), ["staging"]))
    assert marks(plan(living)) == ["staging v2 → not set by bob"]
    assert "bob removed it in the registry since the last apply (2" in drift(living)


def test_an_alias_that_had_to_be_absent_was_set(living: Cli) -> None:
    text = MANIFEST + "          canary: absent\n"
    Path("registry.yaml").write_text(text, encoding="utf-8")
    living("apply", "registry.yaml", "--auto-approve")
    by_hand("bob", lambda person: person.move("canary", 0))
    out = drift(living)
    assert "bob set it in the registry since the last apply" in out
    assert "regsync accept" in out and "regsync apply" in out, "both ways out"


def test_the_version_was_unlinked_meanwhile(living: Cli) -> None:
    """The alias went with the link, and nobody can give the number of what is not linked any more."""
    by_hand("alice", lambda person: person.unlink(2))
    (mark,) = plan(living)["moved_by_hand"]
    assert mark["before"]["source"] == "acme-ml/fraud/detector:v2" and mark["before"]["index"] is None
    out = drift(living)
    assert "alice removed it in the registry since the last apply" in out


def test_the_same_inputs_give_the_same_plan(living: Cli) -> None:
    by_hand("bob", lambda person: person.move("staging", 0))
    assert plan(living) == plan(living)
    shutil.move(".regsync/receipts", "elsewhere")
    shutil.rmtree(".regsync/seen")
    assert (
        plan(living, "--receipt", "elsewhere")["moved_by_hand"]
        == plan(living, "--receipt", "elsewhere")["moved_by_hand"]
    )
    assert marks(plan(living, "--receipt", "elsewhere")) == ["staging v2 → v0 by bob"]


def test_without_a_receipt_the_registry_tells_what_is_put_back(living: Cli) -> None:
    shutil.rmtree(".regsync/receipts")
    by_hand("bob", lambda person: person.move("staging", 0))
    assert marks(plan(living)) == ["staging v2 → v0 by bob?"]
    assert "this puts back what was moved in the registry: v2 → v0, by bob" in living("plan", "registry.yaml").out
    Path("registry.yaml").write_text(MANIFEST.replace("detector:v2", "detector:v3"), encoding="utf-8")
    assert marks(plan(living)) == [], "it puts nothing back: the manifest wants something else"


def test_nothing_is_marked_that_an_apply_or_an_undo_did(living: Cli) -> None:
    (receipt,) = Path(".regsync/receipts").glob("*.json")
    consents = [f"--allow={hazard}" for hazard in HazardName]
    living("undo", str(receipt), "-o", "undo.json", *consents)
    assert living("apply", "undo.json").code == 0
    assert marks(plan(living)) == []
    assert "the last apply here was an undo, and the manifest still asks for what it took back" in drift(living)


def test_both_moved(living: Cli) -> None:
    by_hand("bob", lambda person: person.move("staging", 0))
    Path("registry.yaml").write_text(MANIFEST.replace("detector:v2", "detector:v3"), encoding="utf-8")
    assert "bob moved it in the registry since the last apply (2" in drift(living)
    assert "and the manifest changed as well" in drift(living)
    assert marks(plan(living)) == ["staging v2 → v0 by bob"]


def test_a_saved_plan_with_a_mark_is_read_back_and_applied(living: Cli) -> None:
    by_hand("bob", lambda person: person.move("staging", 0))
    assert living("plan", "registry.yaml", "-o", "plan.json").code == 0
    assert "moved by hand" in living("show", "plan.json").out
    ran = living("apply", "plan.json", "--expect-manifests", "registry.yaml")
    assert ran.code == 0, f"a mark is nothing that was reviewed as an operation: {ran.err}"
    assert marks(plan(living)) == []


def test_in_a_pipeline_the_last_receipts_are_brought_along(living: Cli) -> None:
    shutil.copytree(".regsync/receipts", "artifact/receipts")
    shutil.rmtree(".regsync/receipts")
    by_hand("bob", lambda person: person.move("staging", 0))
    assert "no receipt is at hand; in the registry, bob moved it last" in drift(living)
    assert "bob moved it in the registry since the last apply (" in drift(living, "--receipt", "artifact")


@pytest.mark.parametrize(("missing", "more", "who"), [((), 1, "bob"), (("aliasActionHistory",), 1, "")])
def test_one_request_more_and_only_where_something_was_moved(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], more: int, who: str
) -> None:
    """A server that keeps no record refuses the one request, and the plan is made without a name."""
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    users = {name: {"api_key": KEYS[name], "role": "admin"} for name in ("alice", "bob")}
    file = write_world(Path("there.db").absolute(), {**SEED, "users": users})
    Path("registry.yaml").write_text(MANIFEST, encoding="utf-8")
    with served(file) as server, relay(server) as between:
        between.behave = lacking(missing)
        there = ("--backend", f"wandb:{between.url}")

        def planned() -> tuple[int, dict[str, Any]]:
            before = len(between.requests)
            ran = cli(*there, "plan", "registry.yaml", "--format", "json")
            assert ran.code == 0, ran.err
            asked = [request for request in between.requests[before:] if "aliasActionHistory" in request.document]
            assert not any(request.writes for request in between.requests[before:])
            return len(asked), json.loads(ran.out)

        assert cli(*there, "apply", "registry.yaml", "--auto-approve").code == 0
        assert planned()[0] == 0, "nothing is asked where there is nothing to do"
        Path("registry.yaml").write_text(MANIFEST.replace("detector:v1 ", "detector:v3 "), encoding="utf-8")
        assert planned()[0] == 0, "the receipt tells that nobody moved it"
        by_hand("bob", lambda person: person.move("staging", 0), "there.db")
        asked, document = planned()
        assert (asked, [each["by"] for each in document["moved_by_hand"]]) == (more, [who])
