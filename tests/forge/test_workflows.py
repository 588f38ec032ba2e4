"""The example workflows and the GitLab template: what they refer to exists, and nothing of a stranger's reaches a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.shell import MOVES, Shell
from tests.forge.conftest import MOVED, PROJECT_TOKEN
from tests.forge.host import Host
from tests.forge.runner import names, names_of_condition

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
ACTION: Json = yaml.safe_load((ROOT / "action.yml").read_text())
EXAMPLES = sorted((ROOT / "examples" / "github").glob("*.yml"))
TEMPLATE: Json = yaml.safe_load((ROOT / "templates" / "gitlab.yml").read_text())
PERMISSIONS = {"contents", "pull-requests", "issues", "actions"}


def load(path: Path) -> Json:
    """A workflow; `on` is a boolean to YAML 1.1."""
    data: Json = yaml.safe_load(path.read_text())
    return {("on" if key is True else key): value for key, value in data.items()}


def test_the_action_looks_up_only_what_there_is() -> None:
    steps = ACTION["runs"]["steps"]
    known = {f"inputs.{name}" for name in ACTION["inputs"]}
    for step in steps:
        texts = [*step.get("env", {}).values(), *step.get("with", {}).values()]
        looked_up = set().union(*(names(str(text)) for text in texts)) | names_of_condition(step.get("if", ""))
        for name in looked_up:
            assert name in known or name.split(".")[0] in {"github", "runner"}, name
        known |= (
            {f"steps.{step['id']}.outputs.{output}" for output in re.findall(r'echo "([a-z-]+)=', step.get("run", ""))}
            if "id" in step
            else set()
        )
    for name, output in ACTION["outputs"].items():
        assert names(output["value"]) <= known, name


def test_every_input_is_used_and_explained() -> None:
    text = (ROOT / "action.yml").read_text()
    for name, entry in ACTION["inputs"].items():
        assert f"inputs.{name} " in text, name
        assert entry["description"].endswith("."), name
        assert "default" in entry, name


def test_shell_text_holds_no_expression_and_is_bash_that_parses() -> None:
    for step in ACTION["runs"]["steps"]:
        if "run" in step:
            assert "${{" not in step["run"]
            assert step["shell"] == "bash"
            assert subprocess.run(["bash", "-n"], input=step["run"], text=True, check=False).returncode == 0


def test_the_key_is_seen_by_one_step_only() -> None:
    seeing = [step.get("id") for step in ACTION["runs"]["steps"] if "wandb-api-key" in str(step)]
    assert seeing == ["regsync"]
    assert "secrets" not in (ROOT / "action.yml").read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_fits_the_action(path: Path) -> None:
    workflow = load(path)
    assert workflow.keys() <= {"name", "on", "permissions", "concurrency", "jobs"}
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        assert job.keys() <= {"needs", "if", "runs-on", "environment", "permissions", "outputs", "steps"}
        assert job.get("permissions", {}).keys() <= PERMISSIONS
        assert set(job.get("needs", "").split()) <= workflow["jobs"].keys()
        for step in job["steps"]:
            assert "run" not in step
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}|OWNER/regsync@COMMIT", step["uses"]), step["uses"]
            if step["uses"].startswith("OWNER/"):
                assert step.get("with", {}).keys() <= ACTION["inputs"].keys()
                assert step["with"]["mode"] in {"validate", "plan", "apply", "drift"}
            if step["uses"].startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_only_an_approved_job_has_the_key_that_writes() -> None:
    for path in EXAMPLES:
        workflow = load(path)
        for name, job in workflow["jobs"].items():
            if "WANDB_WRITE_KEY" in str(job):
                assert job["environment"] == "registry", name
                assert "pull_request" not in workflow["on"], name


def test_a_job_that_runs_for_forks_has_no_key() -> None:
    jobs = load(ROOT / "examples" / "github" / "plan.yml")["jobs"]
    for job in jobs.values():
        assert "secrets" not in str(job) or "head.repo.full_name == github.repository" in job["if"]


def test_what_the_jobs_ask_for_is_what_the_modes_need() -> None:
    needs = {mode: {"actions": "read", "pull-requests": "write"} for mode in ("plan", "apply")}
    needs |= {"drift": {"actions": "read", "issues": "write"}, "validate": {}}
    for path in EXAMPLES:
        for job in load(path)["jobs"].values():
            inputs = job["steps"][-1]["with"]
            wanted = {} if inputs.get("comment") == "false" else needs[inputs["mode"]]
            assert {key: job.get("permissions", {}).get(key) for key in wanted} == wanted


def test_the_gitlab_example_includes_the_template() -> None:
    example = yaml.safe_load((ROOT / "examples" / "gitlab" / ".gitlab-ci.yml").read_text())
    assert (ROOT / example["include"][0]["file"].lstrip("/")).exists()
    assert example["variables"].keys() <= TEMPLATE["variables"].keys()


def jobs() -> dict[str, Json]:
    return {name: job for name, job in TEMPLATE.items() if name.startswith("regsync-")}


def test_the_gitlab_jobs_see_only_their_key() -> None:
    for name, job in jobs().items():
        assert job.keys() <= {"extends", "rules", "script", "artifacts", "environment", "resource_group", "cache"}
        assert job["extends"] == ".regsync"
        assert ("WANDB_WRITE_KEY" in str(job)) == (name == "regsync-apply")
    assert TEMPLATE["regsync-apply"]["environment"] == "registry"
    assert "KEY" not in str(TEMPLATE["regsync-validate"])


class Pipeline:
    """A job of the template in the folder of a test, its script run by the shell that GitLab's runner takes."""

    def __init__(self, shell: Shell, host: Host) -> None:
        self.shell, self.host = shell, host

    def __call__(self, name: str, **variables: str) -> tuple[int, str]:
        around = {
            **{key: str(value) for key, value in TEMPLATE["variables"].items()},
            "REGSYNC_BACKEND": "local",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.shell.folder),
            "LC_ALL": "C.UTF-8",
            "GITLAB_TOKEN": PROJECT_TOKEN,
            "CI_PROJECT_ID": "42",
            "CI_API_V4_URL": self.host.gitlab,
            "CI_JOB_URL": "https://gitlab.com/acme/registry/-/jobs/5",
            "CI_COMMIT_SHA": "e5f6",
            **variables,
        }
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(TEMPLATE[name]["script"])],
            cwd=self.shell.folder,
            env=around,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout


def test_the_gitlab_jobs_from_the_merge_request_to_the_registry(shell: Shell, host: Host) -> None:
    run = Pipeline(shell, host)
    request = {"CI_MERGE_REQUEST_IID": "7"}
    (shell.folder / "registries").mkdir()
    shell.write("registries/moves.yaml", MOVES)
    assert run("regsync-validate")[0] == 0
    assert run("regsync-plan", **request)[0] == 0
    assert MOVED in host.bodies()[0]

    shell.write("registries/moves.yaml", "nonsense\n")
    assert run("regsync-plan", **request)[0] == 1
    assert "[The log](https://gitlab.com/acme/registry/-/jobs/5)" in host.bodies()[0]
    shell.write("registries/moves.yaml", MOVES + "          shadow: absent\n")
    assert run("regsync-plan", **request)[0] == 3
    shell.write("registries/moves.yaml", MOVES)
    assert run("regsync-plan", **request)[0] == 0

    assert run("regsync-drift")[0] == 0
    assert host.issues[0]["open"]

    assert run("regsync-apply")[0] == 1, "nothing was merged"
    host.merges = {"e5f6": {"number": 7, "head": "a1b2"}}
    plan = (shell.folder / "plan.json") if (shell.folder / "plan.json").exists() else None
    assert plan is None
    shell("plan", "registries", "-o", "plan.json")
    host.kept = [
        {"name": "regsync-plan", "number": 7, "head": "a1b2", "data": (shell.folder / "plan.json").read_bytes()}
    ]
    shell.write("registries/moves.yaml", MOVES.replace("detector:v2", "detector:v3"))
    assert run("regsync-apply")[0] == 5
    shell.write("registries/moves.yaml", MOVES)
    code, said = run("regsync-apply")
    assert code == 0, said
    assert shell.aliases()["production"] == 1
    assert host.bodies()[1].startswith("<!-- regsync:apply -->")
    assert run("regsync-drift")[0] == 0
    assert not host.issues[0]["open"]
    assert len(host.bodies()) == 2
