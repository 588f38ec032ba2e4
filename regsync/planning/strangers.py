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
    """One for each new member who is not there, or not shown to this key: an error where the key is an admin's, who is shown
    everybody, and the apply could only stop there. Else a warning, because another key may see more.

    Asks only where members are new. Raises `BackendError`.
    """
    new = [
        (each, each.action.member)
        for each in operations
        if isinstance(each.action, SetMember) and each.action.old is None
    ]
    unknown = reader.unknown_members({member for _, member in new})
    return tuple(_told(operation, member, certain=unknown[member]) for operation, member in new if member in unknown)


def _told(operation: Operation, member: str, *, certain: bool) -> Diagnostic:
    name = member.removeprefix(TEAM_PREFIX)
    noun = "team" if member.startswith(TEAM_PREFIX) else "user"
    hint = "check the name; it is the user name, not the e-mail address" if noun == "user" else "check the name"
    if certain:
        message, severity = f"there is no {noun} {name!r}", Severity.ERROR
        hint = f"{hint}, or take the line out until that {noun} is there"
    else:
        doubt = "or this key cannot see it: an apply with such a key stops at this member"
        message, severity = f"there is no {noun} {name!r}, {doubt}", Severity.WARNING
    return Diagnostic("unknown-member", message, operation.reason.position, hint, severity)
