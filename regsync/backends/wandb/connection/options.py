"""How much is asked for at once, and how long is waited. The defaults suit W&B's cloud; slow servers may need others."""

from __future__ import annotations

import os
from dataclasses import replace

from regsync.backends.base import BackendError
from regsync.slots import dataclass

TIMEOUT_VARIABLE = "REGSYNC_HTTP_TIMEOUT"
DEADLINE_VARIABLE = "REGSYNC_HTTP_DEADLINE"
PAGE_VARIABLE = "REGSYNC_PAGE_SIZE"
USER_AGENT_VARIABLE = "REGSYNC_USER_AGENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Sizes are counts, times are seconds."""

    page_size: int = 1000
    """Items asked for in one page. A server may give fewer; every page that it announces is read."""
    names_per_list: int = 100
    """Collection or registry names in one filter."""
    weight_per_document: int = 1000
    """How much one document may ask for; see `fetch.Part.weight`."""
    in_flight: int = 8
    """Requests under way at once."""
    mutations_per_document: int = 25
    """A fifth more where that saves a document."""
    documents_of_mutations: int = 4
    """How many of them are under way at once; what changes one collection is never in two of them."""
    timeout: float = 60.0
    """Longest silence of a server that is connected, within one request."""
    connect_timeout: float = 10.0
    deadline: float = 180.0
    """From the first attempt of a request to its last, waits included."""
    first_wait: float = 0.5
    """Before the second attempt; doubled each time up to `longest_wait`, with jitter."""
    longest_wait: float = 20.0
    max_pages: int = 10_000
    """A list that goes on for longer is taken for one that never ends."""
    attempts_to_write: int = 3
    """How often a mutation is sent while every read shows that it was not carried out."""
    user_agent: str | None = None
    """In place of `regsync/VERSION`."""

    @property
    def headers(self) -> dict[str, str]:
        """What these options add to the headers of a request."""
        return {"User-Agent": self.user_agent} if self.user_agent else {}


def options_from_environment() -> Options:
    """The defaults, but for what the environment sets. Raises `BackendError` for a value that cannot be used."""
    options = Options()
    timeout = _positive(TIMEOUT_VARIABLE)
    if timeout is not None:
        options = replace(options, timeout=timeout, connect_timeout=min(timeout, options.connect_timeout))
    deadline = _positive(DEADLINE_VARIABLE)
    if deadline is not None:
        options = replace(options, deadline=deadline, first_wait=min(options.first_wait, deadline / 4))
    page = _positive(PAGE_VARIABLE)
    if page is not None:
        options = replace(options, page_size=max(1, int(page)))
    agent = os.environ.get(USER_AGENT_VARIABLE)
    if agent:
        if not agent.isascii() or not agent.isprintable():
            raise BackendError(
                f"{USER_AGENT_VARIABLE} may hold printable ASCII characters only",
                f"unset {USER_AGENT_VARIABLE}",
                code="bad-option",
            )
        options = replace(options, user_agent=agent)
    return options


def _positive(variable: str) -> float | None:
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1_000_000:
        raise BackendError(f"{variable} is {text!r}, not a positive number", f"unset {variable}", code="bad-option")
    return value
