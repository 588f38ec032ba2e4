"""`regsync reviewed`: the saved plan that reviewers saw in the pull request, after the merge."""

from __future__ import annotations

import os
from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings

MOST_RECEIPTS = 10
"""Receipts that are fetched: what the newest of them saw counts, and one tells of all that its plan was about."""


@click.command("reviewed")
@click.option("--github", "host", flag_value="github", help="On GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_SHA.")
@click.option("--gitlab", "host", flag_value="gitlab", help="On GitLab: GITLAB_TOKEN, CI_PROJECT_ID, CI_COMMIT_SHA.")
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default="plan.json",
    show_default=True,
    help="Where to save the plan.",
)
@click.option("--commit", metavar="SHA", help="The commit of the merge; without it, that of the CI job.")
@click.option(
    "--artifact",
    metavar="NAME",
    default="regsync-plan",
    show_default=True,
    help="What the plan was kept as; on GitLab, the job that kept it as plan.json.",
)
@click.option(
    "--workflow",
    metavar="FILE",
    default="plan.yml",
    show_default=True,
    help="On GitHub, the workflow that plans; what other workflows keep does not count.",
)
@click.option("--key", metavar="NAME", default="plan", show_default=True, help="The comment's key, as for comment.")
@click.option("--repository", metavar="NAME", help="OWNER/NAME, or on GitLab GROUP/PROJECT or its number.")
@click.option("--api-url", metavar="URL", help="The API's address, for a server of your own outside of its CI.")
@click.option("--author", metavar="NAME", help="The account that wrote the comment, where the token is not its own.")
@click.option(
    "--receipts",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="On GitHub: fetch the receipts of the newest applies instead, for plan --receipt and drift --receipt.",
)
@click.option("--branch", metavar="NAME", help="With --receipts: the branch whose runs apply; others do not count.")
@pass_settings
def command(
    settings: Settings,
    host: str | None,
    out: Path,
    commit: str | None,
    artifact: str,
    workflow: str,
    key: str,
    repository: str | None,
    api_url: str | None,
    author: str | None,
    receipts: Path | None,
    branch: str | None,
) -> int:
    """Fetch the plan that was reviewed in the merged pull request, and print the pull request's number.

    The newest plan counts that was made before the last approval (before the merge, where nobody approved) for the commit
    that was merged. Exit 5 where there is none, or the comment never showed it; 1 where none was reviewed.

    With --receipts, the receipts that runs on --branch kept under --artifact are written into DIR instead.
    """
    from regsync.execution.files import write_whole
    from regsync.forge import surroundings
    from regsync.forge.base import PlanJob
    from regsync.forge.reviewed import reviewed_plan

    if host is None:
        raise click.UsageError("say where: --github or --gitlab")
    asked = surroundings.Asked(repository, None, api_url, author)
    if receipts is not None:
        if host != "github" or not branch:
            raise click.UsageError("--receipts needs --github and --branch; GitLab keeps them in its cache")
        receipts.mkdir(parents=True, exist_ok=True)
        on_branch = surroundings.github_here(asked, os.environ).receipts(artifact, branch, MOST_RECEIPTS)
        number = 0
        for number, (name, data) in enumerate(on_branch, start=1):  # noqa: B007 - counts what was written
            write_whole(receipts / f"{name}.json", data.decode("utf-8", "replace"))
        settings.say(f"{number} receipts of applies on {branch} are in {receipts}")
        return 0
    on = surroundings.on_github if host == "github" else surroundings.on_gitlab
    merged, text = reviewed_plan(
        on(asked, os.environ), commit or surroundings.commit_of(os.environ, host), PlanJob(artifact, workflow), key
    )
    write_whole(out, text)
    settings.say(f"the plan of pull request {merged.number} is in {out}")
    click.echo(merged.number)
    return 0
