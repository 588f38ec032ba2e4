"""Bad manifests: each gives exactly the diagnostics that its case expects, and never an exception of another kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regsync.diagnostics import DiagnosticsError
from regsync.manifest.reading.load import load
from tests.manifest.reading.cases import UPDATE, Case, cases

BAD = cases("bad")


def test_there_are_enough_of_them() -> None:
    assert len(BAD) >= 80


@pytest.mark.parametrize("case", BAD)
def test_diagnostics(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DiagnosticsError) as error:
        load(case.manifests, **case.options)
    seen = f"{error.value}\n"
    if UPDATE:
        case.update(seen)
        return
    assert seen == case.expected


@pytest.mark.parametrize("case", BAD)
def test_errors_have_a_place_and_a_hint(case: Case) -> None:
    lines = case.expected.splitlines()
    findings = [line for line in lines if not line.startswith("    hint: ")]
    assert findings
    assert len(findings) * 2 == len(lines), "a finding without a hint"
    for line in findings:
        assert re.match(r"\S+:\d+:\d+: |\S+\.yaml: |error: |warning: ", line), line
