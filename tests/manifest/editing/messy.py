"""Manifests as hurried people write them: every legal layout of the same data, with comments in every place that has room for one."""

from __future__ import annotations

from random import Random
from typing import Any

TEXTS = [
    "model",
    "acme-ml/fraud/fraud-detector:v12",
    "${team}/fraud/fraud-detector:v3",
    "v7",
    "absent",
    "production candidate",
    "Größe 📦",
    "it's # no comment",
    'a "quoted" word',
    "back\\slash",
    "yes",
    "12",
    "~",
    "-",
    "- a",
    "a: b",
    "[x",
    "@home",
    "",
    " padded ",
    "*star",
    "&and",
    "!bang",
    "%percent",
    "trailing ",
    "#hash",
    "key:",
    "1e3",
    "two\nlines",
    "three\n\nlines\n",
    "  indented\n    more\n",
    "ends with blank lines\n\n\n",
    "tab\there",
    "sp aces at end  \nof a line",
]
KEYS = [
    "apiVersion",
    "organization",
    "registries",
    "collections",
    "aliases",
    "versions",
    "tags",
    "type",
    "description",
    "visibility",
    "members",
    "production",
    "staging",
    "name with spaces",
    "it's",
    "yes",
    "ünï",
    "a#b",
    "team:ml",
    "consent",
    "unlisted",
    "metrics",
]
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/:${}. ")


def some_data(random: Random, depth: int = 0) -> Any:
    """A value of any shape: maps, lists, texts."""
    kind = random.random()
    if depth < 5 and (depth == 0 or kind < 0.45):
        keys = random.sample(KEYS, random.randint(1, 4))
        return {key: some_data(random, depth + 1) for key in keys}
    if depth < 5 and kind < 0.6:
        return [some_data(random, depth + 2) for _ in range(random.randint(1, 3))]
    return random.choice(TEXTS)


class Messy:
    """Writes one document. `comments` collects those that stand directly above a key, with that key."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.number = 0
        self.above: list[tuple[str, str]] = []

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def comment(self) -> str:
        self.number += 1
        return f"# c{self.number}{self.random.choice(['', ' # twice', ' it’s: [odd]', ' - x: 1'])}"

    def document(self, data: Any) -> str:
        lines = [self.comment() + "\n" for _ in range(self.random.randint(0, 2))]
        if self.chance(0.2):
            lines.append("---" + self.ending())
        text = "".join(lines) + self.block(data, self.random.choice([0, 0, 0, 2]))
        return text + "".join(self.filler(0))

    def ending(self) -> str:
        spaces = " " * self.random.randint(0, 3)
        return f"{spaces or ' '}{self.comment()}{spaces}\n" if self.chance(0.15) else f"{spaces}\n"

    def filler(self, column: int) -> list[str]:
        """Blank lines and comments at any column."""
        out = []
        while self.chance(0.2):
            out.append(" " * self.random.randint(0, 4) + "\n")
        while self.chance(0.15):
            out.append(" " * self.random.randint(0, column + 4) + self.comment() + "\n")
        return out

    def block(self, data: Any, column: int, *, inside: bool = False) -> str:
        """A block map or list whose keys or dashes stand at a column; `inside`: its first line has been indented already."""
        out: list[str] = []
        items = list(data.items()) if isinstance(data, dict) else [(None, each) for each in data]
        for number, (key, value) in enumerate(items):
            first = inside and number == 0
            if not first:
                out += self.filler(column)
            if key is not None and not first and self.chance(0.2):
                comment = self.comment()
                self.above.append((comment, key))
                out.append(" " * column + comment + "\n")
            head = "-" if key is None else self.key(key) + " " * self.random.choice([0, 0, 0, 1]) + ":"
            out.append(("" if first else " " * column) + head + self.value(value, column, dash=key is None))
        return "".join(out)

    def value(self, value: Any, column: int, *, dash: bool) -> str:
        empty = value in ({}, [])
        if isinstance(value, dict | list) and not empty and self.chance(0.7):
            if dash and self.chance(0.7):
                gap = self.random.randint(1, 3)
                return " " * gap + self.block(value, column + 1 + gap, inside=True)
            same = isinstance(value, list) and not dash and self.chance(0.4)
            inner = column if same else column + self.random.randint(1, 5)
            return self.ending() + "".join(self.filler(column + 1)) + self.block(value, inner)
        if isinstance(value, str) and "\n" in value and self.chance(0.7):
            return " " + self.literal(value, column)
        if self.chance(0.08):
            return self.ending() + " " * (column + self.random.randint(1, 4)) + self.flow(value, column) + self.ending()
        return " " * self.random.randint(1, 3) + self.flow(value, column) + self.ending()

    def literal(self, text: str, column: int) -> str:
        body = text.rstrip("\n")
        ends = text[len(body) :]
        chomp = {0: "-", 1: ""}.get(len(ends), "+")
        if "\t" in text or any(line != line.rstrip() for line in body.split("\n")):
            return self.quoted(text) + self.ending()
        step = self.random.randint(1, 4)
        given = str(step) if body.startswith(" ") or self.chance(0.2) else ""
        lines = [" " * (column + step) + line if line else "" for line in body.split("\n")]
        return f"|{given}{chomp}{self.ending()}" + "\n".join(lines) + (ends if chomp == "+" else "\n")

    def key(self, key: str) -> str:
        return key if self.is_plain(key) and self.chance(0.8) else self.quoted(key)

    def is_plain(self, text: str) -> bool:
        safe = bool(text) and set(text) <= PLAIN and text == text.strip() and text[0] not in "-:$~" and ": " not in text
        return safe and not text.endswith(":") and text not in {"yes", "12", "1e3"}

    def quoted(self, text: str) -> str:
        if self.chance(0.5) and "\n" not in text:
            return "'" + text.replace("'", "''") + "'"
        escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
        return '"' + "".join(escapes.get(each, each) for each in text) + '"'

    def flow(self, value: Any, column: int) -> str:
        if isinstance(value, str):
            if self.is_plain(value) and not set(value) & set("${}") and self.chance(0.7):
                return value
            return self.quoted(value)
        pieces = (
            [
                f"{self.quoted(key)}:{' ' * self.random.randint(1, 2)}{self.flow(each, column)}"
                for key, each in value.items()
            ]
            if isinstance(value, dict)
            else [self.flow(each, column) for each in value]
        )
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        if self.chance(0.2):
            pad = " " * (column + self.random.randint(1, 5))
            inner = f",{self.ending()}{pad}".join(pieces)
            return f"{opening}{self.ending()}{pad}{inner}{self.ending()}{pad}{closing}"
        gap = " " * self.random.randint(0, 2)
        return opening + gap + f",{gap}".join(pieces) + gap + closing


def messy_text(random: Random) -> tuple[str, list[tuple[str, str]]]:
    """One file of one to three documents, and which comment stands directly above which key."""
    writer = Messy(random)
    parts = [writer.document(some_data(random)) for _ in range(random.choice([1, 1, 1, 2, 3]))]
    text = "---\n".join(part if number == 0 else part.removeprefix("---\n") for number, part in enumerate(parts))
    if random.random() < 0.2:
        text = text.rstrip("\n")
    if random.random() < 0.3:
        text = text.replace("\n", "\r\n")
    return text, writer.above
