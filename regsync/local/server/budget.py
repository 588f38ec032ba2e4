"""What one request may take: seconds, fields, text. And the end of it when nobody waits for the answer any more.

Before a document is executed `cost.py` says whether it could be too much; here is what stops one that turns out to be. The
limits are far above what the client and regsync ask for, and below what keeps others waiting.
"""

from __future__ import annotations

import time

READING_SECONDS = 8.0
"""Longest that one reading of a request may hold the registry file: less than a writer is ready to wait (`DEFAULT_TIMEOUT`)."""
REQUEST_SECONDS = 60.0
MAX_FIELDS = 1_000_000
"""Most fields of an answer; a page of 1,000 links with all that the client asks of each has some 50,000."""
MAX_TEXT = 64 * 1024 * 1024
"""Most characters in an answer."""


class Exhausted(BaseException):
    """A request took more than it may, or is not waited for. Ends an execution at once, so it is no `Exception`."""


class Budget:
    """What is left for one request. Used by the thread that executes it; `cancel` may be called from any other."""

    def __init__(self) -> None:
        self._end = time.monotonic() + REQUEST_SECONDS
        self._reading_end = self._end
        self._fields = MAX_FIELDS
        self._text = MAX_TEXT
        self._looks = 0
        self.reason: str | None = None

    def begin_reading(self) -> None:
        """A reading of the registry begins; it may take `READING_SECONDS`."""
        self._reading_end = min(self._end, time.monotonic() + READING_SECONDS)

    def cancel(self, reason: str) -> None:
        """Stop the request as soon as may be."""
        self.reason = self.reason or reason

    def is_spent(self) -> bool:
        """Whether to stop: what SQLite asks again and again while it works."""
        if self.reason is None and time.monotonic() > self._reading_end:
            self.reason = "the request takes too long"
        return self.reason is not None

    def spend_field(self) -> None:
        """One more field of the answer. Raises `Exhausted`."""
        self._fields -= 1
        if self._fields < 0:
            self.cancel(f"the answer has more than {MAX_FIELDS} fields")
        if self.reason is not None or (self._fields % 64 == 0 and self.is_spent()):
            raise Exhausted

    def spend_text(self, length: int) -> None:
        """So many more characters of the answer. Raises `Exhausted`."""
        self._text -= length
        if self._text < 0:
            self.cancel(f"the answer has more than {MAX_TEXT} characters")
            raise Exhausted

    def spent(self) -> tuple[int, int]:
        """How many fields and characters the answer has so far."""
        return MAX_FIELDS - self._fields, MAX_TEXT - self._text

    def spend(self, fields: int, text: int) -> None:
        """So many more fields of the answer, with so many characters. Raises `Exhausted`."""
        self._text -= text
        self._fields -= fields
        self._looks += 1
        if self._fields < 0 or self._text < 0:
            self.spend_field()
            self.spend_text(0)
        if self.reason is not None or (self._looks % 64 == 0 and self.is_spent()):
            raise Exhausted
