"""Who is acting: a user of the registry, or the owner of its file."""

from __future__ import annotations

from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a transaction acts for: a user, or (no `user_id`) the owner of the registry file, who may do everything.

    `plan` and `commit`: the digest of the plan that they say they carry out, and the Git commit of its manifests; "" without.
    They are the actor's own claim, kept with each change that the actor makes. Nothing may be allowed because of them.
    """

    user_id: int | None
    name: str
    plan: str = ""
    commit: str = ""

    @property
    def is_owner(self) -> bool:
        """Whether this is the owner of the file rather than a user in it."""
        return self.user_id is None


OWNER = Actor(None, "")
"""Whoever may open the file directly. Organization admin everywhere, and bound by the registry's own rules."""
