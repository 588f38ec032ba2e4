"""The real `wandb` client, in the newest release and in one from about a year earlier, each run in a process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.worlds import api_key

OLDER = "0.23.0"
"""Released in November 2025, a year before 0.31."""
STEPS = Path(__file__).with_name("steps")
_TIMEOUT = 180


@dataclass(frozen=True, slots=True)
class Client:
    """A Python that has one release of `wandb` installed. `label` is short and legal in the names of things."""

    label: str
    python: Path
    server: str
    home: Path

    def run(self, steps: str, user: str, **arguments: Any) -> Any:
        """Run one file of `steps/` as that user; what it reports. Fails with its output where it fails."""
        done = self.attempt(["-m", f"tests.interop.steps.{steps}"], user, arguments)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    def attempt(
        self, command: list[str], user: str, arguments: dict[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python in an empty folder of its own with nothing in the environment but where to go and who asks."""
        home = Path(tempfile.mkdtemp(dir=self.home))
        return subprocess.run(
            [str(self.python), *command],
            input=json.dumps(arguments or {}),
            cwd=home,
            env={**_isolated(home), "WANDB_BASE_URL": self.server, "WANDB_API_KEY": api_key(user)},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )


def _isolated(home: Path) -> dict[str, str]:
    folders = {
        name: str(home / name.lower())
        for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR")
    }
    for folder in folders.values():
        Path(folder).mkdir()
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "WANDB_ERROR_REPORTING": "false",
        "NO_PROXY": "127.0.0.1",
        **folders,
    }


def older_python() -> Path:
    """The Python of an environment with the older release, made where it is missing; beside the tests' own environment.

    Several test processes may ask at once: one makes it and the others wait.
    """
    place = Path(sys.prefix) / "clients" / f"wandb-{OLDER}"
    place.parent.mkdir(exist_ok=True)
    python = place / "bin" / "python"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)], check=True)
            subprocess.run([*uv, "pip", "install", "--quiet", "--python", str(python), f"wandb=={OLDER}"], check=True)
            (place / "complete").touch()
    return python
