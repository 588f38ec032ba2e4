"""Programs that some tests need beside Python: `@pytest.mark.needs("git")`.

`python -m tests.needing` installs what is missing where that asks nobody for a password: with apt, as root or with such a sudo,
and axe-core with npm, where there is npm, as `.ci/package-lock.json` pins it.
Elsewhere those tests are left out, and the last line of `make test` says so. With REGSYNC_COMPLETE=1, as in `.ci/run`, nothing
may be left out: a test whose program is missing fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGES = {"git": "git", "chromium": "chromium", "chromedriver": "chromium-driver"}
"""The Debian package of each program that a test may need."""
PINNED = Path(__file__).parents[1] / ".ci"
"""The folder with what npm installs."""
AXE = PINNED / "node_modules" / "axe-core" / "axe.min.js"
"""The script that a browser runs over a page, to find what shuts people out."""
SCRIPTS = {"axe-core": AXE}
"""What npm installs, and the file by which one sees that it has."""


def missing(programs: Iterable[str] = (*PACKAGES, *SCRIPTS)) -> list[str]:
    """Those that are not on the PATH; of npm's, those that are not installed."""
    return [each for each in programs if not (SCRIPTS[each].exists() if each in SCRIPTS else shutil.which(each))]


def may_be_left_out() -> bool:
    """Whether a test may be left out because its program is missing."""
    return not os.environ.get("REGSYNC_COMPLETE")


def command(programs: Iterable[str]) -> str:
    """What a person types to install them."""
    wanted = list(programs)
    packages = sorted({PACKAGES[each] for each in wanted if each in PACKAGES})
    ways = [f"sudo apt-get install {' '.join(packages)}"] if packages else []
    return " && ".join([*ways, *(["(cd .ci && npm ci --ignore-scripts)"] if set(wanted) & set(SCRIPTS) else [])])


def install(programs: list[str]) -> str:
    """Try to install them. Why that was not possible; empty where it was."""
    reasons = [_install_programs([each for each in programs if each in PACKAGES])]
    if set(programs) & set(SCRIPTS):
        reasons.append(_install_scripts())
    return "; ".join(filter(None, reasons))


def _install_scripts() -> str:
    if shutil.which("npm") is None:
        return "there is no npm here"
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(npm, cwd=PINNED, capture_output=True, text=True, check=False)
    return _last_line(done) if done.returncode else ""


def _install_programs(programs: list[str]) -> str:
    if not programs:
        return ""
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
            return _last_line(done)
    return ""


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return ((done.stderr.strip() or done.stdout.strip()).splitlines() or [f"status {done.returncode}"])[-1]


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> None:
    if not (programs := missing()):
        return
    print(f"installing {', '.join(programs)} for the tests")
    if why := install(programs):
        print(f"not installed ({why}); the tests that need {', '.join(missing())} are left out", file=sys.stderr)


if __name__ == "__main__":
    main()
