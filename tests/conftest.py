"""Fixtures that tests of several wings use: `regsync` in a process of its own (`shell`) and in this one (`cli`)."""

from __future__ import annotations

from hypothesis import settings

from regsync.local.store import keys
from tests.commands.inside import adopted, cli
from tests.commands.shell import edit, seeded, shell

__all__ = ["adopted", "cli", "edit", "seeded", "shell"]
pytest_plugins = ["tests.closing"]

settings.register_profile("any-machine", settings(deadline=None))  # How long an example takes is the machine's affair.
settings.load_profile("any-machine")

keys.COST = (
    2**4
)  # Slow hashes are for stolen files; the worlds of the tests, made by the hundred, hold nothing to steal.
