"""Documents that somebody made by hand, with a digest that fits: shown, or refused with a message; nothing in between."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync.console.files import check_shape
from regsync.core.canonical import document_digest
from regsync.core.plan_reading import decode_plan
from regsync.diagnostics import RegsyncError
from regsync.execution.receipt import decode_receipt_operations
from regsync.views import html, markdown, text
from tests.budget import share
from tests.commands.shell import Shell, shell
from tests.views import example
from tests.views.test_markdown_is_safe import check

Json = dict[str, Any]
__all__ = ["shell"]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
) | st.sampled_from(["op-99", "remove-alias", "**x**", "model/c:a", "@all", "\ud800", -1, 10**400, 1e308])


def changed(draw: st.DrawFn, value: Any) -> Any:
    """The value with something in it replaced, removed or added."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 9)) == 0:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], changed(draw, value[place]), *value[place + 1 :]]
    return draw(anything)


@st.composite
def made_by_hand(draw: st.DrawFn, noun: str) -> Json:
    document = copy.deepcopy(example.documents()[noun])
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(["operations"] * 3 + sorted(document)))
        document[key] = changed(draw, document[key])
    return document | {"digest": document_digest(document)}


@pytest.mark.parametrize("noun", ["plan", "receipt"])
@share(150)
@given(data=st.data())
def test_it_is_shown_or_refused(noun: str, data: st.DataObject) -> None:
    document = data.draw(made_by_hand(noun))
    try:
        if noun == "plan":
            decode_plan(document)
        else:
            decode_receipt_operations(document)
        check_shape(document, noun)
    except RegsyncError as error:
        assert error.message
        return
    views: list[Any] = [text, markdown, html]
    for view in views:
        shown = view.render_plan(document) if noun == "plan" else view.render_receipt(document)
        assert shown.encode("utf-8", "strict") if view is not markdown else check(shown)


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html"])
def test_the_refusal_says_where(shell: Shell, format_: str) -> None:
    document = copy.deepcopy(example.documents()["plan"])
    document["operations"][0]["evidence"] = 5
    document["digest"] = document_digest(document)
    shell.write("plan.json", json.dumps(document))
    answer = shell("show", "plan.json", "--format", format_)
    assert answer.code == 1
    assert "malformed: operations/0/evidence" in answer.err
    assert answer.out == ""
