"""Good manifests: what each declares, as `render` shows it, and the warnings that it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsync.manifest.reading.load import load
from regsync.manifest.writing.render import to_yaml
from tests.manifest.reading.cases import UPDATE, Case, cases


@pytest.mark.parametrize("case", cases("good"))
def test_rendered(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    loaded = load(case.manifests, **case.options)
    warnings = "\n".join(map(str, loaded.warnings)).splitlines()
    seen = to_yaml(loaded.desired) + "".join(f"# {line}\n" for line in warnings)
    if UPDATE:
        case.update(seen)
        return
    assert seen == case.expected
    Path("rendered.yaml").write_text(seen, "utf-8")
    assert to_yaml(load(["rendered.yaml"]).desired) == to_yaml(loaded.desired)
