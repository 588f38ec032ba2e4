"""What a shell offers when somebody presses the tab key: from the manifests here, without a registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.shell import Shell, shell

__all__ = ["shell"]


def offered(shell: Shell, *words: str) -> list[str]:
    """What zsh and fish are told for a line whose last word is being written."""
    answer = shell(
        _REGSYNC_COMPLETE="zsh_complete", COMP_WORDS=" ".join(["regsync", *words]), COMP_CWORD=str(len(words))
    )
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.strip().splitlines()
    return [value or kind for kind, value in zip(lines[::3], lines[1::3], strict=True)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["why", "m"], ["model", "model/fraud"]),
        (["why", "model/f"], ["model/fraud", "model/fraud:production", "model/fraud:staging"]),
        (["why", "model/fraud:p"], ["model/fraud:production"]),
        (["plan", "--target", "model/fraud:s"], ["model/fraud:staging"]),
        (["plan", "--exclude", "mo"], ["model", "model/fraud"]),
        (["history", "model/fraud:p"], ["model/fraud:production"]),
        (["accept", "model/fraud:p"], ["model/fraud:production"]),
        (["accept", "moves"], ["moves"]),
        (["set", "mod"], ["model/fraud:production", "model/fraud:staging"]),
        (["promote", "m"], ["model/fraud"]),
        (["promote", "model/fraud", "--from", "s"], ["staging"]),
        (["why", "nothing"], []),
    ],
    ids=" ".join,
)
def test_addresses(shell: Shell, words: list[str], found: list[str]) -> None:
    (shell.folder / "seed.yaml").unlink()
    (shell.folder / ".regsync" / "registry.db").unlink()
    assert offered(shell, *words) == found


@pytest.mark.parametrize("broken", ["registries: [", "apiVersion: regsync/v1\nregistries: {model: 3}\n", "\x00"])
def test_manifests_that_cannot_be_read_offer_nothing_and_say_nothing(shell: Shell, broken: str) -> None:
    shell.write("moves.yaml", broken)
    assert offered(shell, "why", "m") == []


def test_names_that_a_shell_would_take_apart_are_left_out(shell: Shell) -> None:
    shell.write(
        "moves.yaml", "apiVersion: regsync/v1\nregistries: {model: {collections: {f: {aliases: {a b: v1, ab: v1}}}}}\n"
    )
    assert offered(shell, "why", "model/f:a") == ["model/f:ab"]


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (["why", "model/fraud", ":", "pro"], "production"),
        (["why", "model/fraud", ":"], "production staging"),
        (["why", "model/fr"], "model/fraud model/fraud:production model/fraud:staging"),
        (["plan", "--target", "=", "model/fraud", ":", "st"], "staging"),
        (["plan", "--target", "=", "m"], "model model/fraud"),
        (["plan", "--target", "model/fraud", ":", "staging", "--exclude", "model/fraud", ":", "p"], "production"),
    ],
    ids="".join,
)
def test_bash_takes_words_apart_at_colons(shell: Shell, words: list[str], reply: str) -> None:
    """The real bash, with its words as readline hands them over."""
    line = " ".join(f"'{word}'" for word in ["regsync", *words])
    script = f"""{shell("completion", "bash").out}
        COMP_WORDS=({line}); COMP_CWORD={len(words)}; _regsync_completion regsync; echo "${{COMPREPLY[*]}}" """
    around = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(shell.folder)}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=shell.folder, env=around, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == reply.split(), done.stderr
