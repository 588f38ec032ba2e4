"""Files that are no registry, or cannot be used now: a clear error of a fitting kind, and nothing changed."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regsync.local.store import contents, identities, registries
from regsync.local.store.database import Store, create_store, open_store
from regsync.local.store.errors import (
    Damaged,
    DiskFull,
    FileProblem,
    Locked,
    NewerVersion,
    NoRegistryFile,
    NotARegistry,
    ReadOnly,
    RegistryError,
)
from regsync.local.store.opening import SCHEMA_VERSION
from tests.local.processes import ROOT, as_nobody, begun, in_a_fork
from tests.local.world import World, dump, make_world

Make = Callable[[Path], object]


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE something (else_ TEXT)")
    connection.close()


def newer(path: Path) -> None:
    make_world(path).store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def cut_short(path: Path) -> None:
    make_world(path).store.close()
    path.write_bytes(path.read_bytes()[:10_000])


def overwritten(path: Path) -> None:
    make_world(path).store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


BAD: dict[str, tuple[Make, type[FileProblem], str]] = {
    "missing": (lambda path: None, NoRegistryFile, "no such registry file"),
    "folder": (lambda path: path.mkdir(), NotARegistry, "a folder, not a registry file"),
    "empty": (lambda path: path.touch(), NoRegistryFile, "the file is empty"),
    "text": (lambda path: path.write_text("organization: acme\n" * 100), NotARegistry, "not a SQLite file"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 40), NotARegistry, "not a SQLite file"),
    "another database": (other_database, NotARegistry, "a SQLite database, but not a regsync registry"),
    "newer": (newer, NewerVersion, f"format {SCHEMA_VERSION + 1}; this one knows formats up to {SCHEMA_VERSION}"),
    "cut short": (cut_short, Damaged, "failed"),
    "overwritten": (overwritten, Damaged, "failed"),
    "a pipe": (os.mkfifo, NotARegistry, "not a regular file"),
    "in a file": (lambda path: path.parent.joinpath("x").touch(), NoRegistryFile, "no such registry file"),
}


@pytest.mark.parametrize("change", ["DROP TABLE api_keys", "ALTER TABLE users RENAME COLUMN key_hash TO hash"])
def test_a_registry_that_somebody_took_something_from_is_an_error_with_a_hint(tmp_path: Path, change: str) -> None:
    store, _ = create_store(tmp_path / "registry.db")
    with store.write() as tx:
        tx.run(change)
    for ask in (identities.recall, identities.identify):
        with pytest.raises(Damaged, match="lacks what one has: no such") as caught:
            ask(store, "k" * 40)
        assert "restore the file" in (caught.value.hint or "")
    store.close()


@pytest.fixture(params=BAD)
def bad(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, type[FileProblem], str]:
    make, error, words = BAD[request.param]
    path = tmp_path / "registry.db"
    make(path)
    return (tmp_path / "x" / "registry.db" if request.param == "in a file" else path), error, words


def touch_everything(store: Store) -> None:
    dump(store)


def content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def test_bad_files(bad: tuple[Path, type[FileProblem], str]) -> None:
    path, error, words = bad
    before = content_of(path)
    for read_only in (True, False):
        with pytest.raises(FileProblem) as caught:
            touch_everything(open_store(path, read_only=read_only))
        assert type(caught.value) is error
        assert words in str(caught.value)
        assert str(caught.value).startswith(f"{path}: ")
        assert caught.value.hint
    assert content_of(path) == before


@pytest.mark.parametrize("kind", ["folder", "text", "binary", "another database", "newer", "a pipe"])
def test_making_a_registry_spares_what_is_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "registry.db"
    BAD[kind][0](path)
    before = content_of(path)
    with pytest.raises(BAD[kind][1]):
        create_store(path)
    assert content_of(path) == before


@pytest.mark.parametrize("kind", BAD)
def test_commands_say_it_without_a_traceback(tmp_path: Path, kind: str) -> None:
    make, _, words = BAD[kind]
    path = tmp_path / "registry.db"
    make(path)
    if kind == "in a file":
        path = tmp_path / "x" / "registry.db"
    answer = subprocess.run(
        [sys.executable, "-m", "regsync", "local", "info", "--db", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert words in answer.stderr
    assert "hint:" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("name", ["with space.db", "a?b#c%20d.db", "ünïcode.db", "-dash.db", "file:x.db"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    make_world(tmp_path / name).store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    dump(open_store(tmp_path / name, read_only=True))


def test_a_link_to_the_file_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    store = make_world(tmp_path / "real" / "registry.db").store
    (tmp_path / "link.db").symlink_to(store.path)
    staged = contents.stage_bytes(store, bytes(100_000))
    linked = open_store(tmp_path / "link.db")
    with linked.write() as tx:
        contents.add(tx, staged)
        assert contents.read(tx, staged.key) == bytes(100_000)


def test_connections_go_with_their_threads(world: World) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    for _ in range(20):
        thread = threading.Thread(target=dump, args=(world.store,))
        thread.start()
        thread.join()
    assert open_files() <= before + 1


# Locked --------------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_held_too_long(world: World) -> None:
    world.store.close()
    store = open_store(world.store.path, timeout=0.2)
    before = dump(store)
    with begun("hold", str(store.path), "EXCLUSIVE"):
        with (
            pytest.raises(Locked, match=r"another process is using the registry; waited 0\.2 seconds"),
            store.read() as tx,
        ):
            tx.value("SELECT 1")
        with pytest.raises(Locked), store.write():
            pass
        with pytest.raises(Locked):
            open_store(world.store.path, timeout=0.2).read().__enter__()
    assert dump(store) == before, "and afterwards it works again"


def test_a_writer_does_not_keep_readers_out(world: World) -> None:
    with begun("hold", str(world.store.path), "IMMEDIATE"):
        dump(world.store)
        with pytest.raises(Locked), open_store(world.store.path, timeout=0.2).write():
            pass


def test_a_lock_that_is_let_go_in_time_is_only_waited_for(world: World) -> None:
    with begun("hold", str(world.store.path), "EXCLUSIVE") as holder:
        threading.Timer(0.3, holder.kill).start()
        with world.store.write() as tx:
            registries.create(tx, world.acme(tx), "model")


# Read-only -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared() -> Iterator[World]:
    """A world in a folder that every user may enter, with file contents beside the database."""
    with tempfile.TemporaryDirectory(prefix="regsync-") as name:
        folder = Path(name)
        world = make_world(folder / "registry.db")
        world.registry("model")
        world.store.close()
        folder.chmod(0o755)
        yield world
        folder.chmod(0o755)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o555), (0o666, 0o555), (0o444, 0o777)])
def test_what_cannot_be_written_can_still_be_read(shared: World, file_mode: int, folder_mode: int) -> None:
    path = shared.store.path
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    before = path.read_bytes()

    def act() -> str:
        for read_only in (True, False):
            store = open_store(path, read_only=read_only)
            with store.read() as tx:
                assert shared.get(tx).name == "model"
        try:
            with store.write() as tx:
                registries.create(tx, shared.acme(tx), "new")
        except RegistryError as error:
            return f"{type(error).__name__}: {error} / {error.hint}"
        return "written"

    told = as_nobody(act)
    assert told.startswith(f"ReadOnly: {path}: the registry file or its folder cannot be written"), told
    assert "reading still works" in told
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["registry.db"]


def test_a_folder_that_cannot_be_written_gets_no_registry(shared: World) -> None:
    shared.store.path.parent.chmod(0o555)

    def act() -> str:
        for path in ("new.db", "sub/new.db"):
            try:
                create_store(shared.store.path.with_name("x").parent / path)
            except RegistryError as error:
                if not isinstance(error, ReadOnly):
                    return repr(error)
            else:
                return "made"
        return "refused"

    assert as_nobody(act) == "refused"


def test_a_file_that_may_not_be_read(shared: World) -> None:
    shared.store.path.chmod(0)

    def act() -> str:
        try:
            dump(open_store(shared.store.path, read_only=True))
        except RegistryError as error:
            return str(error)
        return "read"

    assert "registry.db: " in as_nobody(act)


def test_a_read_only_store_starts_no_write(world: World) -> None:
    store = open_store(world.store.path, read_only=True)
    with pytest.raises(ReadOnly), store.write():
        pass
    with pytest.raises(ReadOnly), store.read() as tx:
        tx.run("DELETE FROM users")


def test_what_reads_cannot_write_whatever_its_thread_has_done_before(world: World) -> None:
    for _ in range(2):
        with pytest.raises(ReadOnly), world.store.read() as tx:
            tx.run("DELETE FROM users")
        with world.store.write() as tx:
            tx.run("UPDATE instance SET uuid = uuid")


def test_statements_stay_prepared_from_one_transaction_to_the_next(world: World) -> None:
    """Saying each time that a connection only reads makes SQLite prepare all of them again."""
    prepared: list[int] = []

    def note(action: int, *_: object) -> int:
        if action in (sqlite3.SQLITE_READ, sqlite3.SQLITE_DELETE):
            prepared.append(action)
        return sqlite3.SQLITE_OK

    connection = world.store._holding().connection
    for begin, sql in ((world.store.read, "SELECT name FROM aliases"), (world.store.write, "DELETE FROM aliases")):
        for turn in range(3):
            if turn == 1:
                connection.set_authorizer(note)
            prepared.clear()
            with begin() as tx:
                tx._execute(sql, ())
        assert prepared == []
        connection.set_authorizer(None)


# Full ----------------------------------------------------------------------------------------------------------------


def give_little_room(folder: Path) -> None:
    """Let only 1 MiB be written in `folder` by this process: on a small disk, or where none may be mounted by a limit."""
    libc, new_mounts, private = ctypes.CDLL(None, use_errno=True), 0x00020000, 0x00040000 | 0x4000
    if libc.unshare(new_mounts) == 0:
        libc.mount(b"none", b"/", None, private, None)
        if libc.mount(b"none", bytes(folder), b"tmpfs", 0, b"size=1m") == 0:
            return
    limit_file_sizes()


def limit_file_sizes() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))


def fill(folder: Path) -> str:
    """Write until it fails, in one transaction and in a file beside the database; then look at what is left."""
    world = make_world(folder / "registry.db")
    world.registry("model")
    before = dump(world.store)
    told = []
    try:
        with world.store.write() as tx:
            for number in range(5000):
                registries.create(tx, world.acme(tx), f"registry-{number}", description="x" * 1000)
    except RegistryError as error:
        told.append(f"{type(error).__name__}: {error}")
    try:
        contents.stage_bytes(world.store, bytes(4 * 2**20))
    except RegistryError as error:
        told.append(f"{type(error).__name__}: {error}")
    assert dump(world.store) == before, "nothing of it was kept"
    assert [path for path in world.store.files.rglob("*") if path.is_file()] == []
    world.write(lambda tx: registries.set_description(tx, world.get(tx), "there is room for little things"))
    assert [row[0] for row in sqlite3.connect(world.store.path).execute("PRAGMA integrity_check")] == ["ok"]
    return "\n".join(told)


@pytest.mark.parametrize("limit", [give_little_room, lambda folder: limit_file_sizes()], ids=["disk", "limit"])
def test_no_room_left(tmp_path: Path, limit: Callable[[Path], None]) -> None:
    def act() -> str:
        limit(tmp_path)
        return fill(tmp_path)

    told = in_a_fork(act).splitlines()
    assert len(told) == 2, told
    for line in told:
        assert line.startswith(f"{DiskFull.__name__}: "), line
        assert "the disk is full, or a quota or a limit on file sizes is reached" in line
