"""`promote` and `set`: exactly the touched lines change, and the result is what was asked for."""

from __future__ import annotations

import stat
from collections import Counter
from difflib import ndiff
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regsync.diagnostics import DiagnosticsError, RegsyncError
from regsync.manifest.editing.edit import Edit, Manifests, assign, binding
from regsync.manifest.editing.layout import formatted
from regsync.manifest.editing.places import places
from regsync.manifest.editing.rewrite import rewrite
from regsync.manifest.editing.splice import Pin
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import Node, Scalar, comments
from regsync.manifest.reading.tree import parse
from regsync.names import Address, parse_address
from tests.budget import share
from tests.manifest.editing.messy import Messy

DIGEST = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
FRAUD = parse_address("model/fraud:production")
V14 = "acme-ml/fraud/fraud-detector:v14"
VARIABLES = "variables: {team: acme-ml, path: acme-ml/fraud/fraud-detector, now: v12}"
HEAD = f"apiVersion: regsync/v1\n{VARIABLES}\nregistries:\n  model:\n    collections:\n"


def manifests(*texts: str, overlays: tuple[str, ...] = ()) -> Manifests:
    return Manifests(
        tuple(Source(f"{number}.yaml", text.encode(), "") for number, text in enumerate(texts)),
        tuple(Source(f"over{number}.yaml", text.encode(), "") for number, text in enumerate(overlays)),
    )


def edit(read: Manifests, address: Address, value: Pin) -> tuple[Edit, dict[str, str]]:
    found = assign(read, read.load(), address, value)
    return found, {name: text for name, (_, text) in found.files.items()}


def after(block: str, address: str, version: str, digest: str | None = None) -> str:
    """The block of collections (six spaces deep) after the edit."""
    _, texts = edit(manifests(HEAD + block), parse_address(address), Pin(version, digest))
    assert texts["0.yaml"].startswith(HEAD)
    return texts["0.yaml"].removeprefix(HEAD)


CASES = {
    "the value alone changes, variables and comment stay": (
        "      fraud:\n        type: model\n        aliases:\n"
        "          production: ${team}/fraud/fraud-detector:v12     # approved by alice\n"
        "          staging: v7\n",
        (FRAUD, V14, None),
        "      fraud:\n        type: model\n        aliases:\n"
        "          production: ${team}/fraud/fraud-detector:v14     # approved by alice\n"
        "          staging: v7\n",
    ),
    "a path that is a variable stays where the version is one, too": (
        '      fraud:\n        aliases: {production: "${path}:${now}"}\n',
        (FRAUD, V14, None),
        '      fraud:\n        aliases: {production: "${path}:v14"}\n',
    ),
    "another artifact keeps the variable for the team": (
        "      fraud:\n        aliases:\n          production: ${team}/fraud/fraud-detector:v12\n",
        (FRAUD, "acme-ml/lab/other:v1", None),
        "      fraud:\n        aliases:\n          production: ${team}/lab/other:v1\n",
    ),
    "another team loses it": (
        "      fraud:\n        aliases:\n          production: ${team}/fraud/fraud-detector:v12\n",
        (FRAUD, "lab-team/lab/other:v1", None),
        "      fraud:\n        aliases:\n          production: lab-team/lab/other:v1\n",
    ),
    "quotes stay": (
        "      fraud:\n        aliases:\n          'production' : \"${team}/fraud/fraud-detector:v12\"\n",
        (FRAUD, V14, None),
        "      fraud:\n        aliases:\n          'production' : \"${team}/fraud/fraud-detector:v14\"\n",
    ),
    "in braces": (
        "      fraud: {type: model, aliases: {staging: v7, production: v3}} # short\n",
        (FRAUD, V14, None),
        "      fraud: {type: model, aliases: {staging: v7, production: acme-ml/fraud/fraud-detector:v14}} # short\n",
    ),
    "a new alias goes to the end": (
        "      fraud:\n        aliases:\n          staging: v7 # why\n          canary: v8\n\n      churn: {type: model}\n",
        (FRAUD, V14, None),
        "      fraud:\n        aliases:\n          staging: v7 # why\n          canary: v8\n"
        "          production: acme-ml/fraud/fraud-detector:v14\n\n      churn: {type: model}\n",
    ),
    "or into its place, where aliases are sorted": (
        "      fraud:\n        aliases:\n          canary: v8\n          # after canary\n          staging: v7\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          canary: v8\n          production: v9\n"
        "          # after canary\n          staging: v7\n",
    ),
    "before the first": (
        "      fraud:\n        aliases:\n          # about staging\n          staging: v8\n          zeta: v7\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          production: v9\n          # about staging\n          staging: v8\n"
        "          zeta: v7\n",
    ),
    "lined up with its neighbours": (
        "      fraud:\n        aliases:\n          canary:      v8\n          staging:     v7\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          canary:      v8\n          production:  v9\n          staging:     v7\n",
    ),
    "a new alias in braces": (
        "      fraud:\n        aliases: {staging: v7}\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases: {staging: v7, production: v9}\n",
    ),
    "a new alias in braces over several lines": (
        "      fraud:\n        aliases: {\n          staging: v7,  # why\n        }\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases: {\n          staging: v7,  # why\n          production: v9,\n        }\n",
    ),
    "single quotes stay, and a plain text in braces stays plain": (
        "      fraud: {aliases: {'production': 'a/b/c:v1', staging: a/b/c:v2}}\n",
        (FRAUD, "a/b/c:v3", None),
        "      fraud: {aliases: {'production': 'a/b/c:v3', staging: a/b/c:v2}}\n",
    ),
    "a comment in braces stays with its alias": (
        "      fraud:\n        aliases: {\n          canary: v6, # nightly\n          staging: v7 # for customers\n        }\n",
        (parse_address("model/fraud:zeta"), "v9", None),
        "      fraud:\n        aliases: {\n          canary: v6, # nightly\n          staging: v7, # for customers\n"
        "          zeta: v9\n        }\n",
    ),
    "a comment in braces whose lines begin with commas": (
        "      fraud:\n        aliases: { canary: v6 # nightly\n                 , staging: v7 # for customers\n                 }\n",
        (parse_address("model/fraud:zeta"), "v9", None),
        "      fraud:\n        aliases: { canary: v6 # nightly\n                 , staging: v7 # for customers\n"
        "                 , zeta: v9\n                 }\n",
    ),
    "before the first in braces": (
        "      fraud:\n        aliases: {\n          # about it\n          staging: v7,\n          zeta: v6 }\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases: {\n          production: v9,\n          # about it\n          staging: v7,\n"
        "          zeta: v6 }\n",
    ),
    "a new alias is quoted as its neighbours are": (
        "      fraud:\n        aliases:\n          'staging': 'v7'\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          'staging': 'v7'\n          'production': 'v9'\n",
    ),
    "a version in braces without a digest": (
        "      fraud:\n        aliases:\n          production: { version: 'v1' }  # x\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          production: { version: 'v9' }  # x\n",
    ),
    "a pin that goes, in braces over lines": (
        f"      fraud:\n        aliases:\n          production: {{\n            version: v1, # ok\n            digest: {OTHER}\n"
        "          }\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          production: {\n            version: v9, # ok\n          }\n",
    ),
    "below a text that ends with blank lines": (
        "      fraud:\n        type: model\n        description: |+\n          text\n\n\n      churn: {}\n",
        (FRAUD, "v9", None),
        "      fraud:\n        type: model\n        description: |+\n          text\n\n\n        aliases:\n"
        "          production: v9\n      churn: {}\n",
    ),
    "into empty braces": (
        "      fraud:\n        aliases: {} # none\n",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases: {production: v9} # none\n",
    ),
    "the first alias of a collection": (
        "      fraud:\n          type: model\n          tags:\n          - a\n      churn: {}\n",
        (FRAUD, "v9", None),
        "      fraud:\n          type: model\n          tags:\n          - a\n          aliases:\n"
        "              production: v9\n      churn: {}\n",
    ),
    "of a collection in braces": (
        "      fraud: {type: model}\n",
        (FRAUD, "v9", None),
        "      fraud: {type: model, aliases: {production: v9}}\n",
    ),
    "of an empty collection": (
        "      fraud: {}\n",
        (FRAUD, "v9", None),
        "      fraud: {aliases: {production: v9}}\n",
    ),
    "pinned for the first time": (
        "      fraud:\n        aliases:\n          production: ${team}/fraud/fraud-detector:v12 # x\n",
        (FRAUD, V14, DIGEST),
        "      fraud:\n        aliases:\n"
        f'          production: {{version: "${{team}}/fraud/fraud-detector:v14", digest: {DIGEST}}} # x\n',
    ),
    "another pin, in braces": (
        "      fraud:\n        aliases:\n"
        f'          production: {{ digest: {OTHER}, version: "${{team}}/fraud/fraud-detector:v12" }}\n',
        (FRAUD, V14, DIGEST),
        "      fraud:\n        aliases:\n"
        f'          production: {{ digest: {DIGEST}, version: "${{team}}/fraud/fraud-detector:v14" }}\n',
    ),
    "another pin, over lines": (
        "      fraud:\n        aliases:\n          production:\n"
        f"            version: ${{team}}/fraud/fraud-detector:v12 # ok\n            digest: {OTHER}  # from the page\n",
        (FRAUD, V14, DIGEST),
        "      fraud:\n        aliases:\n          production:\n"
        f"            version: ${{team}}/fraud/fraud-detector:v14 # ok\n            digest: {DIGEST}  # from the page\n",
    ),
    "a pin that goes, in braces": (
        "      fraud:\n        aliases:\n"
        f'          production: {{version: "${{team}}/fraud/fraud-detector:v12", digest: {OTHER}}} # x\n',
        (FRAUD, V14, None),
        "      fraud:\n        aliases:\n          production: ${team}/fraud/fraud-detector:v14 # x\n",
    ),
    "a pin that goes, over lines": (
        "      fraud:\n        aliases:\n          production:\n"
        f"            version: v12 # ok\n            digest: {OTHER}\n          staging: v1\n",
        (FRAUD, "v3", None),
        "      fraud:\n        aliases:\n          production:\n            version: v3 # ok\n          staging: v1\n",
    ),
    "absent instead of a pin over lines": (
        "      fraud:\n        aliases:\n          production: # x\n"
        f"            version: v12\n            # from the page\n            digest: {OTHER}\n          staging: v1\n",
        (FRAUD, "absent", None),
        "      fraud:\n        aliases:\n          production: absent # x\n            # from the page\n"
        "          staging: v1\n",
    ),
    "a pin that goes at the very end": (
        f"      fraud:\n        aliases:\n          production:\n            version: v12\n            digest: {OTHER}",
        (FRAUD, "v3", None),
        "      fraud:\n        aliases:\n          production:\n            version: v3",
    ),
    "a digest where there was only a version": (
        "      fraud:\n        aliases:\n          production:\n            version: v12 # ok\n          staging: v1\n",
        (FRAUD, "v3", DIGEST),
        "      fraud:\n        aliases:\n          production:\n            version: v3 # ok\n"
        f"            digest: {DIGEST}\n          staging: v1\n",
    ),
    "no line break at the end": (
        "      fraud:\n        aliases:\n          staging: v7",
        (FRAUD, "v9", None),
        "      fraud:\n        aliases:\n          staging: v7\n          production: v9",
    ),
    "names that need quotes": (
        "      fraud:\n        aliases:\n          staging: v7\n",
        (Address("model", "fraud", "yes # no"), "absent", None),
        '      fraud:\n        aliases:\n          staging: v7\n          "yes # no": absent\n',
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_result_is_what_a_careful_person_types(case: tuple[str, Any, str], line_break: str) -> None:
    before, (address, version, digest), expected = case
    text = (HEAD + before).replace("\n", line_break)
    _, texts = edit(manifests(text), address, Pin(version, digest))
    assert texts["0.yaml"] == (HEAD + expected).replace("\n", line_break)


def test_what_was_touched_is_told_with_its_line() -> None:
    block = "      fraud:\n        aliases:\n          canary: v8\n          production: v1\n"
    found, _ = edit(manifests(HEAD + block), FRAUD, Pin("v2"))
    (touched,) = found.touched
    assert (touched.file, touched.line) == ("0.yaml", 9)
    assert (touched.before, touched.after) == (["          production: v1"], ["          production: v2"])


def test_nothing_is_touched_where_it_says_so_already() -> None:
    block = "      fraud:\n        aliases:\n          production: ${team}/fraud/fraud-detector:v14\n"
    found, texts = edit(manifests(HEAD + block), FRAUD, Pin(V14))
    assert not found.touched
    assert not texts


def test_every_file_that_says_it_is_edited() -> None:
    block = HEAD + "      fraud:\n        aliases:\n          production: v1\n"
    other = block.replace("production", "staging")
    _, texts = edit(manifests(block, other, block), FRAUD, Pin("v2"))
    assert sorted(texts) == ["0.yaml", "2.yaml"]


def test_a_new_alias_goes_where_aliases_are() -> None:
    first = HEAD + "      fraud:\n        type: model\n"
    second = HEAD + "      fraud:\n        aliases:\n          staging: v1\n"
    _, texts = edit(manifests(first, second), FRAUD, Pin("v2"))
    assert list(texts) == ["1.yaml"]


def test_an_overlay_that_decides_is_the_one_that_is_edited() -> None:
    block = HEAD + "      fraud:\n        aliases:\n          production: v1\n"
    read = manifests(block, overlays=(block.replace(": v1\n", ": v2\n"), block.replace(": v1\n", ": v3\n")))
    _, texts = edit(read, FRAUD, Pin("v9"))
    assert list(texts) == ["over1.yaml"]


def test_several_documents_in_one_file() -> None:
    one = "---\n" + HEAD + "      churn:\n        type: model\n"
    two = "---\n" + HEAD + "      fraud:\n        aliases:\n          production: v1\n...\n"
    _, texts = edit(manifests(one + two), FRAUD, Pin("v2"))
    assert texts["0.yaml"] == one + two.replace(": v1\n", ": v2\n")


REFUSED = {
    "a value that repeats another": (
        "      fraud:\n        aliases:\n          staging: &x v1\n          production: *x\n",
        "0.yaml:9:23: error: the value here is `*x`, which repeats the one that is marked `&x` [cannot-edit]",
    ),
    "a value that is repeated": (
        "      fraud:\n        aliases:\n          production: &x v1\n          staging: *x\n",
        "0.yaml:8:23: error: the value here is marked `&x`, and `*x` repeats it elsewhere [cannot-edit]",
    ),
    "a block that is repeated": (
        "      fraud:\n        aliases: &x\n          production: v1\n      churn:\n        aliases: *x\n",
        "0.yaml:7:18: error: the value here is marked `&x`, and `*x` repeats it elsewhere [cannot-edit]",
    ),
    "a block that repeats another": (
        "      churn: &x\n        aliases:\n          production: v1\n      fraud: *x\n",
        "0.yaml:9:14: error: the value here is `*x`, which repeats the one that is marked `&x` [cannot-edit]",
    ),
    "a block text": (
        "      fraud:\n        aliases:\n          production: |-\n            v1\n",
        "0.yaml:8:23: error: this version is written as a block text [cannot-edit]",
    ),
    "a version that is to be unlinked": (
        "      fraud:\n        versions: [{v2: absent}]\n        aliases:\n          production: v1\n",
        "error: `production` points at v2, which is `absent` at 0.yaml:7:20 [contradiction]",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_edited_is_refused(case: tuple[str, str]) -> None:
    block, expected = case
    with pytest.raises(DiagnosticsError) as error:
        edit(manifests(HEAD + block), FRAUD, Pin("v2"))
    assert expected in str(error.value)


def test_an_anchor_that_nobody_repeats_stays() -> None:
    block = "      fraud:\n        aliases:\n          production: &x v1\n"
    assert after(block, "model/fraud:production", "v2") == block.replace("v1", "v2")


@pytest.mark.parametrize(
    ("address", "message", "hint"),
    [
        ("model/fraudd:production", "model/fraudd is not declared", "did you mean 'model/fraud'?"),
        ("data/x:production", "data/x is not declared", "known here: model/fraud, model/old"),
        ("model/old:production", "model/old is declared absent", "declare it with its type first"),
    ],
)
def test_collections_that_are_not_declared(address: str, message: str, hint: str) -> None:
    with pytest.raises(RegsyncError) as error:
        after("      fraud: {type: model}\n      old: absent\n", address, "v2")
    assert message in error.value.message
    assert error.value.hint == hint


def test_a_literal_dollar_brace_stays_literal() -> None:
    block = "      fraud:\n        aliases:\n          staging: a/b/c$${x}:v1\n"
    read = manifests(HEAD + block)
    value = binding(read.load(), parse_address("model/fraud:staging"))
    assert value == Pin("a/b/c$${x}:v1")
    _, texts = edit(read, FRAUD, value)
    assert texts["0.yaml"].endswith("          production: a/b/c$${x}:v1\n")


# Laws -------------------------------------------------------------------------------------------------------------

ALIASES = ["production", "staging", "canary", "it's", "yes", "pre release", "#1"]
VERSIONS = ["v1", "v7", "absent", "a-team/p/x:v1", "a-team/p/x:v2", "a-team/q/y:v3", "b/p/it's:v4"]


def some_manifest(random: Random) -> dict[str, Any]:
    def binding() -> Any:
        version = random.choice(VERSIONS)
        pinned = version != "absent" and random.random() < 0.3
        if random.random() < 0.2 and version.startswith("a-team"):
            version = version.replace("a-team", "${team}")
        return {"version": version, "digest": DIGEST} if pinned else version

    def collection() -> dict[str, Any]:
        aliases = {alias: binding() for alias in random.sample(ALIASES, random.randint(0, 4))}
        found = {
            "description": random.choice(["x", "two\nlines\n", "ends with blank lines\n\n\n"]),
            "tags": ["a", "b"],
            "aliases": aliases,
        }
        kept = [key for key in found if random.random() < 0.8]
        random.shuffle(kept)
        return {"type": "model", **{key: found[key] for key in kept}}

    return {
        "apiVersion": "regsync/v1",
        "variables": {"team": "a-team"},
        "registries": {"model": {"collections": {"fraud": collection(), "churn rate": collection()}}},
    }


@share(250)
@given(st.integers(0, 2**32).map(Random))
def test_laws_of_an_edit(random: Random) -> None:
    text = Messy(random).document(some_manifest(random))
    text = text.replace("\n", "\r\n") if random.random() < 0.3 else text
    assume(not parse(text.encode(), "m").diagnostics)
    read = manifests(text)
    address = Address("model", random.choice(["fraud", "churn rate"]), random.choice(ALIASES))
    version = random.choice(VERSIONS)
    value = Pin(version, DIGEST if version != "absent" and random.random() < 0.2 else None)
    old = binding(read.load(), address)
    found, texts = edit(read, address, value)
    if old == value:
        assert not texts
        return
    (result,) = texts.values()
    (touched,) = found.touched if len(found.touched) == 1 else [None]
    assert Counter(comments(result)) == Counter(comments(text)) or (old and old.digest and not value.digest)
    if touched is not None:
        before, now = text.splitlines(), result.splitlines()
        start = touched.line - 1
        assert before[:start] == now[:start], "nothing above changes"
        assert before[start + len(touched.before) :] == now[start + len(touched.after) :], "nothing below changes"
        assert len(touched.before) <= 1 or (old is not None and old.digest is not None)
    assert_nothing_else_changed(text, result, address, old, value)
    again = manifests(result)
    assert binding(again.load(), address) == value
    laid_out = formatted(Source("m", result.encode(), ""))
    assert binding(manifests(laid_out).load(), address) == value
    if old is not None and old.digest is None and value.digest is None and "${" not in text:
        _, back = edit(again, address, old)
        assert binding(manifests(back["0.yaml"]).load(), address) == old


def assert_nothing_else_changed(text: str, result: str, address: Address, old: Pin | None, new: Pin) -> None:
    """Byte for byte: another value in the same quotes, or a new entry (and a comma before it); all else is what it was."""
    written, now = entry_of(text, address), entry_of(result, address)
    assert now is not None
    if written is None:
        before, after = text.splitlines(keepends=True), result.splitlines(keepends=True)
        removed = [line for kind, line in diff(before, after) if kind == "-"]
        added = [line for kind, line in diff(before, after) if kind == "+"]
        for line in removed:
            # A line that changes keeps all that it has; the new entry or its comma is in it.
            assert any(is_within(line.rstrip("\r\n"), each) for each in added), (line, added)
        return
    if isinstance(written[1], Scalar) and isinstance(now[1], Scalar):
        assert text[: written[1].start.offset] == result[: now[1].start.offset]
        assert text[written[1].end.offset :] == result[now[1].end.offset :]
        plain_needs_none = written[1].style or "{" not in now[1].value
        if plain_needs_none and now[1].value != "b/p/it's:v4":
            assert now[1].style == written[1].style
    elif old is not None and (old.digest is None) == (new.digest is None):
        before = [text[: written[0].end.offset], text[written[1].end.offset :]]
        assert before == [result[: now[0].end.offset], result[now[1].end.offset :]]


def entry_of(text: str, address: Address) -> tuple[Node, Node] | None:
    found = list(places([Source("m", text.encode(), "")], address))
    return found[0].alias(str(address.alias)) if found else None


def diff(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    return [(line[0], line[2:]) for line in ndiff(before, after) if line[0] in "+-"]


def is_within(line: str, other: str) -> bool:
    """Whether a line is another one from which pieces were taken out: the entry and a comma; the room in `{  }` may go."""
    rest = iter(other.replace(" ", ""))
    return all(character in rest for character in line.replace(" ", ""))


# Files ------------------------------------------------------------------------------------------------------------


def sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_permissions_links_and_byte_order_marks_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_bytes(b"\xef\xbb\xbfa: 1\n")
    real.chmod(0o640)
    link.symlink_to(real)
    rewrite({str(link): (sha256(real), "a: 2\r\n")})
    assert link.is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbfa: 2\r\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_somebody_elses_change_is_not_overwritten(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (first, second):
        path.write_text("a: 1\n")
    files = {str(path): (sha256(path), "a: 2\n") for path in (first, second)}
    second.write_text("a: 3\n")
    with pytest.raises(RegsyncError, match="was changed while regsync worked on it"):
        rewrite(files)
    assert (first.read_text(), second.read_text()) == ("a: 1\n", "a: 3\n")
    assert sorted(tmp_path.iterdir()) == [first, second]
