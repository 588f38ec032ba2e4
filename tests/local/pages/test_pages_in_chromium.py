"""Every page in a real Chromium: no script runs, nothing comes from elsewhere, nobody is shut out, a phone is wide enough."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.chromium import background, requests, set_window, shuts_out, take_picture, width_needed
from tests.local.pages.conftest import Served
from tests.local.pages.person import Person
from tests.local.pages.world import HOSTILE

pytestmark = pytest.mark.needs("chromium", "chromedriver")

PICTURES = Path(__file__).parents[3] / "docs" / "images"
_IN = "organization=acme&registry=zoo&collection=models&version=v0"
_COLLECTION = "/orgs/acme/registry/zoo?selectionPath=acme-org%2Fwandb-registry-zoo%2Fmodels"
_FROM = "team=acme-ml&project=fraud&artifact=detector&source_version=v1"
PAGES = {
    "sign-in": "/signin",
    "registries": "/registry/",
    "registry": "/orgs/acme/registry/zoo",
    "collection": _COLLECTION,
    "version": f"{_COLLECTION}&view=membership&version=v0",
    "metrics": "/orgs/acme/registry/zoo/metrics?collection=models&by=accuracy",
    "history": "/orgs/acme/registry/zoo/history",
    "history of an alias": "/orgs/acme/registry/zoo/history?collection=models&alias=staging",
    "compare": "/orgs/acme/registry/zoo/compare?collection=models&old=v0&new=v1",
    "lineage": "/orgs/acme/registry/zoo/lineage?collection=models&version=v0",
    "settings": "/orgs/acme/registry/model/settings",
    "browser": "/acme-ml/fraud/artifacts",
    "source": "/acme-ml/fraud/artifacts/model/detector/v1",
    "source, compare": "/acme-ml/fraud/artifacts/model/detector/v1/compare?new=acme/wandb-registry-zoo/models:v0",
    "team": "/acme-ml",
    "changed meanwhile": f"/change/set-member?organization=acme&registry=first%20name&seen=0&member={quote(HOSTILE)}",
    "empty collection": "/orgs/acme/registry/first%20name?selectionPath=acme-org%2Fwandb-registry-first%20name%2Frows",
    "refused": "/orgs/acme/registry/nix",
    "link": f"/change/link?{_IN}",
    "link, last step": f"/change/link?{_IN}&{_FROM}",
    "publish": f"/change/publish?{_FROM}",
    "create-registry": f"/change/create-registry?{_IN}",
    "create-collection": f"/change/create-collection?{_IN}&collection={quote(HOSTILE)}&description={quote(HOSTILE)}",
    "delete-collection": f"/change/delete-collection?{_IN}",
    "add-aliases": f"/change/add-aliases?{_IN}&aliases={quote(HOSTILE)}",
    "remove-alias": f"/change/remove-alias?{_IN}&alias={quote(HOSTILE)}",
    "set-member": f"/change/set-member?{_IN}&member={quote(HOSTILE)}",
}


@pytest.fixture
def alice(browser: Chrome, server: Served) -> Person:
    set_window(browser)
    return Person(browser, server.url, "alice")


@pytest.mark.needs("axe-core")
def test_nobody_is_shut_out(alice: Person) -> None:
    found = {}
    for scheme in ("light", "dark"):
        set_window(alice.browser, scheme=scheme)
        for name, path in PAGES.items():
            alice.open(path)
            found[name, scheme] = shuts_out(alice.browser)
    assert {page: each for page, each in found.items() if each} == {}


def test_nothing_runs_and_nothing_comes_from_elsewhere(alice: Person) -> None:
    alice.browser.get_log("performance")
    alice.browser.get_log("browser")
    for name, path in PAGES.items():
        alice.open(path)
        assert [url for url in requests(alice.browser) if not url.startswith((alice.url, "data:"))] == [], name
        messages = [each["message"] for each in alice.browser.get_log("browser")]
        assert [each for each in messages if "status of 404" not in each or name != "refused"] == [], name
        assert alice.browser.find_elements(By.CSS_SELECTOR, "script, img, iframe") == [], name
    alice.open(PAGES["version"])
    shown = HOSTILE.replace("\u202e", "\\u202e")
    assert shown in alice.text


@pytest.mark.parametrize("width", [320, 1600])
def test_no_page_scrolls_sideways(alice: Person, width: int) -> None:
    set_window(alice.browser, width=width)
    too_wide = {}
    for name, path in PAGES.items():
        alice.open(path)
        if (needed := width_needed(alice.browser)) > width:
            too_wide[name] = needed
    assert too_wide == {}


def test_dark_is_dark(alice: Person) -> None:
    set_window(alice.browser, scheme="dark")
    alice.open("/registry/")
    assert background(alice.browser) == "rgb(13, 17, 23)"


@pytest.mark.parametrize("name", ["registry", "version", "metrics", "link"])
def test_the_pictures_in_the_documentation(alice: Person, name: str) -> None:
    set_window(alice.browser, width=900, height=400)
    alice.open(PAGES[name].replace("zoo", "model").replace("=models", "=detector").replace("Fmodels", "Fdetector"))
    width, height = take_picture(alice.browser, PICTURES / f"app-{name}.png", width=900, most=1200)
    assert width == 900
    assert height > 300
