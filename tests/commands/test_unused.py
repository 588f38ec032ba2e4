"""What is left out of libraries in the process of the command line is left out of nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LEFT_OUT = "import sys; from regsync.console.unused import leave_out; leave_out(); import jsonschema_rs; "


def _says(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("print(jsonschema_rs.is_valid({'type': 'string'}, 'a'), 'email.utils' in sys.modules)", "True False"),
        (
            "import email.utils, random; print(email.utils.parsedate_to_datetime('1 Jan 2026 00:00:00 -0000'))",
            "2026-01-01 00:00:00",
        ),
        ("import httpx; print(httpx.Client().headers['user-agent'].split('/')[0])", "python-httpx"),
    ],
    ids=["the schema", "the dates", "httpx"],
)
def test_what_was_left_out_is_there_for_whoever_needs_it(code: str, says: str) -> None:
    assert _says(LEFT_OUT + code) == says


@pytest.mark.parametrize(
    "text",
    [
        "import email.utils\nformatted = email.utils.formatdate(0)",
        "from email.utils import formatdate\nformatted = formatdate(0)",
        "from email import utils\nformatted = utils.formatdate(0)",
    ],
)
def test_another_version_may_do_more_with_dates(text: str, tmp_path: Path) -> None:
    (tmp_path / "jsonschema_rs.py").write_text(text)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {LEFT_OUT} print(jsonschema_rs.formatted)"
    assert _says(code) == "Thu, 01 Jan 1970 00:00:00 -0000"


def test_the_command_line_loads_no_calendar_and_no_sockets(tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_text("apiVersion: regsync/v1\nregistries: {model: {}}\n")
    asked = "atexit.register(lambda: print('jsonschema_rs' in sys.modules, {'socket', 'random', 'calendar'} & {*sys.modules}))"
    code = f"import atexit, os, sys; os.chdir({str(tmp_path)!r}); {asked}; from regsync.__main__ import main; main(['validate'])"
    assert _says(code).splitlines()[-1] == "True set()"
