"""On a CI runner, what is printed is read for commands: `::name::` at the start of a line, and `##[name]` anywhere in one.

Names, file names and messages of servers are written by strangers, so neither gets out of regsync there. A file that output is
sent to is no log, and stays as it is. Facts: GitHub's documentation on workflow commands; `##[…]` is the older form, which the
runner still obeys.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import Any, TextIO

_AT_START = r"(?m)^(\s*)::"


def is_runner() -> bool:
    """Whether what is printed goes to a runner that obeys it."""
    return bool(os.environ.get("GITHUB_ACTIONS") or os.environ.get("TF_BUILD"))


def for_runner(text: str) -> str:
    """`text` with its commands written so that no runner obeys them. A JSON document stays the same document.

    >>> for_runner("::warning::x")
    ': :warning::x'
    """
    if "::" not in text and "##[" not in text:
        return text
    if text.lstrip()[:1] in ("{", "[") and not text.lstrip().startswith("[command]"):
        return text.replace("##[", "#\\u0023[")
    return re.sub(_AT_START, r"\1: :", text).replace("##[", "# #[")


class _Guarded:
    """A text stream that writes nothing which a runner obeys; everything else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(for_runner(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_output() -> None:
    """From now on, let nothing through to stdout or stderr that a runner obeys. Once is enough; elsewhere, nothing happens."""
    if not is_runner():
        return
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Guarded) and not goes_to_a_file(stream):
            setattr(sys, name, _Guarded(stream))


def goes_to_a_file(stream: Any) -> bool:
    """Whether a stream was sent to a file, which no runner reads."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False
