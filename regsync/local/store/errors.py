"""What can go wrong with the embedded registry. Every error is for a person: a message, and a hint where there is one.

Two families: `Refused` is the registry saying no to a request that it understood (`code` is the HTTP status that
W&B answers in that case); `FileProblem` is about the registry file itself.
"""

from __future__ import annotations


class RegistryError(Exception):
    """Base of all errors of the embedded registry. `str(error)` is the message; `hint` says what to do next, or is None."""

    code = 500

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Refused(RegistryError):  # noqa: N818 - named after what the registry did
    """The request was understood and not done; nothing was changed."""

    code = 400


class Invalid(Refused):
    """The request itself is wrong: an illegal name, a type that the registry does not accept, a personal source."""

    code = 400


class Unauthorized(Refused):
    """The API key belongs to nobody."""

    code = 401


class Forbidden(Refused):
    """The thing is visible to the actor, and the actor's role does not allow this."""

    code = 403


class NotFound(Refused):
    """There is no such thing, or it is not visible to the actor. The two look the same on purpose."""

    code = 404


class Conflict(Refused):
    """The state of the registry stands in the way."""

    code = 409


class AlreadyExists(Conflict):
    """The name is taken. Deliberately vague about by what, as W&B is: it may be something the actor cannot see."""


class FileProblem(RegistryError):  # noqa: N818 - a family, not an error of its own
    """The registry file cannot be used as asked. Nothing was changed."""


class NoRegistryFile(FileProblem):
    """There is no file at the path."""


class NotARegistry(FileProblem):
    """The path holds something else: a folder, a file that is not SQLite, or another program's database."""


class NewerVersion(FileProblem):
    """The file was written by a later regsync."""


class Locked(FileProblem):
    """Another process kept the file locked longer than the timeout."""


class Stopped(FileProblem):
    """The work was ended before it was done: it took too long, nobody waits for it any more, or the registry is being closed."""


class ReadOnly(FileProblem):
    """The file or its folder cannot be written."""


class DiskFull(FileProblem):
    """There is no room left, or a quota is used up. What was being written has been rolled back."""


class Damaged(FileProblem):
    """SQLite reports that the file is damaged, or that reading or writing it failed."""
