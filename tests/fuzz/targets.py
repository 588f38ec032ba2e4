"""What is fuzzed: each takes bytes from a stranger and returns; it raises where regsync would do anything but read or refuse.

A refusal is a `RegsyncError` whose text, as the command line shows it, holds nothing that a terminal would obey.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from regsync.backends.wandb import open_wandb
from regsync.backends.wandb.backend import WandbReader
from regsync.backends.wandb.connection.options import Options
from regsync.console.files import check_shape, read_document
from regsync.core.canonical import document_digest
from regsync.core.desired import Desired
from regsync.core.live import Destination, Live, ReadProof, RegistryScope
from regsync.core.plan_document import plan_document
from regsync.core.plan_reading import decode_plan
from regsync.diagnostics import DiagnosticsError, RegsyncError
from regsync.execution.again import check_before_first_write
from regsync.execution.journal import read_journal
from regsync.execution.receipt import decode_receipt, decode_receipt_operations
from regsync.looks.escape import plain
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import load_sources
from regsync.names import SourceRef
from regsync.views import html, markdown, text
from regsync.views.diagnostics import render_diagnostics
from tests.fuzz.campaign import CORPUS
from tests.guarantees.smallworlds import Shown
from tests.harmless import harmless
from tests.manifest.reading.cases import HERE as CASES
from tests.manifest.reading.cases import read_case


def refused(error: RegsyncError) -> None:
    """As `commands.context.shown_error` shows it."""
    if isinstance(error, DiagnosticsError):
        assert error.diagnostics
        harmless(render_diagnostics(error.diagnostics))
    else:
        assert error.message
        harmless(plain(error.message, keep_lines=True))


def manifest(data: bytes) -> None:
    """The manifest reader, alone and as an overlay of a good manifest."""
    source = Source("stranger.yaml", data, "0" * 64)
    for sources, overlays in (([source], []), ([_good()], [source])):
        try:
            loaded = load_sources(sources, overlays=overlays)
        except RegsyncError as error:
            refused(error)
            continue
        assert isinstance(loaded.desired, Desired)
        harmless(render_diagnostics(loaded.warnings))


@cache
def _good() -> Source:
    return Source(
        "good.yaml", b"apiVersion: regsync/v1\nregistries: {model: {collections: {c: {type: model}}}}\n", "1" * 64
    )


@cache
def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="regsync-fuzz-"))


def _file(data: bytes, name: str) -> Path:
    path = _scratch() / name
    path.write_bytes(data)
    return path


def _fitting(data: bytes) -> bytes | None:
    """The same document with a digest that fits; None where it is no document."""
    try:
        document = json.loads(data)
        return as_json(document | {"digest": document_digest(document)}) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        return None


def plan(data: bytes) -> None:
    """The plan reader, as `apply` and `show` use it; also with a digest that fits, which anybody can compute."""
    _plan(data)
    fitting = _fitting(data)
    if fitting is not None:
        _plan(fitting)


def _plan(data: bytes) -> None:
    try:
        document = read_document(_file(data, "plan.json"))
        decoded = decode_plan(document)
        check_shape(document, "plan")
    except RegsyncError as error:
        refused(error)
        return
    for view in (text, html, markdown):
        view.render_plan(document)
    harmless(text.render_plan(document))
    assert {**plan_document(decoded), "tool_version": 0, "digest": 0} == {**document, "tool_version": 0, "digest": 0}
    try:
        check_before_first_write(decoded, _Nothing(decoded.destination))
    except RegsyncError as error:
        refused(error)


class _Nothing(Shown):
    """A destination with no registry in it."""

    def __init__(self, here: Destination) -> None:
        super().__init__({})
        self.live = Live({}, ReadProof(complete=True, pages=1, items=0))
        self._here = here

    def destination(self) -> Destination:
        return self._here


def receipt(data: bytes) -> None:
    """The receipt reader, as `undo`, `drift` and `show` use it; also with a digest that fits."""
    _receipt(data)
    fitting = _fitting(data)
    if fitting is not None:
        _receipt(fitting)


def _receipt(data: bytes) -> None:
    try:
        document = read_document(_file(data, "receipt.json"))
        decode_receipt(document)
        decode_receipt_operations(document)
        check_shape(document, "receipt")
    except RegsyncError as error:
        refused(error)
        return
    for view in (text, html, markdown):
        view.render_receipt(document)
    harmless(text.render_receipt(document))


def journal(data: bytes) -> None:
    """The journal reader, as every apply uses it on what an earlier one left."""
    try:
        left = read_journal(_file(data, "journal.jsonl"))
        if left is not None:
            decode_plan(left.plan_document)
    except RegsyncError as error:
        refused(error)


QUICK = Options(timeout=0.5, connect_timeout=0.5, deadline=0.02, first_wait=0.0001, longest_wait=0.001, max_pages=20)
SCOPE = {"model": RegistryScope(None, members=True), "other": RegistryScope(frozenset({"c"}))}
REFS = [SourceRef("acme-ml", "fraud", "detector", "v1"), SourceRef("acme-ml", "fraud", "detector", "latest")]


def answers(data: bytes) -> None:
    """The answer decoder: one recorded answer a line, given one after the other, whatever is asked."""
    bodies = data.split(b"\n")
    with _reader(bodies) as reader:
        doings: list[Callable[[WandbReader], Any]] = [
            lambda r: r.destination(),
            lambda r: r.registry_names(),
            lambda r: r.observe(SCOPE),
            lambda r: r.resolve(REFS),
            lambda r: r.describe(["QXJ0aWZhY3Q6MQ=="]),  # type: ignore[list-item]
        ]
        for doing in doings:
            try:
                doing(reader)
            except RegsyncError as error:
                refused(error)


def _reader(bodies: list[bytes]) -> WandbReader:
    """A reader of which only the socket is not real."""

    def given() -> Iterator[bytes]:
        while True:
            yield from bodies

    source = given()

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=next(source))

    reader = open_wandb("http://127.0.0.1:9", organization="acme", write=False, notify=lambda _: None, options=QUICK)
    reader.client._http = httpx.Client(base_url="http://127.0.0.1:9", transport=httpx.MockTransport(respond))
    return reader


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (manifest, plan, receipt, journal, answers)
}
"""By the name of their folder in `corpus/`."""
JSON = frozenset({"plan", "receipt", "journal", "answers"})
"""The targets whose inputs are JSON, as a whole or line by line."""


def corpus(name: str) -> list[bytes]:
    """Every kept input of one target, in the order of their names; for manifests also the files of `tests/manifest`."""
    kept = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    if name == "manifest":
        cases = [read_case(path) for folder in ("bad", "good") for path in sorted((CASES / folder).glob("*.case"))]
        kept += [text.encode() for case in cases for text in case.files.values() if len(text) < 40_000]
    return kept


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()
