"""The command line on a W&B server: exit codes, what is shown, and the doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.wandb import faults
from tests.backends.wandb.faults import is_secret_in
from tests.backends.wandb.script import MANIFEST
from tests.backends.wandb.servers import OLD_FIELDS, denying, lacking, like_wandb
from tests.backends.wandb.wire import Relay, relay
from tests.backends.wandb.worlds import KEYS, Work

ALLOW = [
    f"--allow={name}"
    for name in (
        "remove-alias",
        "remove-protected-alias",
        "unlink-version",
        "delete-collection",
        "delete-registry",
        "irreversible",
        "mass-change",
        "latest-moves",
    )
]


class Line:
    """Runs command lines in a folder against a server, in processes of their own; keeps all that they print."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.printed = ""
        self.manifest = Work(folder, url).manifest(MANIFEST)

    def run(self, *arguments: str, user: str = "alice", **environment: str) -> tuple[int, str, str]:
        more = {
            "REGSYNC_BACKEND": f"wandb:{self.url}",
            "WANDB_API_KEY": KEYS[user],
            "REGSYNC_HTTP_TIMEOUT": "2",
            "REGSYNC_HTTP_DEADLINE": "2",
        }
        ended = subprocess.run(
            [sys.executable, "-c", "from regsync.commands import main; main()", *arguments],
            cwd=self.folder,
            env={**os.environ, **more, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.printed += ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    def written(self) -> str:
        """Everything that was written and shown."""
        files = [path for path in self.folder.rglob("*.json*") if path.is_file()]
        return self.printed + "".join(path.read_text() for path in files)


@pytest.fixture
def line(between: Relay, tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path, between.url)
    yield made
    secrets = [*KEYS.values(), *(b64encode(f"api:{key}".encode()).decode() for key in KEYS.values())]
    assert not is_secret_in(made.written(), secrets)


def test_plan_save_apply_and_plan_again(line: Line) -> None:
    manifest = str(line.manifest)
    assert line.run("plan", manifest, "-o", "plan.json")[0] == 3
    assert line.run("-vv", "plan", manifest, "-o", "plan.json", "--detailed-exitcode", *ALLOW)[0] == 2
    code, _, shown = line.run("-vv", "apply", "plan.json")
    assert code == 0 and "writing: HTTP 200" in shown
    assert line.run("plan", manifest, "--detailed-exitcode")[0] == 0
    code, out, _ = line.run("apply", "plan.json")
    assert code == 0 and "Already applied" in out


def test_a_server_that_goes_away_in_the_middle_leaves_a_true_receipt_and_can_be_finished(
    line: Line, between: Relay
) -> None:
    manifest = str(line.manifest)
    assert line.run("plan", manifest, "-o", "plan.json", *ALLOW)[0] == 0
    between.reset(faults.from_then_on(faults.bad_gateway, 20))
    assert line.run("apply", "plan.json")[0] == 4
    between.reset()
    assert line.run("apply", "plan.json")[0] == 0
    assert line.run("plan", manifest, "--detailed-exitcode")[0] == 0


def test_a_plan_that_was_overtaken_is_stale(line: Line) -> None:
    assert line.run("plan", str(line.manifest), "-o", "plan.json", *ALLOW)[0] == 0
    other = line.folder / "other.yaml"
    other.write_text(
        "apiVersion: regsync/v1\norganization: acme\n"
        "registries: {model: {collections: {detector: {aliases: {staging: v2}}}}}\n"
    )
    assert line.run("apply", str(other), "--auto-approve")[0] == 0
    code, _, shown = line.run("apply", "plan.json")
    assert code == 5 and "stale" in shown


@pytest.mark.parametrize("user", ["alice", "carol"])
def test_a_plan_belongs_to_a_server_and_a_user(line: Line, user: str) -> None:
    assert line.run("plan", str(line.manifest), "-o", "plan.json", *ALLOW)[0] == 0
    with relay(line.url) as elsewhere:
        url = elsewhere.url if user == "alice" else line.url
        code, _, shown = line.run("apply", "plan.json", user=user, REGSYNC_BACKEND=f"wandb:{url}")
    assert code == 5 and "another destination" in shown


def test_a_wrong_key_and_a_wrong_address(line: Line) -> None:
    manifest = str(line.manifest)
    code, out, shown = line.run("plan", manifest, WANDB_API_KEY="x" * 40)
    assert (code, out) == (1, "") and "does not accept the API key" in shown and "x" * 40 not in shown
    code, _, shown = line.run("plan", manifest, REGSYNC_BACKEND="wandb:http://wandb.example.com")
    assert code == 1 and "unencrypted" in shown
    code, _, shown = line.run("plan", manifest, WANDB_API_KEY="", HOME=str(line.folder))
    assert code == 1 and "there is no API key for 127.0.0.1" in shown
    code, _, shown = line.run("plan", manifest, REGSYNC_HTTP_TIMEOUT="soon")
    assert code == 1 and "REGSYNC_HTTP_TIMEOUT is 'soon'" in shown


def test_drift_reads_and_tells(line: Line) -> None:
    assert line.run("drift", str(line.manifest))[0] == 2


# The doctor ----------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_everything_well(line: Line) -> None:
    code, out, _ = line.run("doctor", str(line.manifest))
    assert code == 0
    for expected in ("organization", "acme (entity acme-org)", "from WANDB_API_KEY", "role admin: everything"):
        assert expected in out
    assert "registry fresh" in out and "missing, or not visible to this key" in out


def test_the_doctor_tells_what_a_role_is_too_weak_for(line: Line) -> None:
    code, out, _ = line.run("doctor", str(line.manifest), user="carol")
    assert code == 1
    assert "role member" in out and "protected aliases, members" in out and "only registry admins" in out
    code, out, _ = line.run("doctor", "--format", "json", user="carol")
    assert code == 0 and json.loads(out)["ok"] is True


def test_the_doctor_knows_what_the_key_is_for(line: Line) -> None:
    """A plan only reads: a weak key is enough for it, and not for an apply."""
    settings = line.manifest.with_name("settings.yaml")
    settings.write_text(
        "apiVersion: regsync/v1\norganization: acme\nregistries: {model: {protected_aliases: [production]}}\n"
    )
    code, out, _ = line.run("doctor", "--for", "plan", str(settings), user="carol")
    assert code == 0, out
    assert "role member" in out
    assert line.run("doctor", "--for", "apply", str(settings), user="carol")[0] == 1


def test_the_doctor_looks_up_the_declared_sources(line: Line) -> None:
    missing = line.manifest.with_name("missing.yaml")
    missing.write_text(
        "apiVersion: regsync/v1\norganization: acme\nregistries: {fresh: {collections: {new: {type: model, "
        "aliases: {x: 'acme-ml/fraud/nowhere:v1'}}}}}\n"
    )
    code, out, _ = line.run("doctor", "--for", "plan", str(missing))
    assert code == 1
    assert "problem  source acme-ml/fraud/nowhere:v1" in out


@pytest.mark.parametrize("behave", [like_wandb(), lacking(OLD_FIELDS)], ids=["wandb", "old"])
def test_the_doctor_tells_what_a_server_cannot_do(line: Line, between: Relay, behave: object) -> None:
    between.reset(behave)  # type: ignore[arg-type]
    code, out, _ = line.run("--organization", "acme", "doctor")
    assert code == 0
    assert "this server lets only its web app edit the list" in out and "not told by this server" in out


@pytest.mark.parametrize("fault", [faults.wrong_key, faults.bad_gateway, faults.answer_page, faults.redirect])
def test_the_doctor_tells_why_it_gets_no_further(line: Line, between: Relay, fault: faults.Fault) -> None:
    between.reset(faults.from_then_on(fault, 0))
    code, out, _ = line.run("doctor")
    assert code == 1 and out.startswith("problem")


def test_the_doctor_of_a_registry_file(line: Line) -> None:
    code, out, _ = line.run("doctor", str(line.manifest), REGSYNC_BACKEND="local:registry.db")
    assert code == 0 and "local:" in out and "role admin" in out
    code, out, _ = line.run("doctor", REGSYNC_BACKEND="local:missing.db")
    assert code == 1 and "problem" in out


def test_import_says_that_members_are_not_shown(line: Line, between: Relay) -> None:
    between.reset(denying("members", "teamMembers"))
    code, out, err = line.run("import", "model")
    assert code == 0 and "members:" not in out and "detector" in out
    assert "members and roles are not shown to this key, so the manifests have none of them: model" in err
    code, _, err = line.run("import", "model", "--no-members")
    assert code == 0 and "members" not in err
