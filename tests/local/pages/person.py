"""A person at a browser: signs in, and finds things by the words that are on them."""

from __future__ import annotations

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.backends.wandb.worlds import KEYS


class Person:
    """`url` is the server's."""

    def __init__(self, browser: Chrome, url: str, name: str) -> None:
        self.browser = browser
        self.url = url
        browser.get(f"{url}/signin")
        browser.delete_all_cookies()
        browser.get(f"{url}/signin")
        self.fill("API key", KEYS[name])
        self.click("Sign in")

    def open(self, path: str) -> None:
        self.browser.get(self.url + path)

    def find(self, words: str) -> WebElement:
        """What can be clicked and is called that, as a screen reader would say it."""
        found = self.browser.find_elements(By.CSS_SELECTOR, "a, button, summary")
        return next(each for each in found if (each.get_attribute("aria-label") or each.text.strip()) == words)

    def offers(self, words: str) -> bool:
        found = self.browser.find_elements(By.CSS_SELECTOR, "a, button, summary")
        return any((each.get_attribute("aria-label") or each.text.strip()) == words for each in found)

    def hover(self, words: str) -> None:
        ActionChains(self.browser).move_to_element(self.find(words)).perform()

    def unfold(self, words: str) -> None:
        self.find(words).click()

    def click(self, words: str) -> None:
        """Click, and wait for the page that this leads to."""
        before = self._page()
        self.find(words).click()
        waiting = WebDriverWait(self.browser, 20, ignored_exceptions=[WebDriverException])  # Raised between two pages.
        waiting.until(lambda _: self._page() not in (before, None))

    def _page(self) -> float | None:
        """When the page that is shown was opened; None while it is still loading."""
        script = "return document.readyState === 'complete' ? performance.timeOrigin : null"
        shown: float | None = self.browser.execute_script(script)  # type: ignore[no-untyped-call]
        return shown

    def fill(self, label: str, text: str) -> None:
        field = self._field(label)
        field.clear()
        field.send_keys(text)

    def typed(self, label: str) -> str:
        return str(self._field(label).get_attribute("value"))

    def choose(self, label: str, option: str) -> None:
        Select(self._field(label)).select_by_visible_text(option)

    def choices(self, label: str) -> list[str]:
        return [each.text for each in Select(self._field(label)).options]

    def _field(self, label: str) -> WebElement:
        found = self.browser.find_elements(By.TAG_NAME, "label")
        name = next(each for each in found if each.text.removesuffix(" (optional)") == label).get_attribute("for")
        return self.browser.find_element(By.ID, str(name))

    @property
    def heading(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "h1").text

    @property
    def text(self) -> str:
        return self.browser.find_element(By.TAG_NAME, "main").text

    @property
    def alert(self) -> str:
        return self.browser.find_element(By.CSS_SELECTOR, "[role=alert]").text

    @property
    def snippet(self) -> str:
        return str(self.browser.find_element(By.ID, "in-git").get_attribute("textContent"))
