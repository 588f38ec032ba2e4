"""The repository's own workflows, beside what zizmor and actionlint look at in `make check` and `.ci/run`."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
REQUIREMENTS = ROOT / ".github/requirements"


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows" / name).read_text("utf-8"))
    return loaded


def test_an_action_has_one_commit_everywhere_and_says_which_version_that_is() -> None:
    pinned: dict[str, set[str]] = defaultdict(set)
    for path in (*WORKFLOWS, ROOT / "action.yml", *(ROOT / "examples/github").glob("*.yml")):
        for used in re.findall(r"uses: (actions/.*)", path.read_text("utf-8")):
            found = re.fullmatch(r"(actions/[\w-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", used)
            assert found, f"{path.name}: {used}"
            pinned[found[1]].add(found[2])
    assert pinned
    assert {name: commits for name, commits in pinned.items() if len(commits) > 1} == {}


def test_ci_starts_at_the_oldest_python_that_is_admitted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = [job["strategy"]["matrix"]["python"] for job in load("ci.yml")["jobs"].values() if "strategy" in job]
    assert versions
    assert all(f">={each[0]}" == project["requires-python"] for each in versions)


def test_what_builds_and_publishes_is_installed_by_hash() -> None:
    locked = (REQUIREMENTS / "release.txt").read_text("utf-8")
    for name in re.findall(r"^[a-z][\w-]*$", (REQUIREMENTS / "release.in").read_text("utf-8"), re.MULTILINE):
        assert re.search(rf"^{name}==\S+ .*\\\n +--hash=sha256:", locked, re.MULTILINE), name
    for job in load("release.yml")["jobs"].values():
        for step in job["steps"]:
            for line in re.findall(r".*pip\S* install .*", step.get("run", "")):
                assert "--require-hashes" in line or "$wheel" in line, line


def test_only_an_approved_job_can_publish_and_only_what_was_checked() -> None:
    jobs = load("release.yml")["jobs"]
    publishing = [name for name, job in jobs.items() if 'uv" publish' in str(job)]
    assert publishing == ["publish"]
    assert jobs["publish"]["environment"] == "pypi"
    assert jobs["publish"]["needs"] == "build"
    assert "build" not in str([step.get("run") for step in jobs["publish"]["steps"]])
