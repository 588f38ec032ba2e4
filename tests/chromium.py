"""A real Chromium, without a window: started, sized, made dark, and asked what it loaded and what axe-core finds."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests import needing

SHUTS_OUT = frozenset({"serious", "critical"})
"""Findings of axe-core with which a page may not land."""


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """A browser with an empty profile in that folder."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert program and driver
    options = ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


def set_window(browser: Chrome, *, width: int = 1000, height: int = 1000, scheme: str = "light") -> None:
    """Size and colours for the pages to come and for the one that is shown."""
    browser.set_window_size(width, height)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def requests(browser: Chrome) -> list[str]:
    """What was requested since this was asked last."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


def width_needed(browser: Chrome) -> int:
    """The width that the page takes, in pixels: more than the window's means scrolling sideways."""
    return int(browser.execute_script("return document.documentElement.scrollWidth"))


def background(browser: Chrome) -> Any:
    """The colour of the page."""
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def shuts_out(browser: Chrome) -> list[str]:
    """What axe-core finds on the page that shuts somebody out: rule, and the first element that breaks it."""
    # Through the debugger, which no policy of the page binds.
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": needing.AXE.read_text("utf-8")})
    answer = browser.execute_cdp_cmd(
        "Runtime.evaluate",
        {"expression": "axe.run().then(each => JSON.stringify(each.violations))", "awaitPromise": True},
    )
    found = json.loads(answer["result"]["value"])
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in SHUTS_OUT]


def take_picture(browser: Chrome, path: Path, *, width: int, most: int = 1900) -> tuple[int, int]:
    """Take a picture of the page where REGSYNC_UPDATE asks for it; width and height of the one in the file, which is small."""
    if os.environ.get("REGSYNC_UPDATE"):
        height = min(most, browser.execute_script("return document.documentElement.scrollHeight"))
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        path.parent.mkdir(exist_ok=True)
        browser.save_screenshot(str(path))
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n")
    assert len(data) < 300_000
    size: tuple[int, int] = struct.unpack(">II", data[16:24])
    return size
