"""`regsync comment`: a plan where its reviewers are, in one comment that is kept up to date."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.output import write_data

if TYPE_CHECKING:
    from regsync.console.pages import ShownPage
    from regsync.forge.sticky import Posted
    from regsync.forge.surroundings import Asked


@click.command("comment")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--github", "host", flag_value="github", help="On GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL."
)
@click.option("--gitlab", "host", flag_value="gitlab", help="On GitLab: GITLAB_TOKEN, CI_PROJECT_ID, CI_API_V4_URL.")
@click.option("--number", metavar="N", type=click.IntRange(1), help="The pull request; without it, that of the CI job.")
@click.option("--issue", "title", metavar="TITLE", help="Keep an issue instead; close it when there is nothing to say.")
@click.option(
    "--key", metavar="NAME", default=None, help="Which comment, where there are several. Default: the kind of FILE."
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(500), help="Cut the page to N characters. Default: what the host takes."
)
@click.option("--repository", metavar="NAME", help="OWNER/NAME, or on GitLab GROUP/PROJECT or its number.")
@click.option("--api-url", metavar="URL", help="The API's address, for a server of your own outside of its CI.")
@click.option("--author", metavar="NAME", help="The account of the token, for the token of a GitHub App of your own.")
@click.option("--read-only-ok", is_flag=True, help="Where the token may not write (a fork), say so and exit 0.")
@click.option(
    "--if-needed", is_flag=True, help="Begin no comment for a plan without changes; one that is there is updated."
)
@click.option("--dry-run", is_flag=True, help="Post nothing; show the page. It needs no token.")
@pass_settings
def command(
    settings: Settings,
    file: Path,
    host: str | None,
    number: int | None,
    title: str | None,
    key: str | None,
    limit: int | None,
    repository: str | None,
    api_url: str | None,
    author: str | None,
    read_only_ok: bool,
    if_needed: bool,
    dry_run: bool,
) -> int:
    """Post FILE as one comment on a pull request, or update the one that is there.

    FILE is a saved plan, a receipt, what `drift --format json` printed, or Markdown. The comment is found again by a
    hidden marker and by its author. On GitHub the page goes into the job's summary as well.
    """
    from regsync.console.pages import page_of
    from regsync.forge import github, gitlab, sticky
    from regsync.forge.base import ReadOnlyTokenError
    from regsync.forge.surroundings import Asked

    if host is None:
        raise click.UsageError("say where: --github or --gitlab")
    if key is not None and not sticky.KEY.fullmatch(key):
        raise click.BadParameter(f"{key!r}: small letters, digits and dashes, at most 40", param_hint="--key")
    page = page_of(file)
    key = key or page.kind
    most = min(limit or 10**9, github.LIMIT if host == "github" else gitlab.LIMIT)
    text = page.render(sticky.room(key, most, page.digest))
    _add_to_summary(text)
    if dry_run:
        write_data(text)
        return 0
    asked = Asked(repository, number, api_url, author)
    try:
        posted = _post(host, asked, key, text, title, page, most, always=not if_needed)
    except ReadOnlyTokenError as error:
        if not read_only_ok:
            raise
        settings.say(f"not posted: {error.message}")
        return 0
    click.echo(f"{posted.done}: {posted.url}" if posted.url else str(posted.done))
    return 0


def _post(
    host: str, asked: Asked, key: str, text: str, title: str | None, page: ShownPage, limit: int, *, always: bool
) -> Posted:
    from regsync.forge import sticky, surroundings

    if host == "github":
        forge, number_of = surroundings.on_github(asked, os.environ), surroundings.github_number
    else:
        forge, number_of = surroundings.on_gitlab(asked, os.environ), surroundings.gitlab_number
    if title is not None:
        return sticky.put_issue(forge, title, key, text, needed=page.needed)
    return sticky.put_comment(forge, number_of(asked, os.environ), key, text, page.digest, limit, always or page.needed)


def _add_to_summary(text: str) -> None:
    """The page in the summary of a GitHub job. It is written first: it can be read even where a comment cannot be made."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text + "\n")
