"""One comment, or one issue, that is kept up to date: found by a hidden marker and by its author.

The marker is the first line, and the plans that the comment has shown are in the second. What strangers write stands below
them, so none of it can pass for either; and a comment of somebody else is never taken for ours, whatever it starts with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

import tenacity

from regsync.forge.base import Comment, Forge, LostError
from regsync.slots import NamedTuple

T = TypeVar("T")

KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""What a key may be: it stands in an HTML comment."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST_SHOWN = 8
"""Plans that a comment remembers: the newest, and those before it, which may be the one that was approved."""
_ROUNDS = 3
"""How often a look-up and a write are made before a host that loses answers is given up."""


class Done(StrEnum):
    """What became of the comment or the issue."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"
    NOT_NEEDED = "not needed"


class Posted(NamedTuple):
    """What was done, and where it can be seen ("" where there is nothing to see)."""

    done: Done
    url: str


def marker(key: str) -> str:
    """The line that a page of that key starts with; readers do not see it."""
    return f"<!-- regsync:{key} -->"


def marked(key: str, page: str, shown: Sequence[str] = ()) -> str:
    """The page behind its marker, and behind the digests of the plans `shown`, the newest first, where there are any."""
    return "\n".join([marker(key), *([f"<!-- shown: {' '.join(shown)} -->"] if shown else []), page])


def shown_in(body: str) -> tuple[str, ...]:
    """The digests of the plans that a comment of ours has shown, the newest first: from its second line, and nowhere else."""
    second = body.partition("\n")[2].partition("\n")[0].rstrip()
    found = re.fullmatch(r"<!-- shown: (.*) -->", second)
    digests = tuple(found[1].split(" ")) if found else ()
    return digests if all(DIGEST.fullmatch(each) for each in digests) else ()


def room(key: str, limit: int, digest: str | None) -> int:
    """How many of `limit` characters the marker, and the digest where the page is a plan, leave for the page."""
    return limit - len(marked(key, "", [digest] if digest else []))


def our_comment(forge: Forge, number: int, key: str) -> Comment | None:
    """The comment of that key that our account wrote on the pull request. Raises `ForgeError`."""
    return _ours(forge.comments(number), forge.account(), key)


def put_comment(forge: Forge, number: int, key: str, page: str, digest: str | None, limit: int, needed: bool) -> Posted:
    """See that the pull request has one comment of that key, and that it says `page`. Raises `ForgeError`.

    `digest`: the plan's, where the page is one. The comment keeps those that it has shown before, as far as `limit` goes.
    Where the page is not `needed`, no comment is begun.
    """
    author = forge.account()

    def once() -> Posted:
        found = _ours(forge.comments(number), author, key)
        before = shown_in(found.body) if found else ()
        shown = [*([digest] if digest else []), *(each for each in before if each != digest)][:MOST_SHOWN]
        while len(body := marked(key, page, shown)) > limit and shown[1:]:
            shown.pop()
        if found is None and not needed:
            return Posted(Done.NOT_NEEDED, "")
        if found is None:
            return Posted(Done.CREATED, forge.add_comment(number, body).url)
        if _same(found.body, body):
            return Posted(Done.UNCHANGED, found.url)
        return Posted(Done.UPDATED, forge.edit_comment(number, found.id, body).url)

    return _until_known(once)


def put_issue(forge: Forge, title: str, key: str, page: str, *, needed: bool) -> Posted:
    """See that one issue of that key is open and says `page`; or, where it is not `needed`, that none is. Raises `ForgeError`.

    An issue that is closed says `page` too, so that whoever opens it reads why.
    """
    author, body = forge.account(), marked(key, page)

    def once() -> Posted:
        found = _ours(forge.open_issues(), author, key)
        if found is None:
            return Posted(Done.CREATED, forge.add_issue(title, body).url) if needed else Posted(Done.NOT_NEEDED, "")
        if needed and _same(found.body, body):
            return Posted(Done.UNCHANGED, found.url)
        done = Done.UPDATED if needed else Done.CLOSED
        return Posted(done, forge.edit_issue(found.id, title, body, close=not needed).url)

    return _until_known(once)


def _until_known(once: Callable[[], T]) -> T:
    """Look again where an answer was lost: a second comment would stay for good, so it is never sent on suspicion."""
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(LostError),
        stop=tenacity.stop_after_attempt(_ROUNDS),
        wait=tenacity.wait_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    return retrying(once)


def _ours(comments: list[Comment], author: str, key: str) -> Comment | None:
    wanted = marker(key)
    return next((each for each in comments if each.author == author and _first_line(each.body) == wanted), None)


def _first_line(body: str) -> str:
    return body.partition("\n")[0].rstrip()


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same to a host, which may change line ends and take spaces off the end."""
    return one.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()
