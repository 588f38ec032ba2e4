"""A server's refusal of a mutation, in words that say what to do."""

from __future__ import annotations

import re

from regsync.backends.wandb.connection.answers import Fault
from regsync.core import actions as a

_DENIED = re.compile(
    r"permission|not authori[sz]ed|forbidden|access denied|may not|not allowed to|requires? .*admin", re.I
)


def is_conflict(fault: Fault) -> bool:
    """Whether two links into one collection got in each other's way; W&B answers 409 to that."""
    return fault.code.upper() == "CONFLICT" or "409" in fault.message or "duplicate membership" in fault.message.lower()


def is_unknown_mutation(message: str, mutation: str) -> bool:
    """Whether a refusal of a document says that the server does not know that mutation, or its input."""
    type_ = f"{mutation[0].upper()}{mutation[1:]}Input"
    return (
        f'"{mutation}"' in message or f"'{mutation}'" in message or f'"{type_}"' in message or f"'{type_}'" in message
    )


def hint_for(action: a.Action, fault: Fault) -> str | None:
    """What to do about a refusal; None where the server's words are all there is."""
    message = fault.message.lower()
    if "linking is only allowed within" in message:
        return "log the artifact under a team of this organization; a personal entity's cannot be linked"
    if "different name" in message or "already" in message:
        return "the name is taken, perhaps by something that this key cannot see"
    if isinstance(action, a.LinkVersion) and "type" in message:
        return (
            f"a collection has one type, which never changes: link {action.version.type!r} into another collection, "
            "or have the registry accept it (artifact_types)"
        )
    if "protected" in message:
        return f"only admins of registry {action.registry} set, move or remove protected aliases; `regsync doctor` shows your role"
    if fault.code.upper() in {"PERMISSION_ERROR", "FORBIDDEN"} or _DENIED.search(message):
        return f"the key's role in registry {action.registry} does not allow this; `regsync doctor` shows your role"
    if fault.code.upper() == "NOT_FOUND" or "not found" in message:
        return "it is missing, or not visible to this key"
    return None
