"""New members whom the registry does not know: the apply would stop at them, so the plan says it before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regsync.core.actions import SetMember
from regsync.core.operation import Operation
from regsync.diagnostics import Diagnostic, Severity
from regsync.names import TEAM_PREFIX

if TYPE_CHECKING:
    from regsync.backends.base import Reader


def strangers(operations: Sequence[Operation], reader: Reader) -> tuple[Diagnostic, ...]:
    """A warning for each new member who is not there, or not shown to this key: another key may see more, so it is no error.

    Asks only where members are new. Raises `BackendError`.
    """
    new = [
        (each, each.action.member)
        for each in operations
        if isinstance(each.action, SetMember) and each.action.old is None
    ]
    unknown = reader.unknown_members({member for _, member in new})
    return tuple(_warning(operation, member) for operation, member in new if member in unknown)


def _warning(operation: Operation, member: str) -> Diagnostic:
    name = member.removeprefix(TEAM_PREFIX)
    noun = "team" if member.startswith(TEAM_PREFIX) else "user"
    return Diagnostic(
        "unknown-member",
        f"there is no {noun} {name!r}, or this key cannot see it: an apply with such a key stops at this member",
        operation.reason.position,
        "check the name; it is the user name, not the e-mail address" if noun == "user" else "check the name",
        Severity.WARNING,
    )
