"""Files that a case file cannot hold: huge, binary, in other encodings, unreadable, missing; and which files count."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from regsync.diagnostics import Diagnostic, DiagnosticsError
from regsync.manifest.reading.check import MANY_NODES, MAX_ERRORS_OF_MANY_NODES
from regsync.manifest.reading.files import MAX_FILE_SIZE
from regsync.manifest.reading.load import MAX_PROBLEMS, load
from regsync.manifest.reading.tree import MAX_NODES
from regsync.manifest.reading.variables import MAX_INSERTED

GOOD = b"apiVersion: regsync/v1\nregistries: {model: {description: caf\xc3\xa9}}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be a user whom permissions bind, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def problems(*paths: object, **options: object) -> list[Diagnostic]:
    with pytest.raises(DiagnosticsError) as error:
        load(list(paths), **options)  # type: ignore[arg-type]
    assert all(each.hint for each in error.value.diagnostics)
    return error.value.diagnostics


def codes(*paths: object, **options: object) -> list[tuple[str, str]]:
    return [(str(each.position), each.code) for each in problems(*paths, **options)]


def test_fifty_megabytes_are_refused_unread(tmp_path: Path) -> None:
    with Path("big.yaml").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    (problem,) = problems("big.yaml")
    assert problem.code == "file-too-large"
    assert "50 MiB" in problem.message
    assert "20 MiB" in problem.message


def test_a_file_that_says_it_is_small_and_is_not() -> None:
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        os.write(writer, GOOD)
    finally:
        os.close(writer)
    assert load([f"/dev/fd/{reader}"]).summary == "1 file, 1 registry, 0 collections, 0 aliases"
    os.close(reader)


def test_the_largest_file_is_still_read() -> None:
    comment = b"#" + b" " * (MAX_FILE_SIZE - len(GOOD) - 2) + b"\n"
    Path("large.yaml").write_bytes(GOOD + comment)
    assert len(load(["large.yaml"]).desired.registries) == 1


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        pytest.param(GOOD.decode().encode("utf-16"), "encoding", "m.yaml", id="utf-16"),
        pytest.param(GOOD.decode().encode("utf-16-le"), "encoding", "m.yaml", id="utf-16 without a mark"),
        pytest.param(GOOD.decode().encode("utf-32"), "encoding", "m.yaml", id="utf-32"),
        pytest.param(GOOD.decode().encode("latin-1"), "encoding", "m.yaml:2:38", id="latin-1"),
        pytest.param(b"\xef\xbb\xbf# \xff", "encoding", "m.yaml:1:3", id="latin-1 after a byte order mark"),
        pytest.param(b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00", "binary-file", "m.yaml", id="a program"),
        pytest.param(b"\x1f\x8b\x08\x00\xd4\x11\x12", "binary-file", "m.yaml", id="gzip"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x01\x02\x03", "binary-file", "m.yaml", id="a picture"),
        pytest.param(GOOD + b"\0", "binary-file", "m.yaml", id="a zero byte at the end"),
        pytest.param(b"", "empty-file", "m.yaml", id="nothing at all"),
        pytest.param(b"\xef\xbb\xbf", "empty-file", "m.yaml", id="a byte order mark alone"),
    ],
)
def test_encodings(data: bytes, code: str, where: str) -> None:
    Path("m.yaml").write_bytes(data)
    assert codes("m.yaml") == [(where, code)]


def test_a_byte_order_mark_is_accepted_and_not_counted() -> None:
    Path("m.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD)
    assert load(["m.yaml"]).desired.registries
    Path("m.yaml").write_bytes(b"\xef\xbb\xbfregistries: 3\napiVersion: regsync/v1\n")
    assert codes("m.yaml") == [("m.yaml:1:13", "wrong-type")]


def test_a_carriage_return_alone_is_no_line_break() -> None:
    """YAML takes it for one, and a comment ends there; a diff shows one line."""
    hidden = GOOD.rstrip(b"\n") + b" # as before\r          production: v3\n"
    for data in (hidden, hidden.replace(b"\n", b"\r\n"), GOOD + b"# end\r", GOOD.replace(b"\n", b"\r")):
        Path("m.yaml").write_bytes(data)
        assert {code for _, code in codes("m.yaml")} == {"hidden-line-break"}


def test_windows_line_ends_do_not_matter() -> None:
    Path("m.yaml").write_bytes(GOOD.replace(b"\n", b"\r\n"))
    assert load(["m.yaml"]).desired.registries["model"].description == "café"  # type: ignore[index]


def test_no_files() -> None:
    assert codes() == [("None", "no-manifests")]


def test_a_folder_without_manifests(tmp_path: Path) -> None:
    Path("empty/.hidden").mkdir(parents=True)
    Path("empty/.hidden/m.yaml").write_bytes(GOOD)
    Path("empty/.m.yaml").write_bytes(GOOD)
    Path("empty/readme.md").write_text("x")
    assert codes("empty")[0] == ("empty", "no-manifests")
    assert [code for _, code in codes("empty")[1:]] == ["passed-over", "passed-over"]


def test_missing_files_are_all_named() -> None:
    Path("m.yaml").write_bytes(GOOD)
    assert codes("a.yaml", "m.yaml", "m.yaml/b.yaml", "", "z\0.yaml") == [
        ("", "no-such-file"),
        ("a.yaml", "no-such-file"),
        ("m.yaml/b.yaml", "no-such-file"),
        ("z\0.yaml", "no-such-file"),
    ]


def test_an_unreadable_file_and_folder(nobody: None, tmp_path: Path) -> None:
    del nobody
    os_euid = os.geteuid()
    folder = Path("/tmp") / f"regsync-test-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / "m.yaml").write_bytes(GOOD)
        (folder / "m.yaml").chmod(0)
        (folder / "inner").mkdir()
        (folder / "inner").chmod(0)
        assert os_euid != 0
        found = problems(folder / "m.yaml", folder / "inner")
        assert [each.code for each in found] == ["unreadable", "unreadable"]
        assert "permission denied" in found[0].message
    finally:
        (folder / "inner").chmod(0o700)
        (folder / "inner").rmdir()
        (folder / "m.yaml").unlink()
        folder.rmdir()


def test_other_things_than_files() -> None:
    Path("loop.yaml").symlink_to("loop.yaml")
    Path("dangling.yaml").symlink_to("nowhere.yaml")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket.yaml")
    try:
        assert codes("loop.yaml", "dangling.yaml", "socket.yaml", "/dev/zero") == [
            ("/dev/zero", "not-a-file"),
            ("dangling.yaml", "no-such-file"),
            ("loop.yaml", "unreadable"),
            ("socket.yaml", "unreadable"),
        ]
    finally:
        listener.close()


def test_folders_where_files_are_needed() -> None:
    Path("m.yaml").write_bytes(GOOD)
    Path("folder").mkdir()
    assert codes("m.yaml", overlays=["folder"], variable_files=["folder"]) == [("folder", "not-a-file")]


def test_which_files_of_a_folder_count() -> None:
    Path("all/sub/.git").mkdir(parents=True)
    for name in ("b.yaml", "a.yml", "sub/c.yaml", "sub/.git/d.yaml", ".e.yaml", "f.json", "g.yaml.bak"):
        (Path("all") / name).write_bytes(GOOD)
    assert [file.path for file in load(["all"]).files] == ["all/a.yml", "all/b.yaml", "all/sub/c.yaml"]


def test_nothing_that_is_declared_in_a_folder_is_passed_over_in_silence(tmp_path: Path) -> None:
    """With `unlisted: remove`, what is not read is planned for deletion."""
    text = "apiVersion: regsync/v1\nregistries: {{{}: {{}}}}\n"
    elsewhere, folder = tmp_path / "teams", tmp_path / "registries"
    for name in ("registries/a.yaml", "registries/B.YAML", "registries/c.Yml", "teams/d.yaml", "teams/deep/e.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(file.name[0]))
    (folder / "linked").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    assert load([folder]).summary == "5 files, 5 registries, 0 collections, 0 aliases"
    (folder / ".hidden").mkdir()
    for name in (".hidden/f.yaml", ".g.yaml", "h.yaml.bak", "i.json", "j.yaml.txt"):
        (folder / name).write_text(text.format("z"))
    (folder / "no-ending").write_text("# ours\n---\n" + text.format("z"))
    (folder / "p.yaml.gz").write_bytes(b"\x1f\x8b")
    for name in ("notes.txt", "k.json", ".l.yaml"):
        (folder / name).write_text("a: 1\n")
    (folder / "README.md").write_text("An example:\n" + text.format("z"))
    (folder / "nowhere").symlink_to("gone")
    loaded = load([folder])
    said = {Path(str(each.position)).name for each in loaded.warnings if each.code == "passed-over"}
    assert said == {"f.yaml", ".g.yaml", "h.yaml.bak", "i.json", "j.yaml.txt", "nowhere", "no-ending", "p.yaml.gz"}
    named = load([folder, folder / "i.json"])
    assert "i.json" not in {Path(str(each.position)).name for each in named.warnings}


def test_a_submodule_that_is_not_checked_out_is_named() -> None:
    for name in ("repo/m/sub", "repo/m/empty", "repo/.git"):
        Path(name).mkdir(parents=True)
    Path("repo/m/m.yaml").write_bytes(GOOD)
    Path("repo/.gitmodules").write_text('[submodule "fraud team"]\n\tpath = m/sub\n\turl = ../fraud\n')
    assert [str(each.position) for each in load(["repo/m"]).warnings] == ["repo/m/sub"]


def test_comments_are_no_burden_where_a_manifest_is_looked_for() -> None:
    Path("m").mkdir()
    Path("m/m.yaml").write_bytes(GOOD)
    Path("m/notes").write_text("# " * 30_000)
    assert not load(["m"]).warnings


def test_a_file_named_in_several_ways_counts_once() -> None:
    Path("all").mkdir()
    Path("all/m.yaml").write_bytes(GOOD)
    Path("link.yaml").symlink_to("all/m.yaml")
    ways = ["all/m.yaml", "all", "./all/../all/m.yaml", Path("all/m.yaml"), "link.yaml"]
    loaded = load(ways)
    assert [file.path for file in loaded.files] == ["all/m.yaml"]
    assert loaded == load(reversed(ways))


def test_the_digest_speaks_of_contents_only() -> None:
    Path("a.yaml").write_bytes(GOOD)
    Path("b.yaml").write_bytes(GOOD)
    Path("c.yaml").write_bytes(GOOD + b"# changed\n")
    digest = load(["a.yaml"]).digest
    assert digest.startswith("sha256:")
    assert load(["b.yaml"]).digest == digest
    assert load(["c.yaml"]).digest != digest
    assert load(["a.yaml"], variables={"x": "1"}).digest != digest
    assert load(["a.yaml"], organization="other").digest != digest
    assert load(["a.yaml"], overlays=["c.yaml"]).digest not in {digest, load(["c.yaml"], overlays=["a.yaml"]).digest}


def test_errors_beyond_counting_are_cut_off() -> None:
    lines = "".join(f"    k{n}: {{}}\n" for n in range(2000))
    Path("m.yaml").write_text(f"apiVersion: regsync/v1\nregistries:\n  model:\n{lines}")
    found = problems("m.yaml")
    assert len(found) <= 2001
    Path("m.yaml").write_text("apiVersion: regsync/v1\nregistries:\n" + "".join(f"  {n}: {{}}\n" for n in range(2000)))
    found = problems("m.yaml")
    assert len(found) <= 300
    assert "too-many-errors" in {each.code for each in found}
    Path("m.yaml").write_text("apiVersion: regsync/v1\nregistries:\n" + "".join(f"  r{n}: 3\n" for n in range(2000)))
    assert "too-many-errors" in {each.code for each in problems("m.yaml")}


def test_variables_do_not_multiply_without_end() -> None:
    value = "x" * (MAX_INSERTED // 20)
    items = ", ".join(["'${v}${v}${v}'"] * 10)
    Path("m.yaml").write_text(
        f"apiVersion: regsync/v1\nvariables: {{v: {value}}}\nregistries: {{m: {{artifact_types: [{items}]}}}}\n"
    )
    assert "variables-too-long" in {each.code for each in problems("m.yaml")}


def test_variables_that_are_not_text() -> None:
    Path("m.yaml").write_text("apiVersion: regsync/v1\norganization: ${o}\n")
    found = problems("m.yaml", variables={"o": os.fsdecode(b"\xff")})
    assert "encoding" in {each.code for each in found}


def test_a_very_large_document_tells_its_first_errors() -> None:
    aliases = "".join(f"          a{n}: x/y\n" for n in range(MANY_NODES + 1))
    Path("m.yaml").write_text(
        f"apiVersion: regsync/v1\nregistries:\n  m:\n    collections:\n      c:\n        aliases:\n{aliases}"
    )
    found = problems("m.yaml")
    assert [each.code for each in found][:2] == ["too-many-errors", "bad-version"]
    assert len(found) == MAX_ERRORS_OF_MANY_NODES + 1


def test_one_error_in_a_very_large_document_is_found() -> None:
    aliases = "".join(f"          a{n}: v1\n" for n in range(MANY_NODES + 1))
    Path("m.yaml").write_text(
        f"apiVersion: regsync/v1\nregistries:\n  m:\n    collections:\n      c:\n        aliases:\n{aliases}          b: 3\n"
    )
    assert codes("m.yaml") == [(f"m.yaml:{MANY_NODES + 8}:14", "wrong-type")]


def test_more_values_than_any_registry_has_are_refused() -> None:
    Path("m.yaml").write_text("apiVersion: regsync/v1\nregistries:\n" + "- 3\n" * (MAX_NODES + 10))
    assert codes("m.yaml") == [("m.yaml:3:1", "file-too-large")]


def test_documents_without_end() -> None:
    Path("m.yaml").write_text("---\nx: {}\n" * 5000)
    found = problems("m.yaml")
    assert len(found) <= MAX_PROBLEMS + 1
    assert found[-1].code == "too-many-errors"
