"""Where the modules and functions are missing that only POSIX systems have, most commands work and `apply` says what it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.inside import Cli

WITHOUT_POSIX = """
import errno, os, sys
for module in ("fcntl", "resource", "pwd", "grp", "termios", "tty"):
    sys.modules[module] = None
for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "set_blocking", "pread", "pwrite", "geteuid", "getuid", "fchmod"):
    if hasattr(os, name):
        delattr(os, name)
del errno.EDQUOT
from regsync.commands import main
sys.argv = ["regsync", *sys.argv[1:]]
main()
"""
SEED = """organization: acme
users: {alice: {api_key: alice_key_for_the_local_registry_00000000, role: admin}}
teams: {acme-ml: [alice]}
artifacts: {acme-ml/fraud/churn: {type: model, versions: 2}}
registries: {model: {}}
"""
MANIFEST = """apiVersion: regsync/v1
registries:
  model:
    collections:
      churn:
        type: model
        aliases:
          staging: acme-ml/fraud/churn:v1
"""


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (["validate", "m.yaml"], 0, "ok: 1 file"),
        (["fmt", "--check", "m.yaml"], 0, "1 read"),
        (["render", "m.yaml"], 0, "acme-ml/fraud/churn:v1"),
        (["schema", "manifest"], 0, "regsync manifest"),
        (["plan", "m.yaml", "-o", "plan.json"], 0, "3 to add"),
        (["set", "model/churn:production=acme-ml/fraud/churn:v1", "m.yaml"], 0, "production"),
        (["promote", "model/churn", "--from", "staging", "--to", "canary", "--yes", "m.yaml"], 0, "canary"),
        (["apply", "m.yaml", "--auto-approve"], 1, "apply runs on Linux and macOS"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_commands_without_posix(cli: Cli, tmp_path: Path, command: list[str], code: int, says: str) -> None:
    Path("seed.yaml").write_text(SEED)
    assert cli("local", "seed", "seed.yaml").code == 0
    Path("m.yaml").write_text(MANIFEST)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSIX, *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "defect" not in done.stderr
