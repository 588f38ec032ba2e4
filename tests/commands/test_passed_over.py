"""A manifest in a folder that is not read, because of its name: every command that reads the folder says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.inside import Cli

COMMANDS = [
    ["validate", "m"],
    ["render", "m"],
    ["plan", "m"],
    ["drift", "m"],
    ["graph", "m"],
    ["why", "model/fraud", "m"],
    ["unmanaged", "m"],
    ["accept", "m"],
    ["set", "model/fraud-detector:canary=v0", "--yes", "m"],
    ["promote", "model/fraud-detector", "--from", "staging", "--to", "production", "m"],
    ["fmt", "--check", "m"],
    ["fmt", "--check", "--prune", "m"],
    ["apply", "--auto-approve", "m"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_is_named_once(adopted: Cli, command: list[str]) -> None:
    assert adopted("import", "-o", "m").code == 0
    Path("m/team.yaml.txt").write_text("apiVersion: regsync/v1\nregistries: {model: {}}\n")
    answer = adopted(*command)
    assert (answer.out + answer.err).count("team.yaml.txt") == 1
