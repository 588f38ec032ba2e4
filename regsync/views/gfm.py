"""Text from strangers in GitHub's and GitLab's Markdown: as code, or word by word.

In code nothing is looked for: no markup, mention, issue reference, link, emoji or formula. So whatever is not a plain word
goes into code. Within a table a bar has to be escaped even there (GitHub Flavored Markdown, section 4.10).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from regsync.looks.escape import plain
from regsync.views.sentences import Code, Name, Part, parts_of

LONGEST_CODE = 300
LONGEST_PROSE = 700
_FENCE = re.compile(r"`+")
_TOKEN = re.compile(r"(?P<before>[(\"']*)(?P<core>.*?)(?P<after>[)\"'.,;:]*)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]{1,30}(?:'s)?|v?[0-9]{1,6}|[%→—…]")
_HEX = re.compile(r"[0-9a-f]{7,}")


def shorten(text: str, longest: int) -> str:
    """At most `longest` characters; the middle of a longer text is replaced by an ellipsis."""
    if len(text) <= longest:
        return text
    head = longest * 2 // 3
    return f"{text[:head]}…{text[head + 1 - longest :]}"


def code(text: str, *, table: bool = False, longest: int = LONGEST_CODE) -> str:
    """`text` as inline code, on one line, whatever is in it."""
    shown = shorten(plain(text), longest)
    if not shown:
        return "*(empty)*"
    longest_run = max((len(run) for run in _FENCE.findall(shown)), default=0)
    fence = "`" * (longest_run + 1)
    padded = f" {shown} " if shown[0] in "` " or shown[-1] in "` " else shown
    return fence + (padded.replace("|", "\\|") if table else padded) + fence


def prose(text: str, *, table: bool = False) -> str:
    """A sentence of regsync's with names of strangers in it: plain words as they are, names and everything else as code."""
    return sentence(parts_of(shorten(text, LONGEST_PROSE)), table=table) or code(text, table=table)


def sentence(parts: Iterable[Part], *, table: bool = False) -> str:
    """A sentence in parts: names and commands as code, and of the rest what is more than a plain word."""
    shown = ""
    for part in parts:
        if isinstance(part, Name | Code):
            piece = code(part, table=table)
            # Code that touches code would be one piece, or none.
            shown += f" {piece}" if shown.endswith("`") else piece
            continue
        words = [
            _token(word, not shown and number == 0, table) if word else ""
            for number, word in enumerate(plain(part).split(" "))
        ]
        text = re.sub(" +", " ", " ".join(words))
        shown += f" {text}" if shown.endswith("`") and text.startswith("`") else text
    return shown.strip(" ")


def _token(word: str, first: bool, table: bool) -> str:
    match = _TOKEN.fullmatch(word)
    if match is None:
        return code(word, table=table)
    before, core, after = match.groups()
    if not core:
        return word if not first and re.fullmatch(r"[()\"'.,:;]*", word) else code(word, table=table)
    harmless = _WORD.fullmatch(core) and not _HEX.fullmatch(core)
    if harmless and not (first and core[0].isdigit() and after):
        return word
    return f"{before}{code(core, table=table)}{after}"


def in_html(text: str, longest: int = LONGEST_CODE) -> str:
    """`text` as code inside of a line of HTML, where Markdown is not read."""
    return f"<code>{html.escape(shorten(plain(text), longest))}</code>"
