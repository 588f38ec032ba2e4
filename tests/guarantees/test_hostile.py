"""Guarantee 9, and whatever else a stranger may try: manifests, plans, receipts, journals, names, metadata and a server's answers,
written by somebody who wishes us ill. What is said about each of them must be harmless to the terminal that shows it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regsync.core.canonical import canonical_json, document_digest
from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import KEYS, served
from tests.guarantees import history
from tests.guarantees.grounds import EVERY_CONSENT
from tests.guarantees.room import Room

Json = dict[str, Any]
DETECTOR = "acme-ml/fraud/detector"
CLEAR, TITLE, LINK = "\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\"
BIDI, ZERO, SEPARATOR = "prod\u202enoitcu", "prod\u200buction", "a\u2028b"
CYRILLIC = "prоduction"
"""Its first `o` is Cyrillic."""


# Names and metadata ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown", "why"),
    [
        (BIDI, "prod\\u202enoitcu", "invisible character U+202E"),
        (ZERO, "prod\\u200buction", "invisible character U+200B"),
        ("production\u3164", "production\\u3164", "invisible character U+3164"),
        ("production\ufe0f", "production\\ufe0f", "invisible character U+FE0F"),
        ("production\u2800", "production\\u2800", "invisible character U+2800"),
        ("production\U000e0101", "production\\U000e0101", "invisible character U+E0101"),
        ("\u3000", "\\u3000", "invisible character U+3000"),
        ("cafe\u0301", "cafe\u0301", "is not in Unicode's composed form"),
        (CYRILLIC, CYRILLIC, "mixes letters of Cyrillic and Latin"),
    ],
)
def test_deceptive_names_are_shown_and_warned_about(room: Room, name: str, shown: str, why: str) -> None:
    room.world({"model": {"collections": {"fraud": {"type": "model", "versions": [f"{DETECTOR}:v0"]}}}})
    room.manifest({"registries": {"model": {"collections": {"fraud": {"type": "model", "aliases": {name: "v0"}}}}}})
    ended = room.run("plan", "registry.yaml", "-o", "plan.json")
    assert ended.code == 0, ended.err
    assert f"+ set alias {address(shown)}  v0" in ended.out
    assert why in ended.out
    assert why in room.run("validate", "registry.yaml").err + room.run("validate", "registry.yaml").out
    assert room.run("apply", "plan.json").code == 0
    assert room.run("plan", "registry.yaml", "--detailed-exitcode").code == 0
    for format_ in ("text", "markdown"):
        room.run("drift", "registry.yaml", "--format", format_)
    room.run("render", "registry.yaml")
    room.run("plan", "registry.yaml", "--format", "json")


def address(shown: str) -> str:
    """As a text plan shows it: in quotes, but for a plain word."""
    return f"model/fraud:{shown}" if shown == CYRILLIC else f"'model/fraud:{shown}'"


def test_a_name_that_ends_the_line_unseen_is_refused(room: Room) -> None:
    room.world({"model": {"collections": {"fraud": {"type": "model", "versions": [f"{DETECTOR}:v0"]}}}})
    room.manifest(
        {"registries": {"model": {"collections": {"fraud": {"type": "model", "aliases": {SEPARATOR: "v0"}}}}}}
    )
    ended = room.run("plan", "registry.yaml")
    assert ended.code == 1
    assert "U+2028 ends the line here for YAML" in ended.err


@pytest.mark.parametrize("name", [BIDI, ZERO, SEPARATOR, "<img src=x onerror=alert(1)>", "`$(id)`", "@everyone", "-rf"])
def test_deceptive_names_in_the_registry(room: Room, name: str) -> None:
    """Nobody declared them: they are there, and a plan removes them, or an import writes them down."""
    block = {"type": "model", "versions": [f"{DETECTOR}:v0"], "aliases": {name: "v0"}, "description": CLEAR + TITLE}
    room.world({"model": {"description": LINK, "collections": {"fraud": block}}})
    wanted = {"type": "model", "aliases": {}, "description": "x", "unlisted": {"aliases": "remove"}}
    room.manifest({"registries": {"model": {"description": "x", "collections": {"fraud": wanted}}}})
    ended = room.run("plan", "registry.yaml", "-o", "plan.json", *EVERY_CONSENT)
    assert ended.code == 0, ended.err
    assert "model/fraud\n  - remove alias " in ended.out
    for format_ in ("text", "markdown", "html"):
        room.run("show", "plan.json", "--format", format_)
    room.run("apply", "plan.json")
    room.run("import", "-o", "imported")


def test_metadata_with_escape_codes(room: Room) -> None:
    metadata = {f"note{CLEAR}": TITLE, "link": LINK, BIDI: 1, "deep": {"a": {"b": [CLEAR] * 3}}, "n": 10**9}
    versions = [{"metadata": {"note": "fine"}}, {"metadata": metadata}]
    room.world(
        {"model": {"collections": {"c": {"type": "model", "versions": ["acme-ml/x/y:v0"], "aliases": {"a": "v0"}}}}},
        **{"acme-ml/x/y": {"type": "model", "versions": versions}},
    )
    wanted = {"type": "model", "aliases": {"a": "acme-ml/x/y:v1"}, "metrics": {"n": "higher"}}
    room.manifest({"registries": {"model": {"collections": {"c": wanted}}}})
    for format_ in ("text", "markdown"):
        ended = room.run("plan", "registry.yaml", "--format", format_, "-o", "plan.json")
        assert ended.code == 0, ended.err


# Manifests ---------------------------------------------------------------------------------------------------------------

STRANGE = {
    "a tag that makes objects": "a: !!python/object/apply:os.system [touch owned]\n",
    "a tag of one's own": "a: !evil {b: c}\n",
    "an include": "a: !include /etc/passwd\n",
    "a merge": "<<: {registries: {}}\n",
    "a bomb": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n",
    "depth": "registries: " + "{a: " * 5000 + "1" + "}" * 5000 + "\n",
    "depth of lists": "registries: " + "[" * 20_000 + "\n",
    "a huge index": "registries: {m: {collections: {c: {type: t, aliases: {a: v99999999999999999999999}}}}}\n",
    "a huge number": "limits: {aliases: {percent: 1.0e+400, number: 9}}\n",
    "many digits": "limits: {aliases: {percent: 1, number: " + "9" * 5000 + "}}\n",
    "not a number": "limits: {aliases: {percent: .nan, number: 1}}\n",
    "an escape code": f'registries: {{"{"a"}\\e[2J": {{}}}}\n',
    "escape codes in a key": 'registries: {model: {"\\e]0;owned\\a": 1}}\n',
    "bidi in a key": f"registries: {{model: {{{BIDI}: 1}}}}\n",
    "a path as a registry": "registries: {../../etc/passwd: {}}\n",
    "a path as a version": "registries: {m: {collections: {c: {type: t, aliases: {a: ../../../etc:v1}}}}}\n",
    "a server": "server: http://evil.example\n",
    "a backend": "backend: wandb:http://evil.example\n",
    "a key": "api_key: x\n",
    "a URL as organization": "organization: http://evil.example/\n",
    "a secret as a variable": "organization: ${WANDB_API_KEY}\n",
    "a command as a variable": "organization: ${$(id)}\n",
    "a long line": "registries: {" + "a" * 300_000 + ": {}}\n",
}


@pytest.mark.parametrize("what", STRANGE)
def test_strange_manifests_are_errors_with_a_place(room: Room, what: str) -> None:
    room.world({})
    room.manifest("apiVersion: regsync/v1\n" + STRANGE[what])
    for command in ("validate", "plan", "render"):
        ended = room.run(command, "registry.yaml")
        assert ended.code == 1, (command, ended.out)
        assert "registry.yaml:" in ended.err, ended.err
        assert len(ended.err) < 20_000
        assert KEYS["alice"] not in ended.err
    assert not (room.folder / "owned").exists()


@pytest.mark.needs("git")
def test_a_repository_that_lies_bare_among_the_manifests(room: Room) -> None:
    """A pull request may hold a folder that Git takes for a repository, with settings that run commands."""
    room.world({})
    evil = room.folder / "evil"
    git = ["git", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q", "--bare", str(evil)], check=True)
    marker = room.folder / "owned"
    (evil / "registry.yaml").write_text("apiVersion: regsync/v1\norganization: acme\nregistries: {new: {}}\n")
    for setting in (["core.bare", "false"], ["core.worktree", "."], ["filter.x.clean", f"touch {marker}; cat"]):
        subprocess.run(["git", "--git-dir", str(evil), "config", *setting], check=True)
    (evil / "info" / "attributes").write_text("* filter=x\n")
    everywhere = ["git", "--git-dir", str(evil), "--work-tree", str(evil), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*everywhere, "add", "-f", "registry.yaml"], check=True)
    subprocess.run([*everywhere, "commit", "-q", "-m", "x"], check=True)
    marker.unlink(missing_ok=True)
    (evil / "registry.yaml").write_text("apiVersion: regsync/v1\norganization: acme\nregistries: {newer: {}}\n")
    assert room.run("plan", "evil/registry.yaml", "-o", "plan.json").code == 0
    assert not marker.exists(), "a command of the stranger was run"
    assert json.loads((room.folder / "plan.json").read_text())["manifest"]["commit"] is None


# Where the key goes ------------------------------------------------------------------------------------------------------


@contextmanager
def two_servers(room: Room) -> Iterator[tuple[Relay, Relay]]:
    """The user's own, and a stranger's that writes down what it is told."""
    room.world({"model": {"collections": {"c": {"type": "model", "versions": [f"{DETECTOR}:v0"]}}}})
    with served(room.folder / "registry.db") as url, relay(url) as own, relay(url) as stranger:
        yield own, stranger


def test_no_document_decides_where_the_key_goes(room: Room) -> None:
    """A plan, a receipt and a journal that name the stranger's server, with digests that fit."""
    manifest = {"registries": {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v0"}}}}}}
    with two_servers(room) as (own, stranger):
        backend = f"wandb:{own.url}"
        room.manifest(manifest)
        assert room.run("plan", "registry.yaml", "-o", "plan.json", backend=backend).code == 0
        plan = lead_astray(room.folder / "plan.json", stranger.url)
        assert room.run("apply", plan, backend=backend).code == 5
        assert room.run("show", plan, backend=backend).code == 0
        done = room.run("apply", "plan.json", "--receipt", "receipt.json", backend=backend)
        assert done.code == 0, done.err
        assert room.run("undo", lead_astray(room.folder / "receipt.json", stranger.url), backend=backend).code == 5
        journals = room.folder / ".regsync" / "journals"
        first = {
            "format": "regsync/journal/v1",
            "started_at": "2026",
            "plan": json.loads((room.folder / plan).read_text()),
        }
        (journals / "x.jsonl").write_text(
            json.dumps(first) + "\n" + json.dumps({"event": "sent", "ids": ["op-1"]}) + "\n"
        )
        assert room.run("apply", "registry.yaml", "--auto-approve", backend=backend).code == 0
        assert room.run("drift", "registry.yaml", backend=backend).code == 0
        assert stranger.requests == []
        assert own.requests


def lead_astray(path: Path, url: str) -> str:
    document = json.loads(path.read_text(encoding="utf-8"))
    document["destination"]["url"] = url
    document["digest"] = document_digest(document)
    other = path.with_name(f"astray-{path.name}")
    other.write_text(canonical_json(document), encoding="utf-8")
    return other.name


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_gets_no_key(room: Room, status: int) -> None:
    with two_servers(room) as (own, stranger):
        room.manifest({"registries": {"model": {}}})

        def elsewhere(request: Request, forward: Forward) -> Response:
            return Response(status, b"", {"Location": f"{stranger.url}/graphql"})

        own.reset(elsewhere)
        ended = room.run("plan", "registry.yaml", backend=f"wandb:{own.url}")
        assert ended.code == 1
        assert "the server sends us elsewhere" in ended.err
        assert stranger.requests == []


def test_planning_a_strangers_pull_request_says_nothing_of_the_key(room: Room) -> None:
    with two_servers(room) as (own, _):
        room.manifest({"registries": {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v0"}}}}}})
        for arguments in (["-vv", "plan", "registry.yaml", "-o", "plan.json"], ["-vv", "doctor", "registry.yaml"]):
            ended = room.run(*arguments, backend=f"wandb:{own.url}", REGSYNC_TRACEBACK="1")
            assert KEYS["alice"] not in ended.out + ended.err
        for path in room.folder.rglob("*.json"):
            assert KEYS["alice"] not in path.read_text(encoding="utf-8")


# What a server says ------------------------------------------------------------------------------------------------------


def error_with(text: str, status: int) -> Any:
    def behave(request: Request, forward: Forward) -> Response:
        return as_json({"errors": [{"message": text}], "data": None}, status)

    return behave


def page_with(text: str) -> Any:
    def behave(request: Request, forward: Forward) -> Response:
        return Response(502, f"<title>{text}</title>".encode(), {"Content-Type": "text/html"})

    return behave


@pytest.mark.parametrize("behave", [error_with(CLEAR + BIDI, 200), error_with(TITLE, 500), page_with(LINK + BIDI)])
def test_what_a_server_says_is_shown_harmless(room: Room, behave: Any) -> None:
    """As an error, and as the reason why it waits."""
    with two_servers(room) as (own, _):
        room.manifest({"registries": {"model": {}}})
        own.reset(behave)
        ended = room.run("-v", "plan", "registry.yaml", backend=f"wandb:{own.url}", REGSYNC_HTTP_DEADLINE="0.3")
        assert ended.code == 1
        assert "\\x1b" in ended.err or "\\u202e" in ended.err, ended.err


@pytest.mark.parametrize(
    "number", [10**30, -1, 0.5, "7", True, None, [], {"a": 1}, "v" * 100_000], ids=lambda value: str(value)[:8]
)
def test_numbers_that_are_none(room: Room, number: Any) -> None:
    """For the index of a link: planned with it, or refused; never a Python error."""
    with two_servers(room) as (own, _):
        room.manifest({"registries": {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v0"}}}}}})

        def behave(request: Request, forward: Forward) -> Response:
            return as_json(_with_index(forward().json, number))

        own.reset(behave)
        ended = room.run("plan", "registry.yaml", backend=f"wandb:{own.url}", REGSYNC_HTTP_DEADLINE="0.3")
        assert ended.code == 1, ended.out
        assert "regsync met something that it does not expect" not in ended.err


def _with_index(value: Any, number: Any) -> Any:
    if isinstance(value, dict):
        return {key: number if key == "versionIndex" else _with_index(each, number) for key, each in value.items()}
    return [_with_index(each, number) for each in value] if isinstance(value, list) else value


# The state folder --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 100 + b"\n",
        b"[]\n",
        b'{"format": "regsync/journal/v9"}\n',
        b'{"format": "regsync/journal/v1"}\n{"event": "sent"}\n',
        b'{"format": "regsync/journal/v1", "started_at": 1, "plan": {"format": "regsync/plan/v1\x1b[2J"}}\n',
        b"[" * 100_000 + b"\n",
        b'{"format": "\\u001b[2J\\u202e"}\n',
    ],
)
def test_a_journal_that_is_none_is_left_as_it_is(room: Room, content: bytes) -> None:
    room.world({"model": {"collections": {"c": {"type": "model", "versions": [f"{DETECTOR}:v0"]}}}})
    room.manifest({"registries": {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v0"}}}}}})
    strange = room.folder / ".regsync" / "journals" / "20200101T000000Z-x.jsonl"
    strange.parent.mkdir(parents=True)
    strange.write_bytes(content)
    ended = room.run("apply", "registry.yaml", "--auto-approve")
    assert ended.code == 0, ended.err
    assert "cannot be used" in ended.err
    assert strange.read_bytes() == content


def test_a_journal_of_which_not_even_the_first_line_is_whole_is_dropped(room: Room) -> None:
    room.world({"model": {"collections": {"c": {"type": "model", "versions": [f"{DETECTOR}:v0"]}}}})
    room.manifest({"registries": {"model": {"collections": {"c": {"type": "model", "aliases": {"a": "v0"}}}}}})
    torn = room.folder / ".regsync" / "journals" / "20200101T000000Z-x.jsonl"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b'{"format": "regsync/jour')
    assert room.run("apply", "registry.yaml", "--auto-approve").code == 0
    assert not torn.exists()


def test_a_journal_that_cannot_be_read_is_kept(room: Room) -> None:
    room.world({"model": {}})
    room.manifest({"registries": {"model": {}}})
    strange = room.folder / ".regsync" / "journals" / "a.jsonl"
    strange.mkdir(parents=True)
    ended = room.run("apply", "registry.yaml", "--auto-approve")
    assert ended.code == 0, ended.err
    assert "cannot be used" in ended.err
    assert history.last_event(room.folder / "registry.db") > 0


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "~", "-x", "a b", "CON", "ä" * 113, BIDI, "a'b\"c", "$(id)"])
def test_import_writes_nowhere_else(room: Room, name: str) -> None:
    """Registries and collections may be called almost anything; files may not."""
    room.world({name: {"collections": {name: {"type": "model"}}}})
    before = set(room.folder.parent.iterdir())
    ended = room.run("import", "-o", "imported", "--split", "collection")
    assert ended.code == 0, ended.err
    made = [path for path in (room.folder / "imported").rglob("*") if path.is_file()]
    assert made
    assert all(path.resolve().is_relative_to((room.folder / "imported").resolve()) for path in made)
    assert set(room.folder.parent.iterdir()) == before
    assert room.run("plan", "imported", "--detailed-exitcode").code == 0
