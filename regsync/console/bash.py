"""Completion in bash. Imported only by a process that a shell starts to complete something."""

from __future__ import annotations

import os
from typing import Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

_BREAKS = {":", "="}


class WholeWords(BashComplete):
    """Bash takes a word apart at `:` and `=`. This puts it together again, and answers with what is missing behind the last one."""

    _said = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        words = split_arg_string(os.environ["COMP_WORDS"])
        number = int(os.environ["COMP_CWORD"])
        here = [*words[:number], words[number] if number < len(words) else ""]
        joined: list[str] = []
        apart = True
        for word in here[1:]:
            if word in _BREAKS and joined:
                joined[-1] += word
                self._said, apart = joined[-1], False
            elif apart or not joined:
                joined.append(word)
                self._said = ""
            else:
                joined[-1] += word
                apart = True
        *before, begun = joined or [""]
        return before, begun

    def format_completion(self, item: CompletionItem[Any]) -> str:
        said = self._said.partition("=")[2] if self._said.startswith("--") else self._said
        return f"{item.type},{item.value.removeprefix(said)}"


def prepare() -> None:
    """Make this the way in which click completes in bash."""
    add_completion_class(WholeWords)
