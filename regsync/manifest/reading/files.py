"""From paths to the contents of manifest files: which files there are, and whether they are text that can be read."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from regsync.diagnostics import Diagnostic, Position, Severity, some
from regsync.slots import NamedTuple, dataclass
from regsync.system import READ_FLAGS

MAX_FILE_SIZE = 20 * 1024 * 1024
"""In bytes. A manifest of 100,000 aliases has about 14 million."""
SUFFIXES = (".yaml", ".yml")
_CONTROLS = bytes({*range(32)} - set(b"\t\n\r\f\x1b\x08"))
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MAY_BE_ONE = re.compile(r"\.ya?ml|\.json")
_PACKED = r"\.ya?ml\.(gz|bz2|xz|zst|zip|gpg|asc|age|enc)$"
_SIGN = rb"""(?m)^[ \t\xef\xbb\xbf]*\{?\s*["']?apiVersion["']?\s*:\s*["']?regsync/"""
_BEGINS_AS_ONE = rb"""\A\xef?\xbb?\xbf?(?:\s|[#%][^\n]*+|---)*+\{?\s*["']?apiVersion["']?\s*:\s*["']?regsync/"""
_CONFLICT = rb"(?m)^<<<<<<< "
_SUBMODULE = r"(?m)^\s*path\s*=\s*(.*?)\s*$"
_VERSION = rb"""(?m)^[ \t]*\{?[ \t]*["']?apiVersion["']?[ \t]*:(.*)$"""
_KEY = rb"""(?m)^["']?([A-Za-z_][\w-]*)["']?[ \t]*:"""
_OF_OTHER_TOOLS = {".git", ".hg", ".svn", ".jj", ".venv", ".tox", ".nox", ".terraform", ".regsync", "node_modules"}
"""Folders that hold thousands of files and no manifest of the user's."""
_START = 65536
"""Bytes in which the sign of a manifest is looked for."""
_SAVE_AS_UTF8 = "save the file as UTF-8"

AnyPath = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Source:
    """One file: `name` as diagnostics show it, and its contents, UTF-8 without a byte order mark."""

    name: str
    data: bytes
    sha256: str
    """Of the file as it is on disk, in lower-case hexadecimal digits."""


class FileProblemError(Exception):
    """A file cannot be used. Carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


class Found(NamedTuple):
    """What is at some paths. `others`: YAML files in folders that are no manifests, by name; they are not read any further."""

    sources: list[Source]
    problems: list[Diagnostic]
    others: list[str]


def find_sources(paths: Iterable[AnyPath]) -> tuple[list[Source], list[Diagnostic]]:
    """What `find_all` finds, with all YAML files of the folders among the sources, whether they are manifests or not."""
    found = find_all(paths, everything=True)
    return found.sources, found.problems


def find_all(paths: Iterable[AnyPath], *, everything: bool = False) -> Found:
    """Read the files at `paths` and in the folders among them: each once, sorted by name; and what is to be said about them.

    A file that is named is a manifest; of the files in a folder, those that do not look like something else. Of a folder,
    nothing that declares something is left out unsaid: links are followed, and a manifest under a name that does not count is a
    warning.
    """
    problems: list[Diagnostic] = []
    names: dict[str, str] = {}
    given = [os.fspath(path) for path in paths]
    for path in given:
        try:
            for name in _files_at(path, problems):
                real = os.path.realpath(name)
                names[real] = min(name, names.get(real, name))
        except FileProblemError as error:
            problems.append(error.diagnostic)
    if not given:
        hint = "name manifest files, or folders that hold them"
        problems.append(Diagnostic("no-manifests", "there is no manifest to read", None, hint))
    problems = [each for each in problems if each.is_error or os.path.realpath(_file(each)) not in names]
    sources: list[Source] = []
    others: list[str] = []
    named = {os.path.realpath(path) for path in given if "\0" not in path}
    for real, name in sorted(names.items(), key=lambda item: item[1]):
        try:
            source = read_source(name)
        except FileProblemError as error:
            problems.append(error.diagnostic)
            continue
        if not everything and real not in named and _is_something_else(source.data):
            others.append(name)
        else:
            sources.append(source)
    if others and not sources and not any(each.is_error for each in problems):
        problems.append(_no_manifest_among(others))
    return Found(sources, problems, others)


def _is_something_else(data: bytes) -> bool:
    """Whether a YAML file in a folder is another tool's, or a seed file: it claims to be no manifest, and is not shaped like one.

    A manifest with a misspelled or forgotten `apiVersion` is not passed over: reading it says what is wrong.
    """
    version = re.search(_VERSION, data)
    if version is not None:
        return b"regsync" not in version[1].lower()
    keys = set(re.findall(_KEY, data))
    return bool(keys) and (b"registries" not in keys or bool(keys & {b"artifacts", b"users", b"teams"}))


def _no_manifest_among(others: list[str]) -> Diagnostic:
    message = f"no file here is a manifest; passed over: {some(others)}"
    return Diagnostic("no-manifests", message, None, "a manifest begins with `apiVersion: regsync/v1`")


def _file(problem: Diagnostic) -> str:
    return problem.position.file if problem.position else ""


def _files_at(path: str, problems: list[Diagnostic]) -> Iterator[str]:
    name = os.path.normpath(path) if path else path
    if "\0" in name:
        raise FileProblemError(
            Diagnostic("no-such-file", "no file can have this name", Position(name), "check the path")
        )
    if not Path(name).is_dir():
        yield name
        return
    found = False
    for file in _below(name, problems):
        if _counts(file, name):
            found = True
            yield file
        elif (passed := _passed_over(file)) is not None:
            problems.append(passed)
    if not found:
        message = "this folder holds no .yaml or .yml file"
        hint = "name the folder that the manifests are in, or start with `regsync init`"
        raise FileProblemError(Diagnostic("no-manifests", message, Position(name), hint))


def _counts(path: str, top: str) -> bool:
    """Whether a file in a folder counts as a manifest: by its ending, in upper or lower case, and not hidden."""
    steps = Path(os.path.relpath(path, top)).parts
    return path.lower().endswith(SUFFIXES) and not any(step.startswith(".") for step in steps)


def _below(top: str, problems: list[Diagnostic]) -> Iterator[str]:
    """Every file in a folder and below it, through symbolic links too, each folder once; those of other tools are left out."""
    seen: set[str] = set()
    try:
        for folder, folders, files in os.walk(top, onerror=_raise, followlinks=True):
            real = os.path.realpath(folder)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            if not folders and not files and _is_submodule(Path(real)):
                problems.append(_not_checked_out(folder))
            folders[:] = sorted(each for each in folders if each not in _OF_OTHER_TOOLS)
            for file in sorted(files):
                yield os.path.normpath(os.path.join(folder, file))  # noqa: PTH118 - names stay as the user wrote them
    except OSError as error:
        raise FileProblemError(_unreadable(error.filename or top, error)) from None


def _is_submodule(folder: Path) -> bool:
    """Whether the Git repository around a folder calls it a submodule."""
    for above in folder.parents:
        try:
            paths = re.findall(_SUBMODULE, (above / ".gitmodules").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            paths = []
        if folder.relative_to(above).as_posix() in [each.strip('"') for each in paths]:
            return True
        if (above / ".git").exists():
            return False
    return False


def _not_checked_out(folder: str) -> Diagnostic:
    message = "this folder is a Git submodule that is not checked out, so what it declares is not read"
    hint = "run `git submodule update --init` (in a workflow: `submodules: true` of the checkout)"
    return Diagnostic("passed-over", message, Position(os.path.normpath(folder)), hint, Severity.WARNING)


def _passed_over(path: str) -> Diagnostic | None:
    """The warning that a file in a folder holds a manifest, or may hold one, and is not read; None where it does not."""
    if not os.path.exists(path):  # noqa: PTH110
        message = "this link leads nowhere, so what is declared behind it is not read"
        hint = "make what it points at, or delete it"
        return Diagnostic("passed-over", message, Position(path), hint, Severity.WARNING)
    name = os.path.basename(path).lower()  # noqa: PTH119
    if re.search(_PACKED, name):
        message = "this file is packed or encrypted, so what it declares is not read"
        hint = "unpack it before regsync reads the folder, or move it away"
        return Diagnostic("passed-over", message, Position(path), hint, Severity.WARNING)
    try:
        descriptor = os.open(path, READ_FLAGS)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            start = file.read(_START) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return None
    sign = _SIGN if _MAY_BE_ONE.search(name) else _BEGINS_AS_ONE  # A page of documentation may quote a manifest.
    if not re.search(sign, start):
        return None
    message = "this file holds a manifest, and is passed over: in a folder, only NAME.yaml and NAME.yml count, and nothing hidden"
    hint = "name it so, name the file itself on the command line, or move it away"
    return Diagnostic("passed-over", message, Position(path), hint, Severity.WARNING)


def _raise(error: OSError) -> None:
    raise error


def read_source(path: AnyPath) -> Source:
    """Read one file of text. Raises `FileProblemError` where it cannot be read, is too large, or is not UTF-8."""
    name = os.fspath(path)
    try:
        data = _read(name)
    except OSError as error:
        raise FileProblemError(_unreadable(name, error)) from None
    problem = _encoding_problem(data, name) or _conflict_problem(data, name)
    if problem:
        raise FileProblemError(problem)
    return Source(name, data.removeprefix(b"\xef\xbb\xbf"), hashlib.sha256(data).hexdigest())


def _read(name: str) -> bytes:
    descriptor = os.open(name, READ_FLAGS)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - the descriptor is checked before it is read
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISFIFO(status.st_mode):
            message = "this is a device or a socket, not a file"
            raise FileProblemError(Diagnostic("not-a-file", message, Position(name), "name a file of text"))
        if hasattr(os, "set_blocking"):
            os.set_blocking(descriptor, True)
        data = file.read(MAX_FILE_SIZE + 1) if status.st_size <= MAX_FILE_SIZE else b""
        if status.st_size > MAX_FILE_SIZE or len(data) > MAX_FILE_SIZE:
            size = f"{max(status.st_size, len(data)) / 2**20:.0f} MiB"
            message = f"this file has {size}; a manifest has at most {MAX_FILE_SIZE // 2**20} MiB"
            hint = "is it a manifest? If so, split it into several files"
            raise FileProblemError(Diagnostic("file-too-large", message, Position(name), hint))
        return data


def _unreadable(name: str, error: OSError) -> Diagnostic:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Diagnostic("no-such-file", "there is no such file or folder", Position(name), "check the path")
    if isinstance(error, IsADirectoryError):
        return Diagnostic("not-a-file", "this is a folder, and a file is needed here", Position(name), "name the file")
    if isinstance(error, PermissionError):
        hint = "give the user who runs regsync the right to read it"
        return Diagnostic("unreadable", "this may not be read: permission denied", Position(name), hint)
    reason = (error.strerror or str(error)).lower()
    return Diagnostic("unreadable", f"this cannot be read: {reason}", Position(name), "check the file and its disk")


def _encoding_problem(data: bytes, name: str) -> Diagnostic | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return Diagnostic("encoding", f"this file is text in {encoding}", Position(name), _SAVE_AS_UTF8)
    start = data[:4096]
    zeros = (start[::2].count(0), start[1::2].count(0))
    if max(zeros) > 0.4 * len(start) and min(zeros) < 0.05 * len(start):
        return Diagnostic("encoding", "this file looks like text in UTF-16", Position(name), _SAVE_AS_UTF8)
    if b"\0" in data:
        return _binary(name)
    try:
        if not data.isascii():
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(start.translate(None, _CONTROLS)) != len(start):
            return _binary(name)
        before = data[: error.start].removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        where = Position(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
        return Diagnostic("encoding", message, where, f"{_SAVE_AS_UTF8}; it may be Latin-1 or Windows-1252 now")
    return None


def _conflict_problem(data: bytes, name: str) -> Diagnostic | None:
    found = re.search(_CONFLICT, data) if b"<<<<<<< " in data else None
    if found is None or b"\n>>>>>>> " not in data or b"\n=======" not in data:
        return None
    message = "a merge of Git left a conflict here that nobody has resolved"
    where = Position(name, data.count(b"\n", 0, found.start()) + 1, 1)
    return Diagnostic("merge-conflict", message, where, "keep what is right of the two sides, and delete the marks")


def _binary(name: str) -> Diagnostic:
    return Diagnostic("binary-file", "this is not a file of text", Position(name), "name YAML files")
