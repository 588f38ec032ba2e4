"""`history`: who moved what, when, by which plan, joined from the registry, receipts and Git."""

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
from tests.commands.living import MANIFEST, by_hand, commit, living
from tests.commands.shell import SEED

__all__ = ["living"]
PRODUCTION = "model/fraud:production"


def entries(cli: Cli, *arguments: str) -> list[str]:
    ran = cli("history", *arguments, "--format", "json")
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    return [line(each) for each in document["entries"]]


def line(entry: dict[str, Any]) -> str:
    def version(held: Any) -> str:
        return held if isinstance(held, str) else "nothing" if held is None else f"v{held['index']}"

    how = "by a plan" if entry.get("apply") else "declared" if entry["what"] == "declared" else "by hand"
    return f"{entry['by']} {version(entry['before'])} → {version(entry['after'])} {how} {'+'.join(entry['told_by'])}"


def test_a_day_of_one_alias(living: Cli) -> None:
    by_hand("bob", lambda person: person.move("staging", 0))
    commit(MANIFEST.replace("detector:v1 ", "detector:v3 "), "Promote v3", "Carol")
    living("apply", "registry.yaml", "--auto-approve", "--target", PRODUCTION)
    told = entries(living, PRODUCTION)
    assert [each for each in told if not each.endswith("git")] == [
        "alice v1 → v3 by a plan registry+receipt",
        "alice v0 → v1 by a plan registry+receipt",
        "local:owner nothing → v0 by hand registry",
    ]
    assert [each for each in told if each.endswith("git")] == [
        "Carol acme-ml/fraud/detector:v1 → acme-ml/fraud/detector:v3 declared git",
        "Alice nothing → acme-ml/fraud/detector:v1 declared git",
    ]
    assert entries(living, "model/fraud:staging", "registry.yaml")[0] == "bob v2 → v0 by hand registry"
    text = living("history", "model/fraud").out
    assert "bob: moved from v2 = acme-ml/fraud/detector:v2 to v0" in text
    assert "no receipt here is of an apply that did it" in text
    assert "Registry: every move that it recorded." in text


def test_the_plan_and_the_commit_are_named(living: Cli) -> None:
    receipt = json.loads(next(Path(".regsync/receipts").glob("*.json")).read_text())
    text = living("history", PRODUCTION).out
    assert f"apply of plan {receipt['plan'][7:19]}, manifests of commit {receipt['manifest']['commit'][:12]}" in text
    assert f"commit {receipt['manifest']['commit'][:12]}: Declare fraud" in text


def test_an_undo_is_called_one(living: Cli) -> None:
    (receipt,) = Path(".regsync/receipts").glob("*.json")
    consents = [f"--allow={hazard}" for hazard in HazardName]
    assert living("undo", str(receipt), "-o", "undo.json", *consents).code == 0
    assert living("apply", "undo.json").code == 0
    assert "undo of plan" in living("history", PRODUCTION).out


def test_receipts_of_a_pipeline_count(living: Cli) -> None:
    shutil.move(".regsync/receipts", "artifact")
    assert (
        entries(living, PRODUCTION)[1] == "alice v0 → v1 by hand registry"
        or "by hand" in entries(living, PRODUCTION)[0]
    )
    assert "alice v0 → v1 by a plan registry+receipt" in entries(living, PRODUCTION, "--receipt", "artifact")
    (file,) = Path("artifact").glob("*.json")
    assert "alice v0 → v1 by a plan registry+receipt" in entries(living, PRODUCTION, "--receipt", str(file))


def test_a_removal_and_an_unlinked_version_have_their_words(living: Cli) -> None:
    by_hand("alice", lambda person: aliases.remove_aliases(person.tx, person.collection(), ["production"]))
    by_hand("alice", lambda person: person.unlink(2))
    text = living("history", "model/fraud").out
    assert "alice: removed from v1 = acme-ml/fraud/detector:v1" in text
    assert "alice: removed from v2 = acme-ml/fraud/detector:v2" in text


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("/dev/zero", "a device or a pipe"),
        ("nowhere", "No such file"),
        ("registry.yaml", "it is no JSON"),
        ("empty", "there is no receipt in this folder"),
        ("link", "No such file"),
    ],
)
def test_what_is_no_receipt_is_a_clear_error(living: Cli, argument: str, said: str) -> None:
    Path("empty").mkdir()
    Path("link").symlink_to("gone")
    ran = living("history", PRODUCTION, "--receipt", argument)
    assert ran.code == 1 and said in ran.err and "error: no receipt can be read from" in ran.err


def test_outside_of_git_and_without_manifests(cli: Cli) -> None:
    write_world(Path(".regsync/registry.db").absolute(), SEED)
    ran = cli("history", PRODUCTION)
    assert ran.code == 0, ran.err
    assert "Git: the manifests are not in Git." in ran.out
    assert cli("history", "nothing/here").code == 1
    wrong = cli("history", "model/fruad:production")
    assert wrong.code == 1 and "nothing is known of model/fruad:production" in wrong.err
    assert "did you mean 'model/fraud'" in cli("history", "model/fruad").err
    assert "no manifest" in cli("history").err or cli("history").code == 1


def test_over_http_the_same_is_told(living: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    users = {name: {"api_key": KEYS[name], "role": "admin"} for name in ("alice", "bob")}
    write_world(Path("there.db").absolute(), {**SEED, "users": users})
    with served(Path("there.db").absolute()) as url:
        backend = ("--backend", f"wandb:{url}")
        assert living(*backend, "apply", "registry.yaml", "--auto-approve").code == 0
        ran = living(*backend, "history", PRODUCTION, "--format", "json")
    told = [line(each) for each in json.loads(ran.out)["entries"]]
    assert told[0] == "alice v0 → v1 by a plan registry+receipt"
    assert told[-1] in {" nothing → v0 by hand registry", "Alice nothing → acme-ml/fraud/detector:v1 declared git"}


def test_a_server_that_keeps_no_record_is_one_plain_line(living: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
    users = {name: {"api_key": KEYS[name], "role": "admin"} for name in ("alice", "bob")}
    write_world(Path("there.db").absolute(), {**SEED, "users": users})
    with served(Path("there.db").absolute()) as url, relay(url) as between:
        between.behave = lacking(["aliasActionHistory"])
        backend = ("--backend", f"wandb:{between.url}")
        assert living(*backend, "apply", "registry.yaml", "--auto-approve").code == 0
        ran = living(*backend, "history", PRODUCTION)
    assert ran.code == 0 and "Registry: this server does not tell who moved aliases.\n" in ran.out
    assert "alice: moved from v0 = acme-ml/fraud/detector:v0 to v1" in ran.out, "the receipt tells"
    assert "the registry's own records do not tell of it" in ran.out


def test_markdown_keeps_strangers_in_code(living: Cli) -> None:
    commit(MANIFEST.replace("detector:v1 ", "detector:v3 "), "@team | <b> `x` approved", "Eve|")
    ran = living("history", PRODUCTION, "--format", "markdown")
    assert "``commit " in ran.out and "\\| <b> `x` approved``" in ran.out
