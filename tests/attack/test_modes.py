"""What is written can be read by whoever wrote it, and through no link that somebody put there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from regsync.execution.files import write_whole

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")


def test_plans_and_receipts_are_their_owners_alone(tmp_path: Path) -> None:
    """Both are written by this function."""
    path = tmp_path / "plan.json"
    path.write_text("an older one")
    path.chmod(0o644)
    write_whole(path, "{}")
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert path.read_text() == "{}"


def test_a_link_where_the_result_is_prepared(tmp_path: Path) -> None:
    """The name of the file that becomes the result can be guessed; what a link there points at is not touched."""
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / f".plan.json.{os.getpid()}.tmp").symlink_to(target)
    write_whole(tmp_path / "plan.json", "{}")
    assert target.read_text() == "precious"
    assert (tmp_path / "plan.json").read_text() == "{}"
