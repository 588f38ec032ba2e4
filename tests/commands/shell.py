"""The command line as its users have it: real processes in a folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.forking import FORKS, forker

SEED: dict[str, Any] = {
    "organization": "acme",
    "users": {
        "alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"},
        "bob": {"api_key": "bob-key-for-the-local-registry-0000000000", "role": "member"},
    },
    "teams": {"acme-ml": ["alice", "bob"]},
    "artifacts": {
        "acme-ml/fraud/detector": {"type": "model", "versions": 6},
        "acme-ml/fraud/rows": {"type": "dataset", "versions": 2},
    },
    "registries": {
        "model": {
            "protected_aliases": ["production"],
            "collections": {
                "fraud": {
                    "type": "model",
                    "versions": ["acme-ml/fraud/detector:v0", "acme-ml/fraud/detector:v1"],
                    "aliases": {"production": "v0", "staging": "v1", "shadow": "v0"},
                },
                "other": {
                    "type": "model",
                    "versions": ["acme-ml/fraud/detector:v0"],
                    "aliases": {"production": "v0"},
                },
            },
        }
    },
}

MOVES = """\
apiVersion: regsync/v1
organization: acme
registries:
  model:
    collections:
      fraud:
        type: model
        aliases:
          production: acme-ml/fraud/detector:v1
          staging: acme-ml/fraud/detector:v2
"""


STARTUP = ("PYTHON", "LC_", "LANG", "GITHUB_ACTIONS", "TF_BUILD")
"""Variables that count when Python starts, or where stdout is a pipe: a command that gets them is started, not forked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a process ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder, and `regsync` in it."""

    folder: Path

    def __call__(self, *args: str, stdin: str | None = None, **env: str) -> Answer:
        around = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **env}
        if FORKS and not any(name.startswith(STARTUP) for name in env):
            done = forker().run(args, self.folder, around, stdin or "")
        else:
            done = subprocess.run(
                [sys.executable, "-m", "regsync", *args],
                cwd=self.folder,
                env=around,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def aliases(self, collection: str = "fraud") -> dict[str, int]:
        """What the aliases of a collection point at, read past regsync's command line."""
        from regsync.backends import open_reader
        from regsync.core.live import RegistryScope

        with open_reader(f"local:{self.folder / '.regsync' / 'registry.db'}", None, lambda _: None) as reader:
            live = reader.observe({"model": RegistryScope(None, True)})
        return dict(live.registries["model"].collections[collection].aliases)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a seeded registry at the default place. It is made once; tests work in copies."""
    here = Shell(tmp_path_factory.mktemp("seeded"))
    here.write("seed.yaml", yaml.safe_dump(SEED, sort_keys=False))
    here.write("moves.yaml", MOVES)
    done = here("local", "seed", "seed.yaml")
    assert done.code == 0, done.err
    return here.folder


@pytest.fixture
def shell(tmp_path: Path, seeded: Path) -> Shell:
    """A seeded registry at the default place, and the manifest `moves.yaml`, which moves two aliases and links a version."""
    shutil.copytree(seeded, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path)


@pytest.fixture
def edit(shell: Shell) -> Callable[..., None]:
    """Write `moves.yaml` anew with texts replaced."""

    def replace(*pairs: tuple[str, str]) -> None:
        text = MOVES
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        shell.write("moves.yaml", text)

    return replace
