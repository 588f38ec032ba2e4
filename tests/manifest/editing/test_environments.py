"""`promote` and `set` with `--var`, `--var-file` and `--overlay`: what is meant for one environment reaches no other."""

from __future__ import annotations

import pytest

from regsync.diagnostics import DiagnosticsError
from regsync.manifest.editing.edit import Manifests, assign, binding, sources_of
from regsync.manifest.editing.splice import Pin
from regsync.manifest.reading.files import Source
from regsync.names import parse_address

BASE = """apiVersion: regsync/v1
variables: {team: acme-ml/fraud}
registries:
  model:
    collections:
      fraud:
        type: model
        aliases:
          candidate: ${team}/fraud:${cand}
          serving: ${team}/fraud:${fraud} # what customers get
          fixed: ${team}/fraud:v1
"""
PROD = "fraud: v11 # since May\ncand: v14\n"
SERVING = parse_address("model/fraud:serving")
FIXED = parse_address("model/fraud:fixed")


def manifests(base: str = BASE, *, files: str = "", overlay: str = "", **variables: str) -> Manifests:
    def source(name: str, text: str) -> tuple[Source, ...]:
        return (Source(name, text.encode(), ""),) if text else ()

    return Manifests(
        source("base.yaml", base), source("over.yaml", overlay), variables, source("prod.vars.yaml", files)
    )


def edited(read: Manifests, address: str, version: str, digest: str | None = None) -> dict[str, str]:
    place = parse_address(address)
    edit = assign(read, read.load(), place, Pin(version, digest))
    texts = {name: text for name, (_, text) in edit.files.items()}
    assert binding(read.with_texts(texts).load(), place) == Pin(version, digest)
    return texts


@pytest.mark.parametrize(
    ("files", "result"),
    [
        (PROD, "fraud: v13 # since May\ncand: v14\n"),
        ("{'fraud': 'v11', cand: v14}", "{'fraud': 'v13', cand: v14}"),
        ('{"fraud": "v11",\n "cand": "v14"}\n', '{"fraud": "v13",\n "cand": "v14"}\n'),
        ("fraud: v11\r\ncand: v14\r\n", "fraud: v13\r\ncand: v14\r\n"),
    ],
    ids=["block", "braces", "json", "crlf"],
)
def test_the_file_of_variables_is_edited(files: str, result: str) -> None:
    assert edited(manifests(files=files), "model/fraud:serving", "acme-ml/fraud/fraud:v13") == {
        "prod.vars.yaml": result
    }


def test_a_variable_that_is_the_whole_value() -> None:
    base = BASE.replace("${team}/fraud:${fraud}", "${fraud}")
    read = manifests(base, files="fraud: acme-ml/fraud/fraud:v11\ncand: v1\n")
    assert edited(read, "model/fraud:serving", "absent") == {"prod.vars.yaml": "fraud: absent\ncand: v1\n"}


def test_a_pin_whose_digest_is_a_variable_too() -> None:
    base = BASE.replace("${team}/fraud:${fraud} #", '{version: "${team}/fraud:${fraud}", digest: "${hash}"} #')
    read = manifests(base, files=f"fraud: v11\nhash: {'a' * 32}\ncand: v1\n")
    texts = edited(read, "model/fraud:serving", "acme-ml/fraud/fraud:v13", "b" * 32)
    assert texts == {"prod.vars.yaml": f"fraud: v13\nhash: {'b' * 32}\ncand: v1\n"}


def test_the_variables_of_an_overlay_are_edited() -> None:
    over = "apiVersion: regsync/v1\nvariables: {fraud: v11, cand: v1}\n"
    texts = edited(manifests(overlay=over), "model/fraud:serving", "acme-ml/fraud/fraud:v13")
    assert texts == {"over.yaml": over.replace("v11", "v13")}


OVERLAYS = {
    "that says nothing of it": (
        "apiVersion: regsync/v1 # prod\n",
        "apiVersion: regsync/v1 # prod\nregistries:\n  model:\n    collections:\n      fraud:\n        aliases:\n"
        "          fixed: ${team}/fraud:v2\n",
    ),
    "with another registry": (
        "apiVersion: regsync/v1\nregistries:\n    data: {}\n",
        "apiVersion: regsync/v1\nregistries:\n    data: {}\n    model:\n      collections:\n        fraud:\n          aliases:\n"
        "            fixed: ${team}/fraud:v2\n",
    ),
    "in JSON": (
        '{"apiVersion": "regsync/v1"}',
        '{"apiVersion": "regsync/v1", "registries": {"model": {"collections": {"fraud": {"aliases": '
        '{"fixed": "${team}/fraud:v2"}}}}}}',
    ),
    "with the collection": (
        "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {tags: [x]}}}}\n",
        "apiVersion: regsync/v1\nregistries: {model: {collections: {fraud: {tags: [x], "
        'aliases: {fixed: "${team}/fraud:v2"}}}}}\n',
    ),
}


@pytest.mark.parametrize("case", OVERLAYS.values(), ids=OVERLAYS)
def test_an_overlay_gets_what_only_the_base_says(case: tuple[str, str]) -> None:
    before, after = case
    read = manifests(overlay=before, fraud="v1", cand="v1")
    assert edited(read, "model/fraud:fixed", "acme-ml/fraud/fraud:v2") == {"over.yaml": after}


def test_what_all_environments_share_is_edited_where_it_is_shared() -> None:
    texts = edited(manifests(files=PROD), "model/fraud:fixed", "acme-ml/fraud/fraud:v2")
    assert texts == {"base.yaml": BASE.replace("fraud:v1\n", "fraud:v2\n")}


def test_a_team_from_outside_stays_a_variable() -> None:
    base = BASE.replace("variables: {team: acme-ml/fraud}\n", "")
    read = manifests(base, team="acme-ml/fraud", fraud="v1", cand="v1")
    texts = edited(read, "model/fraud:fixed", "acme-ml/fraud/fraud:v2")
    assert texts == {"base.yaml": base.replace("fraud:v1\n", "fraud:v2\n")}


@pytest.mark.parametrize(
    ("read", "version", "message"),
    [
        (manifests(fraud="v1", cand="v2"), "acme-ml/fraud/fraud:v3", "`fraud`, which the command line sets"),
        (manifests(files=PROD), "other/fraud/fraud:v3", "`fraud`, and another value for it would change other things"),
        (
            manifests(BASE.replace("fraud:v1\n", "fraud:${fraud}\n"), files=PROD),
            "acme-ml/fraud/fraud:v3",
            "`fraud`, and another value for it would change other things",
        ),
    ],
    ids=["command line", "no value gives it", "two aliases have it"],
)
def test_what_would_reach_other_environments_is_refused(read: Manifests, version: str, message: str) -> None:
    with pytest.raises(DiagnosticsError, match=r"base\.yaml:10:20: error") as error:
        assign(read, read.load(), SERVING, Pin(version))
    assert message in str(error.value)


def test_a_version_of_one_environment_is_not_promoted_into_the_base() -> None:
    read = manifests(files=PROD)
    made_of = sources_of(read, parse_address("model/fraud:candidate"))
    with pytest.raises(DiagnosticsError, match=r"variable `cand`, which prod\.vars\.yaml sets for one environ"):
        assign(read, read.load(), FIXED, Pin("acme-ml/fraud/fraud:v14"), made_of)
    edit = assign(read, read.load(), SERVING, Pin("acme-ml/fraud/fraud:v14"), made_of)
    assert edit.files["prod.vars.yaml"][1] == PROD.replace("v11", "v14")
