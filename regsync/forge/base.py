"""What a host of pull requests can do for us: the few calls that `regsync.forge.sticky` is built on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from regsync.diagnostics import RegsyncError
from regsync.slots import NamedTuple


class ForgeError(RegsyncError):
    """A host refused, or could not be reached."""


class ReadOnlyTokenError(ForgeError):
    """The token may read and not write, as in a job for a pull request from a fork."""


class LostError(ForgeError):
    """A request may or may not have been carried out: its answer did not arrive, or is the server's own failure."""


class Comment(NamedTuple):
    """A comment, or an issue by its description. `author` is the account's name; `url` is for people."""

    id: int
    author: str
    body: str
    url: str


class Merged(NamedTuple):
    """The pull request that a commit was merged by, and when.

    `head`: the last commit of its branch; `foreign`: it came from a fork.
    """

    number: int
    head: str
    foreign: bool
    at: datetime


class Kept(NamedTuple):
    """A plan file that a run kept: when it was made, and the host's id for it."""

    made: datetime
    id: int


class PlanJob(NamedTuple):
    """Where plans come from, as the configuration says; whatever else keeps a file of that name does not count.

    `artifact`: what the plan is kept as; on GitLab the name of the job. `workflow`: the file of the workflow, for GitHub.
    """

    artifact: str
    workflow: str


class Forge(Protocol):
    """One repository on a host. Every method raises `ForgeError`; those that create raise `LostError` where nobody knows."""

    name: str
    """`GitHub` or `GitLab`, for messages."""

    def account(self) -> str:
        """The name of the account that the token writes as."""

    def comments(self, number: int) -> list[Comment]:
        """Every comment on a pull request, oldest first."""

    def add_comment(self, number: int, body: str) -> Comment:
        """Comment on a pull request."""

    def edit_comment(self, number: int, comment: int, body: str) -> Comment:
        """Replace the text of a comment."""

    def open_issues(self) -> list[Comment]:
        """Every open issue, oldest first."""

    def add_issue(self, title: str, body: str) -> Comment:
        """Open an issue."""

    def edit_issue(self, issue: int, title: str, body: str, *, close: bool) -> Comment:
        """Replace the title and the text of an issue, and close it where asked to."""

    def merged_by(self, commit: str) -> Merged | None:
        """The pull request that brought a commit to its branch; None where it was pushed."""

    def last_approval(self, merged: Merged) -> datetime | None:
        """When somebody who may approve last did so, for any commit of the pull request; None where nobody did.

        An approval that was dismissed or revoked is none.
        """

    def kept_plans(self, merged: Merged, job: PlanJob) -> Iterator[Kept]:
        """The plan files that runs of that job for the pull request's head kept, the newest first."""

    def fetch(self, merged: Merged, kept: Kept) -> bytes:
        """One of them."""
