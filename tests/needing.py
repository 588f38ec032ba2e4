"""Programs that some tests need beside Python: `@pytest.mark.needs("git")`.

`python -m tests.needing` installs what is missing where that asks nobody for a password: with apt, as root or with such a sudo.
Elsewhere those tests are left out, and the last line of `make test` says so. With REGSYNC_COMPLETE=1, as in `.ci/run`, nothing
may be left out: a test whose program is missing fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

PACKAGES = {"git": "git", "chromium": "chromium", "chromedriver": "chromium-driver"}
"""The Debian package of each program that a test may need."""


def missing(programs: Iterable[str] = PACKAGES) -> list[str]:
    """Those that are not on the PATH."""
    return [program for program in programs if shutil.which(program) is None]


def may_be_left_out() -> bool:
    """Whether a test may be left out because its program is missing."""
    return not os.environ.get("REGSYNC_COMPLETE")


def command(programs: Iterable[str]) -> str:
    """What a person types to install them."""
    return f"sudo apt-get install {' '.join(sorted({PACKAGES[program] for program in programs}))}"


def install(programs: list[str]) -> str:
    """Try to install them. Why that was not possible; empty where it was."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    before = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if before and not (shutil.which("sudo") and _works([*before, "true"])):
        return "that takes root's rights"
    apt = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    packages = sorted({PACKAGES[program] for program in programs})
    for step in (["update"], ["install", "--no-install-recommends", *packages]):
        done = subprocess.run([*apt, *step], capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
    return ""


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    if not (programs := missing()):
        return
    print(f"installing {', '.join(programs)} for the tests")
    if why := install(programs):
        print(f"not installed ({why}); the tests that need {', '.join(programs)} are left out", file=sys.stderr)


if __name__ == "__main__":
    main()
