"""Laws that hold for every manifest: order and number of files do not matter, rendering is a fixpoint, the schema is the truth."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from regsync.diagnostics import DiagnosticsError
from regsync.manifest.reading.load import Loaded, load
from regsync.manifest.writing.render import to_json
from regsync.manifest.writing.render import to_yaml as rendered
from regsync.schema_files import schema
from tests.budget import share
from tests.docs.test_diagnostics_page import PAGE
from tests.manifest.reading.cases import HERE, read_case
from tests.manifest.reading.worlds import manifests, splits, to_yaml, without_origins

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
OF_STRUCTURE = {
    "bad-digest",
    "bad-name",
    "bad-value",
    "bad-version",
    "key-not-text",
    "missing-key",
    "no-value",
    "reserved-alias",
    "unknown-key",
    "wrong-type",
    "api-version",
}


@contextmanager
def folder(*contents: bytes) -> Iterator[list[Path]]:
    """Files with these contents, in a folder of their own."""
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{index}.yaml" for index in range(len(contents))]
        for path, data in zip(paths, contents, strict=True):
            path.write_bytes(data)
        yield paths


def load_bytes(*contents: bytes) -> Loaded:
    with folder(*contents) as paths:
        return load(paths)


@share(100, suppress_health_check=SLOW)
@given(manifests())
def test_what_is_generated_is_right(manifest: Any) -> None:
    load_bytes(to_yaml(manifest))


@share(100, suppress_health_check=SLOW)
@given(st.data())
def test_order_of_files_does_not_matter(data: st.DataObject) -> None:
    parts = data.draw(manifests().flatmap(splits))
    with folder(*map(to_yaml, parts)) as paths:
        assert load(paths) == load(data.draw(st.permutations(paths)))
    one, other = load_bytes(*map(to_yaml, parts)), load_bytes(*map(to_yaml, data.draw(st.permutations(parts))))
    assert without_origins(one.desired) == without_origins(other.desired)


@share(100, suppress_health_check=SLOW)
@given(st.data())
def test_several_files_say_what_one_says(data: st.DataObject) -> None:
    manifest = data.draw(manifests())
    parts = data.draw(splits(manifest))
    one = without_origins(load_bytes(to_yaml(manifest)).desired)
    assert without_origins(load_bytes(*map(to_yaml, parts)).desired) == one
    documents = b"---\n".join(map(to_yaml, parts))
    assert without_origins(load_bytes(documents).desired) == one


@share(100, suppress_health_check=SLOW)
@given(manifests())
def test_rendering_is_a_fixpoint(manifest: Any) -> None:
    desired = load_bytes(to_yaml(manifest)).desired
    text = rendered(desired)
    again = load_bytes(text.encode()).desired
    assert without_origins(again) == without_origins(desired)
    assert rendered(again) == text
    assert without_origins(load_bytes(to_json(desired).encode()).desired) == without_origins(desired)


@share(100, suppress_health_check=SLOW)
@given(manifests())
def test_an_overlay_of_itself_changes_nothing(manifest: Any) -> None:
    with folder(to_yaml(manifest), to_yaml(manifest)) as (base, top):
        assert without_origins(load([base], overlays=[top]).desired) == without_origins(load([base]).desired)


@share(100, suppress_health_check=SLOW)
@given(manifests())
def test_an_overlay_may_be_all_there_is_to_say(manifest: Any) -> None:
    with folder(b"apiVersion: regsync/v1\n", to_yaml(manifest)) as (base, top):
        assert without_origins(load([base], overlays=[top]).desired) == without_origins(load([top]).desired)


def _ecma_pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    """`$` means the very end in JSON Schema; Python's also matches before a last line break."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


STOCK = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _ecma_pattern})(schema("manifest"))

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.sampled_from([0.5, 1.0, -2.5]),
    st.sampled_from(
        ["absent", "", "v3", "latest", "v03", "a/b/c:v1", "a/b/c:d:e", "keep", "organization", "x\n", "é", "a" * 129]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5).filter(lambda text: "$" not in text),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "version", "absent", "v3"]), inner, max_size=2)
    ),
)


def _slots(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(node.items()) if isinstance(node, dict) else list(enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from _slots(value)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A manifest of which some values, and perhaps some keys, are anything."""
    manifest = json.loads(json.dumps(draw(manifests())))
    for _ in range(draw(st.integers(1, 3))):
        slots = list(_slots(manifest))
        container, key = draw(st.sampled_from(slots))
        if isinstance(container, dict) and draw(st.booleans()):
            new = draw(
                st.sampled_from(["latest", "v1", "a/b", "", "aliases", "tags", "type", "x" * 130, "wandb-registry-x"])
            )
            container[new] = container.pop(key)
        else:
            container[key] = draw(JSON)
    return manifest


@share(300, suppress_health_check=SLOW)
@given(damaged())
@example({"apiVersion": "regsync/v1", "registries": {"m": {"previously": "x\n"}}})
@example({"apiVersion": "regsync/v1", "registries": {"7": {}, "007": 7, "+7": {"collections": {"07": {"tags": [{}]}}}}})
@example([])
@example({})
def test_the_schema_and_the_loader_agree(manifest: Any) -> None:
    data = to_yaml(manifest)
    right = STOCK.is_valid(yaml.safe_load(data))
    codes: set[str] = set()
    try:
        load_bytes(data)
    except DiagnosticsError as error:
        codes = {each.code for each in error.diagnostics}
    assert right == (not codes & OF_STRUCTURE)


def _diagnosed(*contents: bytes) -> None:
    """Loading ends, and in nothing but a result or diagnostics with a documented code, a place and a hint."""
    try:
        load_bytes(*contents)
    except DiagnosticsError as error:
        assert any(each.is_error for each in error.diagnostics)
        for each in error.diagnostics:
            assert each.code in PAGE
            assert each.position
            assert each.hint


@share(100, suppress_health_check=SLOW)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_any_bytes_give_diagnostics(contents: list[bytes]) -> None:
    _diagnosed(*contents)


@share(300, suppress_health_check=SLOW)
@given(st.text(st.sampled_from("ab:- \n\t[]{},&*!|>'\"%@`#?<~$0v/=.\\é"), max_size=60))
@example("? ")
@example("- - &a *a")
@example("a: &a\nb: *a")
@example("<<: {a: b}")
@example("? {a: b}\n: c")
@example("*a : b")
@example("&a a: b\n*a : c")
def test_anything_like_yaml_gives_diagnostics(text: str) -> None:
    _diagnosed(text.encode())
    _diagnosed(b"apiVersion: regsync/v1\nregistries:\n  " + text.encode().replace(b"\n", b"\n  "))


WHOLE = (HERE / "good" / "everything.case").read_text("utf-8").encode()


@share(300, suppress_health_check=SLOW)
@given(st.data())
def test_damaged_text_gives_diagnostics(data: st.DataObject) -> None:
    text = next(iter(read_case(HERE / "good" / "everything.case").files.values()))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        piece = data.draw(
            st.sampled_from(
                [
                    "",
                    "\n",
                    "  ",
                    ": ",
                    "- ",
                    "{",
                    "]",
                    "absent",
                    "null",
                    "v3",
                    "${x}",
                    "$${",
                    "*a",
                    "&a ",
                    "\t",
                    "'",
                    "é",
                    "\x00",
                ]
            )
        )
        text = text[:start] + piece + text[end:]
    _diagnosed(text.encode())
