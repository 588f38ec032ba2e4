"""A composite action, run as GitHub's runner runs one: expressions replaced, conditions looked at, `run:` steps as files for bash.

`uses:` steps are not run but kept, with their inputs, for the test to look at.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TERM = re.compile(r"'(?P<text>[^']*)'|(?P<name>[a-z_]+(?:\.[A-Za-z0-9_-]+)+)")


@dataclass
class Ran:
    """What a run of the action left: the failed step ("" for none), outputs, the log, and the steps that only `uses`."""

    failed: str
    outputs: dict[str, str]
    log: str
    used: list[Json]
    summary: str

    def step(self, action: str) -> Json | None:
        """The inputs of the step that uses an action, if it was run."""
        return next((each["with"] for each in self.used if each["uses"].startswith(f"{action}@")), None)


@dataclass
class Runner:
    """A machine that runs jobs: `temp` is its RUNNER_TEMP, `github` the context of the workflow."""

    action: Path
    workspace: Path
    temp: Path
    github: Json
    environment: dict[str, str]
    skipped: set[str] = field(default_factory=set)
    """Ids of steps that an earlier run on this machine has done."""
    path: str = os.environ["PATH"]

    def run(self, **inputs: str) -> Ran:
        """Run the action with inputs (`plan_file` stands for `plan-file`)."""
        text = (self.action / "action.yml").read_text(encoding="utf-8")
        data = yaml.safe_load(text)
        known = data["inputs"]
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= known.keys(), given.keys() - known.keys()
        contexts: Json = {"github": self.github, "steps": {}, "runner": {"temp": str(self.temp)}, "inputs": {}}
        contexts["inputs"] = {
            name: given.get(name, expand(str(entry.get("default", "")), contexts)) for name, entry in known.items()
        }
        summary = self.temp / f"summary-{len(list(self.temp.iterdir()))}.md"
        summary.touch()
        log, used, failed = "", [], ""
        for number, step in enumerate(data["runs"]["steps"]):
            name = step.get("id", f"step-{number}")
            if name in self.skipped or not holds(step.get("if", ""), contexts):
                continue
            if "uses" in step:
                used.append({"uses": step["uses"], "with": _expanded(step.get("with", {}), contexts)})
                continue
            code, said, outputs = self._script(name, step, contexts, summary)
            log += said
            contexts["steps"][name] = {"outputs": outputs}
            if code != 0:
                failed = name
                break
        results = {name: expand(entry["value"], contexts) for name, entry in data["outputs"].items()}
        return Ran(failed, results, log, used, summary.read_text(encoding="utf-8"))

    def _script(self, name: str, step: Json, contexts: Json, summary: Path) -> tuple[int, str, dict[str, str]]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], f"the step {name} puts an expression into shell text"
        script, output, path = (self.temp / f"{name}.{kind}" for kind in ("sh", "output", "path"))
        script.write_text(step["run"], encoding="utf-8")
        for each in (output, path):
            each.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_PATH": str(path), "GITHUB_STEP_SUMMARY": str(summary)}
        around = {
            **self.environment,
            "PATH": self.path,
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_REPOSITORY": self.github["repository"],
            "GITHUB_SHA": self.github["sha"],
            **files,
            **_expanded(step.get("env", {}), contexts),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.workspace,
            env=around,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=600,
            check=False,
        )
        for line in path.read_text().splitlines():
            self.path = f"{line}{os.pathsep}{self.path}"
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done.returncode, done.stdout, outputs


def _expanded(values: Mapping[str, Any], contexts: Json) -> dict[str, str]:
    return {name: expand(str(value), contexts) for name, value in values.items()}


def expand(text: str, contexts: Json) -> str:
    """The text with its expressions replaced. Names that lead nowhere are empty, as on GitHub."""
    return _EXPRESSION.sub(lambda match: _value(match[1], contexts), text)


def holds(condition: str, contexts: Json) -> bool:
    """Whether a condition of `==`, `!=` and `&&` holds; an empty one does."""
    return all(_compare(part, contexts) for part in condition.split("&&")) if condition else True


def names(text: str) -> set[str]:
    """Every name that the expressions of a text look up, as `inputs.mode`."""
    return {match["name"] for found in _EXPRESSION.findall(text) for match in _TERM.finditer(found) if match["name"]}


def names_of_condition(text: str) -> set[str]:
    """The same for an `if:`, which is an expression without its braces."""
    return names("${{ " + text + " }}")


def _compare(part: str, contexts: Json) -> bool:
    left, operator, right = re.fullmatch(r"\s*(\S+)\s*(==|!=)\s*(\S+)\s*", part).groups()  # type: ignore[union-attr]
    same = _value(left, contexts) == _value(right, contexts)
    return same if operator == "==" else not same


def _value(term: str, contexts: Json) -> str:
    match = _TERM.fullmatch(term)
    assert match is not None, f"the runner of the tests does not know {term!r}"
    if match["name"] is None:
        return match["text"]
    found: Any = contexts
    for part in match["name"].split("."):
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return "" if found == {} else str(found)
