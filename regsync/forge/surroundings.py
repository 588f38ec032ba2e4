"""Where a CI job says that it runs: host, repository, number and token, from options first and variables second."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regsync.forge import github, gitlab
from regsync.forge.base import Forge, ForgeError
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; None where it leaves the choice to the variables of the CI."""

    repository: str | None = None
    number: int | None = None
    api_url: str | None = None
    author: str | None = None


def on_github(asked: Asked, variables: Mapping[str, str]) -> Forge:
    """The repository on GitHub. Raises `ForgeError` that names the variable which is missing."""
    return github_here(asked, variables)


def github_here(asked: Asked, variables: Mapping[str, str]) -> github.GitHub:
    """The same, with what only GitHub has."""
    token = _need(variables, "GITHUB_TOKEN", "give it to the step: GITHUB_TOKEN: ${{ github.token }}")
    repository = asked.repository or _need(variables, "GITHUB_REPOSITORY", "or give --repository OWNER/NAME")
    url, origin = _url(asked, variables, "GITHUB_API_URL", github.API)
    return github.GitHub(github.client(token, url, origin), repository, asked.author)


def on_gitlab(asked: Asked, variables: Mapping[str, str]) -> Forge:
    """The project on GitLab. Raises `ForgeError` that names the variable which is missing."""
    own = variables.get("GITLAB_TOKEN")
    token = own or variables.get("CI_JOB_TOKEN")
    if not token:
        raise ForgeError(
            "neither GITLAB_TOKEN nor CI_JOB_TOKEN is set",
            gitlab.ADVICE,
            code="no-token",
        )
    project = asked.repository or _need(variables, "CI_PROJECT_ID", "or give --repository GROUP/PROJECT")
    url, origin = _url(asked, variables, "CI_API_V4_URL", gitlab.API)
    client = gitlab.client(token, url, origin, job_token=not own)
    return gitlab.GitLab(client, project, asked.author, with_job_token=not own)


def github_number(asked: Asked, variables: Mapping[str, str]) -> int:
    """The pull request's number: asked for, or that of the event that the workflow runs for. Raises `ForgeError`."""
    if asked.number is not None:
        return asked.number
    path = _need(variables, "GITHUB_EVENT_PATH", "or give --number N")
    try:
        event: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ForgeError(f"GITHUB_EVENT_PATH: cannot read {path}: {error}", "give --number N", code="event") from None
    for key in ("pull_request", "issue"):
        found = event.get(key) if isinstance(event, dict) else None
        if isinstance(found, dict) and isinstance(found.get("number"), int):
            return int(found["number"])
    raise ForgeError(
        "this workflow does not run for a pull request (GITHUB_EVENT_PATH names none)",
        "run it on: pull_request, or give --number N",
        code="no-number",
    )


def gitlab_number(asked: Asked, variables: Mapping[str, str]) -> int:
    """The merge request's number within its project: asked for, or that of the pipeline. Raises `ForgeError`."""
    if asked.number is not None:
        return asked.number
    text = _need(
        variables,
        "CI_MERGE_REQUEST_IID",
        'run the job in merge request pipelines (rules: $CI_PIPELINE_SOURCE == "merge_request_event"), or give --number N',
    )
    if not (text.isascii() and text.isdigit()):
        raise ForgeError(f"CI_MERGE_REQUEST_IID is not a number: {text!r}", "give --number N", code="no-number")
    return int(text)


def commit_of(variables: Mapping[str, str], host: str) -> str:
    """The commit that the job runs for. Raises `ForgeError`."""
    return _need(variables, "GITHUB_SHA" if host == "github" else "CI_COMMIT_SHA", "or give --commit SHA")


def _url(asked: Asked, variables: Mapping[str, str], variable: str, otherwise: str) -> tuple[str, str]:
    if asked.api_url:
        return asked.api_url, "--api-url"
    return variables.get(variable) or otherwise, variable


def _need(variables: Mapping[str, str], name: str, hint: str) -> str:
    value = variables.get(name)
    if not value:
        raise ForgeError(f"{name} is not set", hint, code="missing-variable")
    return value
