"""Every test that the page on security names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_that_the_page_names_are_there() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    file = Path()
    named = 0
    for path, test in re.findall(r"`((?:tests/)?[\w/]*\.py|…)(?:::(\w+))?`", page):
        if path != "…":
            file = ROOT / path if path.startswith("tests/") else ROOT / "tests" / "attack" / path
        assert file.is_file(), f"{path} is not there"
        if test:
            assert re.search(rf"^(?:async )?def {test}\b", file.read_text(encoding="utf-8"), re.M), (
                f"{test} is not in {path}"
            )
        named += 1
    assert named > 15
