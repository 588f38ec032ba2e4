"""One spelling for one value, in which nothing hides."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from regsync.core.canonical import canonical_json, canonical_pieces, document_digest, escape_invisible
from regsync.core.long import WRITTEN, Told
from tests.harmless import harmless

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("\x00\x1f\x7f\x85\u200b\u2028\ufeff\U000e0041é漢🎉")))


@given(TEXTS)
@example("\x7f")
@example("\U000e0041")
def test_nothing_invisible_is_left_in_canonical_json_and_the_value_is_the_same(text: str) -> None:
    written = canonical_json({"text": text})
    harmless(written)
    assert json.loads(written) == {"text": text}


def test_what_is_read_as_yaml_too_has_no_pairs_of_surrogates() -> None:
    value = {"text": "\x7f \u200b \U000e0041"}
    written = escape_invisible(json.dumps(value, ensure_ascii=False), "\uffff")
    assert "\\u007f \\u200b \U000e0041" in written
    assert yaml.safe_load(written) == json.loads(written) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, JSON, max_size=4))
@example({})
@example({"operations": list(range(2500)), "undo": {"operations": [{"é": "\x7f"}] * 1001, "lost": {}}})
@example({"bindings": {f"{number} é": [number] * (number == 7) * 1001 for number in range(2500)}, "after": {}})
@example({"exactly": [[]] * 1000, "two": [{}] * 2000, "deep": {"deeper": {"deepest": ["\u200b"] * 1200}}})
def test_the_pieces_of_a_document_are_its_canonical_json(document: dict[str, object]) -> None:
    assert "".join(canonical_pieces(document)) == canonical_json(document)


@pytest.mark.parametrize("number", [999, 1001, WRITTEN, WRITTEN + 1])
def test_a_list_that_is_digested_and_then_saved_is_spelled_once_unless_its_text_is_long(number: int) -> None:
    asked: list[int] = []

    def tell(each: int) -> dict[str, int]:
        asked.append(each)
        return {"b": each, "a": 0}

    items = [{"b": each, "a": 0} for each in range(number)]
    document = {"z": {"operations": Told(range(number), tell)}, "operations": Told(range(number), tell)}
    plain = {"z": {"operations": items}, "operations": items}
    assert document_digest(document) == document_digest(plain)
    first = len(asked)
    assert "".join(canonical_pieces(document)) == "".join(canonical_pieces(plain)) == canonical_json(plain)
    assert (len(asked) == first) == (1000 < number <= WRITTEN)
