"""A page never exceeds its limit, shows the most important things, and counts what it leaves out."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regsync.views.fitting import Page, Section, fit
from regsync.views.markdown import GITHUB_LIMIT, GITLAB_LIMIT, render_plan, render_receipt
from tests.views.documents import documents, given_texts

Json = dict[str, Any]


def large_plan(removals: int, moves: int, additions: int) -> Json:
    """A plan with that many operations, made from single ones."""
    document = documents(given_texts(None))["plan"]
    by_kind = {operation["kind"]: operation | {"hazards": []} for operation in document["operations"]}

    def many(kind: str, number: int, registry: str) -> list[Json]:
        return [by_kind[kind] | {"id": f"{kind}-{n}", "address": f"{registry}/c{n}:a"} for n in range(number)]

    operations = many("link-version", additions, "model") + many("set-alias", moves, "dataset")
    return document | {"operations": operations + many("remove-alias", removals, "other")}


def test_ten_thousand_changes_make_a_useful_comment() -> None:
    text = render_plan(large_plan(30, 3_000, 7_000))
    assert GITHUB_LIMIT - 3_000 < len(text) <= GITHUB_LIMIT
    assert text.startswith("### regsync plan: 30 to remove, 3,000 to change, 7,000 to add\n")
    assert text.count("| `-` remove alias ") == 30
    assert text.count("| `~` move alias ") > 50
    assert text.count("| `+` link version") >= 5
    notice = next(line for line in text.splitlines() if "Cut to fit" in line)
    for noun in ("changes", "additions", "folds about versions"):
        assert re.search(rf"[\d,]+ {noun}", notice)
    left_out = 3_000 - text.count("| `~` move alias ")
    assert f"{left_out:,} changes" in notice
    assert f"**Not shown: {left_out:,} more changes.**" in text
    assert "> In whole: 7,000 × link version, 3,000 × move alias, 30 × remove alias." in text
    assert "> - `model`: 7,000" in text
    assert "- plan: `sha256:" in text


def test_a_larger_limit_shows_more() -> None:
    plan = large_plan(10, 1_000, 1_000)
    short, long = render_plan(plan, limit=GITHUB_LIMIT), render_plan(plan, limit=GITLAB_LIMIT)
    assert len(short) <= GITHUB_LIMIT < len(long) <= GITLAB_LIMIT
    assert render_plan(plan, limit=100_000_000).count("| `+` link version") == 1_000


def test_removals_come_first_even_among_removals_only() -> None:
    text = render_plan(large_plan(5_000, 100, 0))
    assert text.index("#### Removals") < text.index("#### Changes")
    assert text.count("remove alias ") > 100
    assert text.count("move alias ") >= 5


def test_every_limit_is_kept() -> None:
    documents_ = documents(given_texts(None))
    plan = large_plan(3, 30, 30)
    for limit in (*range(0, 3_000, 97), 5_000, 20_000):
        assert len(render_plan(plan, limit=limit)) <= limit
        assert len(render_receipt(documents_["receipt"], limit=limit)) <= limit


sections = st.lists(
    st.builds(
        Section,
        opening=st.text("o", max_size=30),
        items=st.lists(st.text("i", min_size=1, max_size=200), max_size=30),
        noun=st.sampled_from(["apples", "pears"]),
        rank=st.integers(0, 5),
        least=st.integers(0, 5),
    ),
    max_size=6,
)


@given(sections, st.integers(0, 8_000), st.text("t", max_size=200), st.text("b", max_size=200))
def test_the_limit_holds_and_the_counts_are_true(found: list[Section], limit: int, top: str, bottom: str) -> None:
    cuts: list[int] = []

    def notice(cut: Any) -> str:
        cuts.append(sum(each.number for each in cut))
        return "n " + " ".join(f"{each.number}" for each in cut)

    text = fit(Page(top, found, bottom, notice, "short"), limit)
    assert len(text) <= limit
    total = sum(len(section.items) for section in found)
    left_out = sum(int(number) for number in re.findall(r"Not shown: (\d+) more", text))
    if cuts and not "short".startswith(text):
        assert left_out <= cuts[-1] <= total
