"""API keys that the registry takes and the wandb client would not send are said to be so."""

from __future__ import annotations

from pathlib import Path

from tests.commands.shell import Shell

HYPHENATED = "carol-key-for-the-local-registry-0000000000"


def test_a_key_that_the_client_would_not_send(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("local", "init", "--org", "acme")
    told = shell("local", "user", "add", "carol", "--api-key", HYPHENATED)
    assert told.code == 0
    assert "will not send this key" in told.err
    silent = shell("local", "user", "add", "dave", "--api-key", HYPHENATED.replace("-", "_"))
    assert silent.code == 0
    assert silent.err == ""
    seeded = shell.write("seed.yaml", f"organization: acme\nusers: {{erin: {{api_key: erin-{'0' * 38}}}}}\n")
    assert "the key of erin" in shell("local", "seed", str(seeded)).err
