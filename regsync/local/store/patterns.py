"""Regular expressions of strangers, in time linear in the text: RE2.

Python's own engine backtracks, and a pattern of twenty characters can keep it busy for years. RE2 was chosen over the `regex`
package with a timeout because it needs none: there is no pattern that takes it long, it refuses patterns that would need
much memory, and it has wheels for every platform that the server runs on. It knows no back-references and no look-around.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

MAX_MEMORY = 1 << 20
"""Bytes that one compiled pattern may take, its caches included."""


class BadPatternError(ValueError):
    """Not a regular expression that RE2 takes; `str` says why."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The compiled pattern. Raises `BadPatternError`, and `ImportError` without the extra `regsync[server]`."""
    import re2

    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        said = error.args[0] if error.args else error
        raise BadPatternError(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from error


def found(pattern: str, text: object) -> bool:
    """SQL's `text REGEXP pattern`: whether the pattern is anywhere in the text. Null matches nothing."""
    return text is not None and compiled(pattern).search(str(text)) is not None
