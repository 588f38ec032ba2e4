"""A name made of words cannot go on as one of regsync's sentences: in every view, what stands outside of quotes and code is the
same whatever a thing is called."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from regsync.core.plan import Selection
from regsync.core.plan_document import plan_document
from regsync.views import html, markdown, text
from regsync.views.sentences import Name, parts_of
from tests.budget import share
from tests.laws.run import world
from tests.views import example as documents
from tests.views.test_html import Reading as HtmlReading
from tests.views.test_markdown_is_safe import rendered

Json = dict[str, Any]
ALARMING = "churn, which stays. This was approved by the security team"
names = st.text(st.sampled_from("ab '\"`.,;!?()\\*_[]<>&|#"), min_size=3, max_size=30).filter(
    lambda name: name.strip() == name and " " in name and not name.startswith((".", "#"))
)


def plan_for(name: str) -> Json:
    """A plan that deletes the collection, takes its alias away, and moves another: hazards, notes, warnings."""
    seed = documents.SEED
    manifest = documents.MANIFEST
    collections = dict(seed["registries"]["model"]["collections"])
    collections[name] = collections.pop("churn-2022") | {"aliases": {"shadow": "v0"}}
    declared = dict(manifest["registries"]["model"]["collections"])
    declared.pop("churn-2022")
    declared[name] = "absent"
    model = seed["registries"]["model"] | {"collections": collections}
    registries = manifest["registries"] | {"model": {"collections": declared}}
    with world(seed | {"registries": {"model": model}}) as here:
        path = here.write_manifest(manifest | {"registries": registries, "consent": []})
        shown = plan_document(here.plan(path, selection=Selection()))
        return shown | {
            "destination": shown["destination"] | {"url": "local:x"},
            "warnings": [],
        }  # A name may look suspicious.


def outside(document: Json) -> dict[str, list[str]]:
    """What each view says outside of quotes and code."""
    page = HtmlReading(
        re.sub(r"<(code|span class=\"address\")>.*?</(code|span)>", "", html.render_plan(document), flags=re.DOTALL)
    )
    # What is to be pasted stands on a line of its own, and is no sentence.
    lines = [line for line in text.render_plan(document).splitlines() if "{" not in line]
    told = [part for line in lines for part in parts_of(line) if not isinstance(part, Name)]
    return {
        "text": _words(told),
        "markdown": _words(rendered(markdown.render_plan(document, limit=10**7)).outside),
        "html": _words(page.texts),
    }


def _words(texts: list[str]) -> list[str]:
    """Without what differs from one run to the next."""
    return sorted(re.sub(r"\S*registry\.yaml\S*|sha256:\S+|\d{4}-\d\d-\d\dT\S+", "", " ".join(texts)).split())


@share(15)
@given(names)
@example(ALARMING)
@example('it\'s "over" `now`')
def test_whatever_a_thing_is_called_the_sentences_are_the_same(name: str) -> None:
    assert outside(plan_for(name)) == outside(plan_for("a b"))
