"""What this server has none of, and answers so: sweeps, saved views and reports, automations.

Nothing here can be made through the server either, so an empty list is the whole truth. Everything hangs on an object that the
viewer was found to see first.
"""

from __future__ import annotations

from typing import Any

from regsync.local.server.pages import Connection, listed


def _none() -> Connection:
    return listed((), str, str)


class NoAutomations:
    """No automation starts here, in no scope that can have some."""

    __slots__ = ()

    def triggers(self, **page: Any) -> Connection:
        return _none()


class NoIntegrations(NoAutomations):
    """An entity without automations, and without integrations with chats and webhooks."""

    __slots__ = ()

    def integrations(self, **page: Any) -> Connection:
        return _none()


class NoSweeps:
    """A project without sweeps, saved views and automations."""

    __slots__ = ()

    total_sweeps = 0

    @property
    def triggers(self) -> tuple[()]:
        return ()

    def sweep(self, sweep_name: str) -> None:
        return None

    def sweeps(self, **page: Any) -> Connection:
        return _none()

    def all_views(self, **page: Any) -> Connection:
        return _none()
