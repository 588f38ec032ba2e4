"""Files that are read piece by piece mean what they mean when they are read at once."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.console import files
from regsync.console.files import check_shape, read_document
from regsync.console.json_file import load
from regsync.core.canonical import canonical_json, document_digest
from regsync.core.long import PIECE, Packed
from regsync.diagnostics import RegsyncError
from tests.budget import share
from tests.commands.inside import Cli
from tests.views import example

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
values = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=3), inside, max_size=4),
    max_leaves=15,
)


@share(200)
@given(values, st.integers(1, 40), st.sampled_from([None, 2]), st.booleans())
def test_it_is_the_same_wherever_the_text_is_cut(value: Any, window: int, indent: int | None, ascii_: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    assert load(io.StringIO(text), window) == value


@share(200)
@given(values, st.integers(1, 40), st.data())
def test_what_is_no_json_is_refused_wherever_the_text_is_cut(value: Any, window: int, data: st.DataObject) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    wrong = text[:at] + data.draw(st.sampled_from(["", ",", "]", "}", ":", '"', "1", "e", "NaN", " "])) + text[at + 1 :]
    try:
        expected = json.loads(wrong, parse_constant=_refused)
    except ValueError:
        with pytest.raises(ValueError):
            load(io.StringIO(wrong), window)
    else:
        assert load(io.StringIO(wrong), window) == expected


def _refused(name: str) -> None:
    raise ValueError(name)


@pytest.mark.parametrize("number", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE - 1])
def test_long_lists_stay_text(number: int) -> None:
    items = [{"a": [number], "b": "é"} for number in range(number)]
    found = load(io.StringIO(json.dumps({"operations": items, "undo": {"operations": items}})), 100)
    for each in (found["operations"], found["undo"]["operations"]):
        assert each == items
        assert isinstance(each, Packed) is (number > PIECE)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan of which the file and the list of operations count as large: each operation many times over."""
    monkeypatch.setattr(files, "LARGE", 1000)
    document = example.documents()["plan"]
    first = document["operations"][0]
    many = [first | {"id": f"op-{number}", "depends_on": []} for number in range(1, 2 * PIECE + 2)]
    path = tmp_path / "plan.json"
    path.write_text(canonical_json(_sealed(document | {"operations": many})), encoding="utf-8")
    return path


def _sealed(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"digest": document_digest(document)}


def test_the_schema_is_asked_about_every_operation(large: Path) -> None:
    document = read_document(large)
    assert isinstance(document["operations"], Packed)
    check_shape(document, "plan")
    wrong = json.loads(large.read_text(encoding="utf-8"))
    wrong["operations"][PIECE + 3]["surplus"] = 1
    large.write_text(canonical_json(_sealed(wrong)), encoding="utf-8")
    with pytest.raises(RegsyncError, match=f"operations/{PIECE + 3}"):
        check_shape(read_document(large), "plan")


def test_a_large_file_that_was_changed_or_cut_short_is_refused(large: Path, cli: Cli) -> None:
    whole = large.read_text(encoding="utf-8")
    large.write_text(whole.replace("acme-ml", "acme-mm", 1), encoding="utf-8")
    changed = cli("show", str(large))
    assert changed.code == 5
    assert "its digest does not fit" in changed.err
    large.write_text(whole[: len(whole) // 2], encoding="utf-8")
    cut = cli("show", str(large))
    assert cut.code == 1
    assert "is not whole: no JSON at character" in cut.err
