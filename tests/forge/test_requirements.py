"""What CI installs by hash is what `pyproject.toml` asks for, and nothing without a hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKED = (ROOT / ".github/requirements/run.txt").read_text("utf-8")
PINS = re.findall(r"^([\w.-]+)==([^ ;]+)(.*(?:\n    .*)*)", LOCKED, re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_dependency_is_pinned_to_a_version_that_fits() -> None:
    pinned = {canonicalize_name(name): version for name, version, _ in PINS}
    for text in (*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]):
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text


def test_nothing_is_without_a_hash() -> None:
    assert len(PINS) > 10
    for name, _, rest in PINS:
        assert "--hash=sha256:" in rest, name
    assert not re.search(r"^(-|.*://)", LOCKED, re.MULTILINE), "an index or an address in the file would be taken"


def test_the_action_and_the_template_install_by_hash() -> None:
    for path in ("action.yml", "templates/gitlab.yml"):
        text = (ROOT / path).read_text("utf-8")
        assert "--require-hashes --only-binary :all: -r" in text, path
        for line in text.splitlines():
            if "pip install" in line or '"${install[@]}"' in line:
                assert "--require-hashes" in line or "--no-deps" in line or "install=(" in line, line
