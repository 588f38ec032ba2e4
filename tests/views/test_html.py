"""The HTML view: one file that fetches nothing and runs nothing, whatever strangers wrote."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
from typing import Any

from hypothesis import example, given

from regsync.views import html as view
from tests.budget import share
from tests.views.documents import ARSENAL, documents, given_texts, harmless_texts, hostile_texts

Json = dict[str, Any]
RENDERERS = {"plan": view.render_plan, "receipt": view.render_receipt}


class Reading(html.parser.HTMLParser):
    """Elements and attributes in order, without texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.skeleton: list[str] = []
        self._in_code = False
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "action", "srcset"}]
        # What stands in code depends on the text: a name in a sentence, say. Nothing else may stand in it.
        assert not self._in_code, tag
        self._in_code = tag == "code"
        if not self._in_code:
            self.skeleton.append(f"{tag} {attrs}")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = False
        if tag != "code":
            self.skeleton.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


@share(25)
@given(hostile_texts)
@example(ARSENAL * 10)
@example(ARSENAL[::-1] * 10)
def test_hostile_texts_change_nothing_but_texts(texts: list[str]) -> None:
    wild, tame = documents(given_texts(texts)), documents(harmless_texts(texts))
    for noun, render in RENDERERS.items():
        text = render(wild[noun])
        assert Reading(text).skeleton == Reading(render(tame[noun])).skeleton
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)


def test_nothing_is_fetched_and_the_policy_allows_only_its_own_style() -> None:
    for noun, render in RENDERERS.items():
        text = render(documents(given_texts(None))[noun])
        assert not re.search(r"<(script|iframe|object|embed|form|base|img|svg|audio|video)\b", text)
        assert re.findall(r'\b(?:href|src)="([^"]*)"', text) == ["data:,"]
        assert not re.search(r"url\(|@import|https?://", text)
        style = text.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
        assert f'content="{policy}"' in text


def test_everything_of_the_document_is_on_the_page() -> None:
    document = documents(given_texts(f"text{number}" for number in range(300)))["plan"]
    shown = " ".join(Reading(view.render_plan(document)).texts)
    for operation in document["operations"]:
        assert operation["address"] in shown
        assert operation["reason"]["text"] in shown
        for words in [*operation["notes"], *(hit["message"] for hit in operation["hazards"])]:
            assert words in shown
    for words in (document["digest"], document["read"]["fingerprint"], document["manifest"]["commit"]):
        assert words in shown
    assert document["manual"][0]["text"] in shown
    assert document["warnings"][0]["hint"] in shown
    assert document["undo"]["irrevocable"][0]["why"] in shown
