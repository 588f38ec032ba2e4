"""What users get: a wheel of this checkout in an empty environment, far from the checkout, with the server's extra and nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from regsync.commands import cli
from tests.docs.test_docs import every_command
from tests.local.processes import ROOT

pytestmark = pytest.mark.torture(seconds=15, whole=True)
QUICKSTART = ROOT / "examples" / "quickstart"


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel in it, and an empty folder to work in."""

    wheel: Path
    python: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",
            "REGSYNC_BACKEND": "local:registry.db",
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        """What `regsync` says on stdout."""
        done = subprocess.run(
            [str(self.python.with_name("regsync")), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Made once for all processes that run tests; each has a folder of its own to work in."""
    base = tmp_path_factory.getbasetemp()
    base = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheel"
    with base.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not base.exists():
            install_wheel(base)
    (wheel,) = base.glob("regsync-*.whl")
    made = Installed(wheel, base / "environment" / "bin" / "python", tmp_path_factory.mktemp("work"))
    where = [str(made.python), "-c", "import regsync; print(regsync.__file__)"]
    found = subprocess.run(where, cwd=made.folder, env=made.environment, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(base), "the environment must not see the checkout"
    return made


def install_wheel(base: Path) -> None:
    """A wheel of the checkout, and an environment with nothing else; from the package index that pip is set up with."""
    base.mkdir()
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", str(base), str(ROOT)], cwd=base, check=True
    )
    (wheel,) = base.glob("regsync-*.whl")
    python = base / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(base / "environment")], check=True)
    subprocess.run([str(python), *pip, "install", f"{wheel}[server]"], cwd=base, check=True)


@pytest.fixture(scope="module")
def planned(installed: Installed) -> Installed:
    """With the quickstart's registry, and a plan for its manifest."""
    for name in ("seed.yaml", "registry.yaml"):
        shutil.copy(QUICKSTART / name, installed.folder)
    installed.run("local", "seed", "seed.yaml")
    installed.run("plan", "registry.yaml", "-o", "plan.json")
    return installed


def test_every_file_of_the_package_is_in_the_wheel(installed: Installed) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "regsync").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    ours |= {f"regsync/{path.relative_to(ROOT)}" for path in (ROOT / "schemas").glob("*.json")}
    ours |= {
        f"regsync/{path.relative_to(ROOT)}"
        for host in ("github", "gitlab")
        for path in (ROOT / "examples" / host).rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(installed.wheel) as wheel:
        theirs = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
    assert theirs == ours


def test_every_command_answers_help(installed: Installed) -> None:
    for name, command in every_command(cli, "regsync"):
        shown = installed.run(*name.split()[1:], "-h")
        assert shown.startswith(f"Usage: {name} "), shown
        assert str(command.help).split(maxsplit=1)[0] in shown


@pytest.mark.parametrize("document", ["manifest", "plan", "receipt"])
def test_the_schemas_are_those_of_the_repository(installed: Installed, document: str) -> None:
    assert json.loads(installed.run("schema", document)) == json.loads(
        (ROOT / "schemas" / f"{document}.v1.schema.json").read_text("utf-8")
    )


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_repository_to_start_from(installed: Installed, host: str) -> None:
    installed.run("init", host, "--ci", host)
    made = installed.folder / host
    assert (made / ".regsync").exists() is False
    assert list(made.rglob("*.yml")), "no workflow was written"
    assert (made / "schemas" / "manifest.v1.schema.json").is_file()
    installed.run("validate", f"{host}/registries")


def test_a_plan_as_a_page_and_carried_out(planned: Installed) -> None:
    page = planned.run("show", "plan.json", "--format", "html")
    assert page.lower().startswith("<!doctype html>")
    assert "fraud-detector" in page
    assert "fraud-detector" in planned.run("show", "plan.json", "--format", "markdown")
    planned.run("apply", "plan.json")
    planned.run("plan", "registry.yaml", "--detailed-exitcode")


@pytest.fixture
def served(planned: Installed) -> Iterator[str]:
    """The address of `local serve`."""
    command = [str(planned.python.with_name("regsync")), "local", "serve", "--db", "registry.db"]
    log = planned.folder / "serve.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, cwd=planned.folder, env=planned.environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url), log.read_text()
        yield url
        process.terminate()
    assert process.returncode == 0, log.read_text()


def test_the_server_answers(planned: Installed, served: str) -> None:
    key = re.search(r"api_key: *(\S{40,})\b", (planned.folder / "seed.yaml").read_text())
    assert key is not None
    with httpx.Client(trust_env=False, auth=("api", key[1].rstrip(",}"))) as client:
        answer = client.post(f"{served}/graphql", json={"query": "{ viewer { username } }"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["viewer"]["username"]
