"""`regsync local …` as people type it: what it prints where, exit codes, and files that it must spare."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from regsync.commands import run
from regsync.local.store.database import open_store
from tests.local.world import dump

ALICE = "alice-key-for-the-local-registry-00000000"


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Regsync = Callable[..., Answer]


@pytest.fixture
def regsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Regsync:
    """Runs the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGSYNC_BACKEND", raising=False)

    def call(*arguments: str) -> Answer:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


def ok(answer: Answer) -> str:
    assert answer.code == 0, answer.err
    return answer.out


@pytest.fixture
def acme(regsync: Regsync) -> Regsync:
    ok(regsync("local", "init", "--org", "acme"))
    ok(regsync("local", "user", "add", "alice", "--api-key", ALICE, "--admin"))
    ok(regsync("local", "team", "add", "acme-ml", "--org", "acme", "--member", "alice"))
    return regsync


def test_a_registry_in_one_minute(acme: Regsync, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    logged = acme("local", "artifact", "log", "acme-ml/fraud/detector", "--type", "model", "--file", "model.bin",
                  "--metadata", '{"accuracy": 0.9}', "--alias", "best")  # fmt: skip
    assert ok(logged) == "acme-ml/fraud/detector:v0\n"
    assert "1 files, 7 bytes" in logged.err
    info = ok(acme("local", "info"))
    assert "organization acme, entity acme-org" in info
    assert "users: alice (admin)" in info
    assert "team acme-ml: alice" in info
    assert "1 artifact, 1 version" in info
    assert (tmp_path / ".regsync" / "registry.db").is_file()


def test_init_spares_what_is_there(acme: Regsync, tmp_path: Path) -> None:
    store = open_store(tmp_path / ".regsync" / "registry.db")
    before = dump(store)
    assert "already there, left as it is" in ok(acme("local", "init", "--org", "acme"))
    other = acme("local", "init", "--org", "other")
    assert (other.code, other.out) == (1, "")
    assert "already a registry, of organization acme" in other.err
    assert "regsync local org add" in other.err
    assert dump(store) == before


@pytest.mark.parametrize("name", ["", "a/b", "x" * 129])
def test_a_bad_organization_makes_no_file(regsync: Regsync, tmp_path: Path, name: str) -> None:
    assert regsync("local", "init", "--org", name).code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "file"),
    [
        ([], None, ".regsync/registry.db"),
        ([], "local:env.db", "env.db"),
        (["--backend", "local:global.db"], "local:env.db", "global.db"),
        (["--backend", "wandb:http://127.0.0.1:1"], None, ".regsync/registry.db"),
    ],
)
def test_which_file(
    regsync: Regsync,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: str | None,
    file: str,
) -> None:
    if environment:
        monkeypatch.setenv("REGSYNC_BACKEND", environment)
    ok(regsync(*arguments, "local", "init", "--org", "acme"))
    assert (tmp_path / file).is_file()
    ok(regsync(*arguments, "local", "init", "--org", "acme", "--db", "own.db"))
    assert (tmp_path / "own.db").is_file()


def test_keys(acme: Regsync) -> None:
    made = ok(acme("local", "user", "add", "zoe"))
    key = re.search(r"API key of zoe: (\S{40,})\n", made)
    assert key
    short = acme("local", "user", "add", "yan", "--api-key", "short")
    assert (short.code, short.out) == (1, "")
    assert "at least 40 characters; this one has 5" in short.err
    assert "short" not in short.err.replace("shorter", "")
    again = acme("local", "user", "add", "alice")
    assert again.code == 1
    assert "'alice' already exists" in again.err


def test_organizations_and_roles(acme: Regsync) -> None:
    ok(acme("local", "user", "add", "bob"))
    assert "bob: viewer" in ok(acme("local", "org", "add", "acme", "--member", "bob:viewer"))
    out = ok(acme("local", "org", "add", "Other Inc.", "--member", "bob:admin"))
    assert "added organization Other Inc., entity other-inc-org" in out
    for members, words in (("bob", "not USER:ROLE"), ("bob:boss", "not USER:ROLE"), ("nobody:admin", "user 'nobody'")):
        answer = acme("local", "org", "add", "acme", "--member", members)
        assert answer.code == 1
        assert words in answer.err
    which = acme("local", "user", "add", "zoe")
    assert which.code == 1
    assert "which organization? There are: Other Inc., acme" in which.err
    ok(acme("local", "user", "add", "zoe", "--org", "Other Inc."))


def test_teams(acme: Regsync) -> None:
    ok(acme("local", "user", "add", "bob"))
    assert (
        ok(acme("local", "team", "add", "acme-ml", "--member", "bob"))
        == "already there: team acme-ml of acme: alice, bob\n"
    )
    assert ok(acme("local", "team", "add", "empty")) == "added team empty of acme: nobody in it\n"
    answer = acme("local", "team", "add", "acme-ml", "--org", "nowhere")
    assert answer.code == 1
    assert "organization 'nowhere' (known: acme)" in answer.err


def test_artifacts_from_folders(acme: Regsync, tmp_path: Path) -> None:
    for path in ("data/a.csv", "data/deep/b.csv", "readme.md", "other/readme.md"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    arguments = ["local", "artifact", "log", "acme-ml/fraud/table", "--type", "dataset"]
    assert ok(acme(*arguments, "--file", "data", "--file", "readme.md")) == "acme-ml/fraud/table:v0\n"
    with open_store(tmp_path / ".regsync" / "registry.db").read() as tx:
        assert [row[0] for row in tx.all("SELECT path FROM artifact_files ORDER BY path")] == [
            "a.csv",
            "deep/b.csv",
            "readme.md",
        ]
    again = acme(*arguments, "--file", "data", "--file", "readme.md", "--metadata", "{}")
    assert ok(again) == "acme-ml/fraud/table:v0\n"
    assert "no new version was made" in again.err
    clash = acme(*arguments, "--file", "readme.md", "--file", "other/readme.md")
    assert clash.code == 1
    assert "two files would be 'readme.md'" in clash.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a/b", "--type", "model"], "write entity/project/name"),
        (["acme-ml/fraud/x", "--type", "job"], "W&B keeps for itself"),
        (["acme-ml/fraud/x"], "--type"),
        (["nobody/fraud/x", "--type", "model"], "entity 'nobody'"),
        (["acme-ml/fraud/x", "--type", "model", "--metadata", "{"], "not JSON"),
        (["acme-ml/fraud/x", "--type", "model", "--metadata", "[1]"], "a JSON object"),
        (["acme-ml/fraud/x", "--type", "model", "--metadata", json.dumps({str(n): 1 for n in range(101)})], "101 top"),
        (["acme-ml/fraud/x", "--type", "model", "--alias", "latest/x"], "alias 'latest/x'"),
        (["acme-ml/fraud/x", "--type", "model", "--alias", "v3"], "belongs to the server"),
        (["acme-ml/fraud/x", "--type", "model", "--file", "none"], "does not exist"),
        (["acme-org/fraud/x", "--type", "model"], "holds registries, not projects"),
    ],
)
def test_artifacts_that_cannot_be_logged(acme: Regsync, tmp_path: Path, arguments: list[str], words: str) -> None:
    store = open_store(tmp_path / ".regsync" / "registry.db")
    before = dump(store)
    answer = acme("local", "artifact", "log", *arguments)
    assert (answer.code, answer.out) == (1, "")
    assert words in answer.err
    assert dump(store) == before


def test_seeding(regsync: Regsync, tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text(
        "organization: acme\nusers: {zoe: {}}\nteams: {ml: [zoe]}\nartifacts: {ml/p/a: {type: model, versions: 2}}\n"
    )
    first = ok(regsync("local", "seed", "seed.yaml"))
    assert "made 1 organization, 1 user, 1 team, 1 artifact, 2 versions\nAPI key of zoe: " in first
    assert "nothing to make; there already:" in ok(regsync("local", "seed", "seed.yaml"))
    (tmp_path / "bad.yaml").write_text("organization: acme\nartifcts: {}\n")
    bad = regsync("local", "seed", "bad.yaml", "--db", "new.db")
    assert (bad.code, bad.out) == (1, "")
    assert "bad.yaml:2:1" in bad.err
    assert "did you mean 'artifacts'?" in bad.err
    assert not (tmp_path / "new.db").exists()
    assert regsync("local", "seed", "none.yaml").code == 1


def test_names_from_strangers_do_not_steer_the_terminal(acme: Regsync) -> None:
    ok(acme("local", "org", "add", "bidi\u202eevil"))
    info = ok(acme("local", "info"))
    assert "\u202e" not in info
    assert "bidi\\u202eevil" in info


@pytest.mark.parametrize(
    "command", ["init", "seed", "user add", "org add", "team add", "artifact log", "info", "serve"]
)
def test_every_command_has_help_and_takes_db(regsync: Regsync, command: str) -> None:
    text = ok(regsync("local", *command.split(), "--help"))
    assert "--db FILE" in text


def test_usage_errors_exit_1(regsync: Regsync) -> None:
    for arguments in (["local", "init"], ["local", "nothing"], ["local", "user", "add"], ["local", "seed"]):
        answer = regsync(*arguments)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err


def test_without_a_registry_every_command_says_how_to_make_one(regsync: Regsync, tmp_path: Path) -> None:
    for arguments in (
        ["info"],
        ["user", "add", "zoe"],
        ["org", "add", "acme"],
        ["team", "add", "ml"],
        ["artifact", "log", "a/b/c", "--type", "model"],
    ):
        answer = regsync("local", *arguments)
        assert (answer.code, answer.out) == (1, "")
        assert ".regsync/registry.db: no such registry file" in answer.err
        assert "regsync local init" in answer.err
    assert list(tmp_path.iterdir()) == [], "and none of them makes anything"


def test_the_owner_makes_one_more_key_for_a_user(acme: Regsync) -> None:
    made = ok(acme("local", "user", "key", "alice", "--description", "for the nightly job"))
    key = made.removeprefix("API key of alice: ").split()[0]
    assert len(key) >= 40
    again = ok(acme("local", "user", "key", "alice")).removeprefix("API key of alice: ").split()[0]
    assert again != key
    unknown = acme("local", "user", "key", "alise")
    assert unknown.code == 1
    assert "user 'alise'" in unknown.err


def test_users_are_listed_with_their_organizations_and_teams(acme: Regsync) -> None:
    ok(acme("local", "user", "add", "nora", "--no-org"))
    ok(acme("local", "user", "add", "bob"))
    told = ok(acme("local", "user", "list"))
    assert told.splitlines() == [
        "alice: admin of acme; team acme-ml",
        "bob: member of acme",
        "nora: of no organization yet",
    ]
    users = json.loads(ok(acme("local", "user", "list", "--format", "json")))["users"]
    assert users[0] == {"name": "alice", "organizations": {"acme": "admin"}, "teams": ["acme-ml"]}
    assert users[2] == {"name": "nora", "organizations": {}, "teams": []}


@pytest.mark.parametrize("other", [("--admin",), ("--org", "acme")])
def test_no_organization_and_a_place_in_one_do_not_go_together(acme: Regsync, other: tuple[str, ...]) -> None:
    refused = acme("local", "user", "add", "nora", "--no-org", *other)
    assert refused.code == 1
    assert f"--no-org and {other[0]} do not go together" in refused.err
