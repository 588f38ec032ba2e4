"""The HTML view in a real Chromium: rendered, nothing on the console, no request, a phone's width, light and dark.

`REGSYNC_UPDATE=1` takes the picture in `docs/` again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from regsync.views import html
from regsync.views.blocks import blocks
from tests.chromium import background, chromium, requests, set_window, shuts_out, take_picture, width_needed
from tests.views import example
from tests.views.documents import ARSENAL, documents, given_texts

pytestmark = pytest.mark.needs("chromium", "chromedriver")
PICTURE = Path(__file__).parents[2] / "docs" / "plan.png"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as chrome:
        yield chrome


def opened(browser: Chrome, folder: Path, text: str, *, width: int = 1000, scheme: str = "light") -> Path:
    """Show a page; what the console said and what was requested is forgotten before."""
    page = folder / "page.html"
    page.write_text(text, encoding="utf-8")
    set_window(browser, width=width, scheme=scheme)
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(page.as_uri())
    return page


@pytest.mark.parametrize("noun", ["plan", "receipt"])
def test_it_is_rendered_and_stays_by_itself(browser: Chrome, tmp_path: Path, noun: str) -> None:
    document = example.documents()[noun]
    text = html.render_plan(document) if noun == "plan" else html.render_receipt(document)
    page = opened(browser, tmp_path, text)
    assert browser.get_log("browser") == []
    assert [url for url in requests(browser) if not url.startswith("data:")] == [page.as_uri()]
    assert browser.title == f"regsync {'plan' if noun == 'plan' else 'apply'} · acme"
    articles = browser.find_elements(By.TAG_NAME, "article")
    assert len(articles) == (len(blocks(document["operations"])) if noun == "plan" else len(document["operations"]))
    assert all(article.is_displayed() and article.size["height"] > 20 for article in articles)
    # The style was accepted by the page's own policy.
    assert background(browser) == "rgb(255, 255, 255)"
    assert browser.execute_script("return getComputedStyle(document.querySelector('article')).borderLeftWidth") != "0px"


def test_hostile_texts_are_shown_as_they_are(browser: Chrome, tmp_path: Path) -> None:
    document = documents(given_texts(ARSENAL * 10))["plan"]
    page = opened(browser, tmp_path, html.render_plan(document))
    assert browser.get_log("browser") == []
    assert [url for url in requests(browser) if not url.startswith("data:")] == [page.as_uri()]
    assert browser.execute_script("return document.querySelectorAll('script, img, a, iframe, form').length") == 0
    shown = browser.find_element(By.TAG_NAME, "body").get_attribute("textContent") or ""
    for text in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</details></td></table>",
        "\\x1b[31mred",
    ):
        assert text in shown


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_needs_no_scrolling_sideways(browser: Chrome, tmp_path: Path, width: int) -> None:
    for document in (example.documents()["plan"], documents(given_texts(f"{'x' * 90}{n}" for n in range(300)))["plan"]):
        opened(browser, tmp_path, html.render_plan(document), width=width)
        assert width_needed(browser) <= width


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_no_number_leaves_its_unit_and_new_stands_below_old(
    browser: Chrome, tmp_path: Path, width: int
) -> None:
    opened(browser, tmp_path, html.render_plan(example.documents()["plan"]), width=width)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    lines = browser.execute_script(
        "return [...document.querySelectorAll('.unit')].map(each => [each.textContent, each.getClientRects().length])"
    )
    assert len(lines) > 10
    assert [text for text, number in lines if text and number != 1] == []
    pairs = browser.execute_script(
        "return [...document.querySelectorAll('tr')].map(row => [row.querySelector('.old'), row.querySelector('.new')])"
        ".filter(([old, now]) => old && old.offsetHeight && now.offsetHeight)"
        ".map(pair => pair.map(cell => cell.getBoundingClientRect()))"
    )
    assert len(pairs) > 3
    assert all(new["top"] >= old["bottom"] for old, new in pairs)


def test_dark_is_dark_and_can_be_read(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, html.render_plan(example.documents()["plan"]), scheme="dark")
    assert background(browser) == "rgb(13, 17, 23)"
    assert browser.execute_script("return getComputedStyle(document.body).color") == "rgb(240, 246, 252)"


def test_the_picture_in_the_documentation(browser: Chrome, tmp_path: Path) -> None:
    opened(browser, tmp_path, html.render_plan(example.documents()["plan"]), width=900)
    width, height = take_picture(browser, PICTURE, width=900)
    assert width == 900
    assert height > 900


@pytest.mark.needs("axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("noun", ["plan", "receipt"])
def test_it_shuts_nobody_out(browser: Chrome, tmp_path: Path, noun: str, scheme: str) -> None:
    document = example.documents()[noun]
    opened(
        browser,
        tmp_path,
        html.render_plan(document) if noun == "plan" else html.render_receipt(document),
        scheme=scheme,
    )
    assert shuts_out(browser) == []
