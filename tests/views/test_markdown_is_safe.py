"""Nothing that a stranger wrote gets out of Markdown as anything but its own letters: checked with GitHub's own renderer."""

from __future__ import annotations

import html.parser
import re
import unicodedata
from typing import Any

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import example, given
from hypothesis import strategies as st

from regsync.views import gfm, markdown
from tests.budget import share
from tests.views.documents import ARSENAL, documents, given_texts, harmless_texts, hostile, hostile_texts

Json = dict[str, Any]
RENDERERS = {"plan": markdown.render_plan, "receipt": markdown.render_receipt, "drift": markdown.render_drift}
TAGS = {
    "h3", "h4", "p", "strong", "em", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "br", "hr",
    "details", "summary", "blockquote", "code", "input",
}  # fmt: skip
VOID = {"br", "hr", "input"}
ENLARGED = 10_000_000
"""Characters; nothing is cut."""
LIVELY = re.compile(r"@|#\d|:[a-z0-9_+-]+:|://|www\.|[$~!%&^][\w{\"(]|\b[0-9a-f]{7,40}\b|\[|\]|\bGH-\d")
"""What GitHub or GitLab would make something of, outside of code."""


class Reading(html.parser.HTMLParser):
    """The elements of a page in order without `code`, the text outside of code, and what stands in code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.skeleton: list[str] = []
        self.outside: list[str] = []
        self.inside: list[str] = []
        self._depth = 0
        self.feed(text)
        self.close()
        assert self._depth == 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert self._depth == 0, f"<{tag}> in code"
        assert {name for name, _ in attrs} <= ({"type", "disabled", "checked"} if tag == "input" else set()), attrs
        if tag == "code":
            self._depth += 1
            self.inside.append("")
        else:
            self.skeleton.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._depth -= 1
        elif tag not in VOID:
            self.skeleton.append("/" + tag)

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.inside[-1] += data
        else:
            self.outside.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data}")


def rendered(text: str) -> Reading:
    return Reading(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))


def check(text: str) -> Reading:
    assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c != "\n"]
    assert not re.search(r"^\s*/", text, re.MULTILINE), "a quick action"
    page = rendered(text)
    for words in page.outside:
        assert not LIVELY.search(words), words
    return page


@share(40)
@given(hostile_texts)
@example((ARSENAL * 10)[:300])
@example(ARSENAL[::-1] * 10)
@example(["   "] * 300)
@example([text + text for text in ARSENAL] * 8)
def test_hostile_texts_change_nothing_but_texts(texts: list[str]) -> None:
    wild, tame = documents(given_texts(texts)), documents(harmless_texts(texts))
    for noun, render in RENDERERS.items():
        page = check(render(wild[noun], limit=ENLARGED))
        assert page.skeleton == rendered(render(tame[noun], limit=ENLARGED)).skeleton


@share(25)
@given(hostile_texts, st.integers(0, 9000))
def test_a_page_that_is_cut_is_as_safe_and_never_too_long(texts: list[str], limit: int) -> None:
    for noun, document in documents(given_texts(texts)).items():
        text = RENDERERS[noun](document, limit=limit)
        assert len(text) <= limit
        check(text)


@share(300)
@given(hostile)
def test_code_shows_exactly_what_was_written(text: str) -> None:
    shown = gfm.plain(text)
    for table in (False, True):
        code = gfm.code(text, table=table, longest=1000)
        page = check(f"| a |\n|---|\n| {code} |\n" if table else f"a {code} b")
        assert "".join(page.inside) == (shown if shown.strip(" ") else page.inside[0])


@share(300)
@given(st.lists(hostile | st.sampled_from(["the", "alias", "v3", "(x)", "'y',", "100"]), min_size=1, max_size=6))
def test_prose_loses_no_word(texts: list[str]) -> None:
    page = check(f"- {gfm.prose(' '.join(texts))}")
    assert page.skeleton == ["ul", "li", "/li", "/ul"]


def test_a_sentence_reads_as_one() -> None:
    sentence = "takes the alias 'shadow' of model/fraud off v3 (acme-ml/fraud/detector:v0); 2 more, 50 %"
    shown = "takes the alias `shadow` of `model/fraud` off v3 (`acme-ml/fraud/detector:v0`); 2 more, 50 %"
    assert gfm.prose(sentence) == shown
