"""The composite action from a clone of this repository to the comment, its steps run as the scripts that they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.shell import MOVES, Shell
from tests.forge.cloning import clone_here
from tests.forge.conftest import FORK_TOKEN, MOVED, TOKENS, WORKFLOW_TOKEN
from tests.forge.host import Host, zipped
from tests.forge.runner import Runner

pytestmark = pytest.mark.needs("git")
INSTALLING = {"home", "lang", "tmpdir", "ssl_cert_file", "requests_ca_bundle", "http_proxy", "https_proxy", "no_proxy"}
"""What pip needs of this machine's environment, beside its own PIP_ variables."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A machine with a clone of this repository as the action. The first run on it installs."""
    folder = tmp_path_factory.mktemp("machine")
    clone, temp, tools = clone_here(folder), folder / "temp", folder / "tools"
    for each in (temp, tools):
        each.mkdir()
    # What actions/setup-python leaves: a Python outside of any environment, first on the path.
    (tools / "python").symlink_to(Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"))
    kept = {name: value for name, value in os.environ.items() if name.lower() in INSTALLING or name.startswith("PIP_")}
    return Runner(clone, folder, temp, {}, kept, path=f"{tools}{os.pathsep}/usr/local/bin:/usr/bin:/bin")


@pytest.fixture
def runner(machine: Runner, shell: Shell, host: Host, event: Path) -> Runner:
    """That machine in a job for pull request 7, in a folder with a seeded registry and the manifests in `registries/`."""
    (shell.folder / "registries").mkdir()
    shell.write("registries/moves.yaml", MOVES)
    machine.workspace = shell.folder
    machine.github = {
        "repository": "acme/registry",
        "server_url": "https://github.com",
        "run_id": "99",
        "sha": "e5f6",
        "token": WORKFLOW_TOKEN,
        "event": {"pull_request": {"number": 7, "head": {"repo": {"full_name": "acme/registry"}}}},
    }
    machine.environment |= {"GITHUB_API_URL": host.github, "GITHUB_EVENT_PATH": str(event)}
    return machine


def ran(runner: Runner, **inputs: str) -> tuple[str, str, str]:
    """Outcome, exit code and failed step of a run that plans against the local registry."""
    result = runner.run(backend="local", **inputs)
    runner.skipped = {"install"}
    assert not any(token in result.log for token in TOKENS)
    return result.outputs["outcome"], result.outputs["exit-code"], result.failed


def test_changes_are_commented_summed_up_and_kept(runner: Runner, shell: Shell, host: Host) -> None:
    result = runner.run(backend="local")
    runner.skipped = {"install"}
    assert result.failed == "", result.log
    assert result.outputs == {"outcome": "changes", "exit-code": "2", "plan-file": "plan.json"}
    shown = f"<!-- shown: {shell.json('plan.json')['digest']} -->"
    assert host.bodies()[0].startswith(f"<!-- regsync:plan -->\n{shown}\n### regsync plan")
    assert MOVED in host.bodies()[0]
    assert MOVED in result.summary
    assert result.step("actions/upload-artifact") == {
        "name": "regsync-plan",
        "path": "plan.json",
        "if-no-files-found": "error",
    }
    assert shell.json("plan.json")["format"] == "regsync/plan/v1"
    installed = subprocess.run(
        [str(runner.temp / "regsync" / "bin" / "regsync"), "--version"], capture_output=True, text=True, check=True
    )
    assert installed.stdout.startswith("regsync ")


def test_no_changes_update_the_comment(runner: Runner, shell: Shell, host: Host) -> None:
    assert ran(runner) == ("changes", "2", "")
    assert shell("apply", "plan.json").code == 0
    assert ran(runner) == ("no-changes", "0", "")
    assert len(host.bodies()) == 1
    assert "no changes" in host.bodies()[0]


def test_a_refused_plan_is_shown_and_fails_the_job(runner: Runner, shell: Shell, host: Host) -> None:
    shell.write("registries/moves.yaml", MOVES + "          shadow: absent\n")
    result = runner.run(backend="local")
    runner.skipped = {"install"}
    assert (result.outputs["outcome"], result.outputs["exit-code"], result.failed) == ("refused", "3", "result")
    assert "remove-alias" in host.bodies()[0]
    assert result.step("actions/upload-artifact") is not None
    assert "::error::regsync plan: refused (exit code 3)" in result.log
    assert ran(runner, fail_on="1 4 5") == ("refused", "3", "")
    assert ran(runner, allow="remove-alias=1\nmass-change") == ("changes", "2", "")


def test_an_error_replaces_the_comment_that_is_out_of_date(runner: Runner, shell: Shell, host: Host) -> None:
    assert ran(runner) == ("changes", "2", "")
    shell.write("registries/moves.yaml", MOVES.replace("collections", "colections"))
    result = runner.run(backend="local")
    assert (result.outputs["outcome"], result.outputs["exit-code"], result.failed) == ("error", "1", "result")
    assert "did you mean" in result.log
    assert len(host.bodies()) == 1
    assert "### regsync plan: error" in host.bodies()[0]
    assert "(https://github.com/acme/registry/actions/runs/99)" in host.bodies()[0]
    assert result.step("actions/upload-artifact") is None


def test_a_plan_that_was_committed_is_never_taken_for_ours(runner: Runner, shell: Shell, host: Host) -> None:
    shell("plan", "moves.yaml", "-o", "plan.json")
    shell.write("registries/moves.yaml", "nonsense\n")
    assert ran(runner) == ("error", "1", "result")
    assert not (shell.folder / "plan.json").exists()
    assert "model/fraud" not in host.bodies()[0]


def test_a_pull_request_from_a_fork_gets_a_summary(runner: Runner, host: Host) -> None:
    runner.github["event"]["pull_request"]["head"]["repo"]["full_name"] = "mallory/registry"
    result = runner.run(backend="local", token=FORK_TOKEN)
    runner.skipped = {"install"}
    assert (result.outputs["outcome"], result.failed) == ("changes", "")
    assert "not posted" in result.log
    assert MOVED in result.summary
    assert host.bodies() == []


def test_a_token_that_should_write_and_cannot_fails_the_job(runner: Runner, host: Host) -> None:
    assert ran(runner, token=FORK_TOKEN) == ("changes", "2", "report")
    assert host.bodies() == []


def test_outside_of_pull_requests_the_summary_is_enough(runner: Runner, host: Host) -> None:
    runner.github["event"] = {}
    result = runner.run(backend="local")
    runner.skipped = {"install"}
    assert (result.outputs["outcome"], result.failed) == ("changes", "")
    assert MOVED in result.summary
    assert not host.seen


def test_inputs_are_never_run(runner: Runner, shell: Shell, host: Host) -> None:
    hostile = "$(touch run) `touch run`; touch run \"' ${{ github.token }}"
    manifests = f"registries\n{hostile}"
    assert ran(runner, manifests=manifests, issue_title=hostile, organization=hostile) == ("error", "1", "result")
    assert ran(runner, mode=hostile)[0] == "error"
    assert not (shell.folder / "run").exists()


def test_code_in_the_checkout_is_never_imported(runner: Runner, shell: Shell) -> None:
    for name in ("venv", "pip", "regsync", "click", "yaml", "httpx", "json", "sitecustomize"):
        shell.write(f"{name}.py", "open('run', 'w')\nraise SystemExit(9)\n")
    runner.skipped = set()
    assert runner.run(backend="local").outputs["outcome"] == "changes"
    assert not (shell.folder / "run").exists()
    runner.skipped = {"install"}


def test_lines_become_options(runner: Runner, shell: Shell) -> None:
    shell.write("registries/moves.yaml", MOVES.replace("acme-ml/fraud/detector:v1", "${model}:v1"))
    shell.write("more.yaml", "apiVersion: regsync/v1\nregistries: {model: {description: With an overlay}}\n")
    outcome = ran(
        runner,
        manifests="registries\n\nmore.yaml",
        variables="model=acme-ml/fraud/detector\n",
        overlays="more.yaml",
    )
    assert outcome == ("changes", "2", "")
    assert "With an overlay" in (shell.folder / "plan.json").read_text()


def merged(runner: Runner, shell: Shell, host: Host) -> None:
    """The plan is kept as an artifact, and the pull request merged; the job runs for the merge."""
    host.merges = {"e5f6": {"number": 7, "head": "a1b2"}}
    host.kept = [{"name": "regsync-plan", "head": "a1b2", "data": zipped((shell.folder / "plan.json").read_bytes())}]
    (shell.folder / "plan.json").unlink()
    runner.github["event"] = {}


def test_apply_does_exactly_the_reviewed_plan(runner: Runner, shell: Shell, host: Host) -> None:
    assert ran(runner) == ("changes", "2", "")
    merged(runner, shell, host)
    result = runner.run(backend="local", mode="apply")
    assert (result.outputs["outcome"], result.failed) == ("done", ""), result.log
    assert shell.aliases()["production"] == 1
    assert host.bodies()[1].startswith("<!-- regsync:apply -->\n### regsync apply: done")
    uploaded = result.step("actions/upload-artifact")
    assert uploaded is not None
    assert json.loads(Path(uploaded["path"]).read_text())["format"] == "regsync/receipt/v1"
    assert ran(runner, mode="apply") == ("done", "0", "")


def test_apply_refuses_other_manifests_and_a_registry_that_moved(runner: Runner, shell: Shell, host: Host) -> None:
    assert ran(runner) == ("changes", "2", "")
    merged(runner, shell, host)
    shell.write("registries/moves.yaml", MOVES.replace("detector:v2", "detector:v3"))
    result = runner.run(backend="local", mode="apply")
    assert (result.outputs["outcome"], result.outputs["exit-code"], result.failed) == ("stale", "5", "result")
    assert "not those that this plan was made from" in result.log
    shell.write("registries/moves.yaml", MOVES)
    shell.write("other.yaml", MOVES.replace("detector:v1", "detector:v3").replace("detector:v2", "detector:v4"))
    assert shell("apply", "other.yaml", "--auto-approve").code == 0
    before = shell.aliases()
    assert ran(runner, mode="apply") == ("stale", "5", "result")
    assert shell.aliases() == before


def test_apply_refuses_a_plan_that_nobody_reviewed(runner: Runner, shell: Shell, host: Host) -> None:
    assert ran(runner) == ("changes", "2", "")
    merged(runner, shell, host)
    host.comments[7][0]["body"] = "<!-- regsync:plan -->\nanother plan"
    shell.write("plan.json", "committed, and never reviewed")
    assert ran(runner, mode="apply") == ("stale", "5", "result")
    assert not (shell.folder / "plan.json").exists()
    host.merges = {}
    assert ran(runner, mode="apply") == ("error", "1", "result")
    assert shell.aliases()["production"] == 0


def test_apply_of_a_plan_from_the_same_workflow(runner: Runner, shell: Shell, host: Host) -> None:
    runner.github["event"] = {}
    assert ran(runner) == ("changes", "2", "")
    assert ran(runner, mode="apply", reviewed="false") == ("done", "0", "")
    assert not host.seen


def test_drift_keeps_an_issue(runner: Runner, shell: Shell, host: Host) -> None:
    runner.github["event"] = {}
    assert ran(runner, mode="drift") == ("changes", "2", "")
    assert [issue["title"] for issue in host.issues] == ["The registry differs from its manifests"]
    shell.write("registries/moves.yaml", "nonsense\n")
    assert ran(runner, mode="drift") == ("error", "1", "result")
    assert host.issues[0]["open"]
    shell.write("registries/moves.yaml", MOVES)
    shell("apply", "moves.yaml", "--auto-approve")
    assert ran(runner, mode="drift", fail_on="1 2") == ("no-changes", "0", "")
    assert not host.issues[0]["open"]


def test_validate_needs_nothing(runner: Runner, shell: Shell, host: Host) -> None:
    assert ran(runner, mode="validate", token="") == ("done", "0", "")
    shell.write("registries/moves.yaml", "nonsense\n")
    assert ran(runner, mode="validate", token="") == ("error", "1", "result")
    assert not host.seen


def test_the_last_receipts_tell_who_moved_what(runner: Runner, shell: Shell, host: Host) -> None:
    """Kept by runs on the default branch only: a pull request's or a fork's receipts could say anything."""
    runner.github["event"] = {**runner.github["event"], "repository": {"default_branch": "main"}}
    assert shell("apply", "registries", "--auto-approve", "--receipt", "receipt.json").code == 0
    receipt = (shell.folder / "receipt.json").read_bytes()
    shell.write("by-hand.yaml", MOVES.replace("detector:v2", "detector:v0"))
    assert shell("apply", "by-hand.yaml", "--auto-approve", REGSYNC_STATE_DIR="elsewhere").code == 0
    (shell.folder / "by-hand.yaml").unlink()
    shutil.rmtree(shell.folder / ".regsync/receipts")
    name = "regsync-plan-receipt"
    host.kept += [
        {"name": name, "head": "1", "data": zipped(receipt, "receipt.json"), "branch": "main", "event": "pull_request"},
        {"name": name, "head": "2", "data": zipped(receipt, "receipt.json"), "branch": "main", "foreign": True},
        {"name": name, "head": "3", "data": zipped(receipt, "receipt.json"), "branch": "topic", "event": "push"},
    ]
    assert ran(runner) == ("changes", "2", "")
    assert "since the last apply" not in host.bodies()[0]
    host.kept.append(
        {"name": name, "head": "4", "data": zipped(receipt, "receipt.json"), "branch": "main", "event": "push"}
    )
    assert ran(runner) == ("changes", "2", "")
    assert "since the last apply" in host.bodies()[0] and "model/fraud:staging" in host.bodies()[0]
