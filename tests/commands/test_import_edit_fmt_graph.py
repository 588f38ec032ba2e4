"""import, promote, set, fmt and graph as commands: files, exit codes, and what they say."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
import yaml

from regsync.manifest.editing.layout import formatted
from regsync.manifest.reading.files import Source
from tests.commands.inside import Cli

MESSY = """\
# about the file

organization:   acme
# about the format
apiVersion: "regsync/v1"


registries:
    model:     # main
        collections:
            # where money is
            fraud:
                aliases:
                    production: acme-ml/p/a:v1     # approved
                    staging:    {digest: 0123456789abcdef0123456789abcdef,version: 'v2'}

                    # not yet
                    canary: absent
                # the end of aliases

                # the kind
                type:   model
                versions:
                - acme-ml/p/a:v1
                -   {version: "acme-ml/p/a:v2"}
                -
                  # why
                  acme-ml/p/a:v3: absent
                tags: [ a,b ,
                  c ]  # three
            churn: absent
        description: |
            two
              lines

        consent: [remove-alias]
"""
TIDY = """\
# about the file

# about the format
apiVersion: "regsync/v1"
organization: acme

registries:
  model:     # main
    description: |
      two
        lines

    consent: [remove-alias]
    collections:
      # where money is
      fraud:
        # the kind
        type: model
        tags: [ a,b ,
          c ]  # three
        versions:
          - acme-ml/p/a:v1
          - {version: "acme-ml/p/a:v2"}
          # why
          - acme-ml/p/a:v3: absent
        aliases:
          production: acme-ml/p/a:v1     # approved
          staging: {version: 'v2', digest: 0123456789abcdef0123456789abcdef}

          # not yet
          canary: absent
        # the end of aliases
      churn: absent
"""

# fmt --------------------------------------------------------------------------------------------------------------


def test_fmt_lays_out_as_a_careful_person_does(cli: Cli) -> None:
    path = Path("model.yaml")
    path.write_text(MESSY)
    path.chmod(0o600)
    checked = cli("fmt", "--check", ".")
    assert checked.code == 1
    assert checked.out.startswith("--- a/model.yaml\n+++ b/model.yaml\n@@")
    assert "model.yaml would change" in checked.err
    assert path.read_text() == MESSY
    done = cli("fmt", ".")
    assert (done.code, done.out) == (0, "model.yaml\n")
    assert path.read_text() == TIDY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = cli("fmt", "--check", ".")
    assert (again.code, again.out, again.err) == (0, "", "1 read, 0 would change\n")


def test_fmt_keeps_the_files_own_line_breaks(cli: Cli) -> None:
    Path("model.yaml").write_bytes(MESSY.replace("\n", "\r\n").encode())
    assert cli("fmt", "model.yaml").code == 0
    assert Path("model.yaml").read_bytes() == TIDY.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\n", "bad.yaml:2:1: error: a list or map in brackets is not closed"),
        ("a: 1\n\tb: 2\n", "bad.yaml:2:1: error: a tab stands where only spaces can be"),
        ("a: 1\na: 2\n", "bad.yaml:2:1: error: `a` is written twice"),
        ("? registries\n: b\n", "bad.yaml:1:1: error: fmt cannot lay out a key that is written like this"),
        ('registries: "x\u2028y"\n', "bad.yaml:1:15: error: U+2028 ends the line here for YAML"),
        ("registries:\n  &x\n  b: 1\n", "bad.yaml:2:1: error: fmt cannot lay out an anchor on a line of its own"),
    ],
)
def test_fmt_leaves_alone_what_it_cannot_read(cli: Cli, text: str, problem: str) -> None:
    Path("bad.yaml").write_text(text)
    Path("good.yaml").write_text("registries:   {}\n")
    done = cli("fmt", ".")
    assert done.code == 1
    assert problem in done.err
    assert Path("bad.yaml").read_text() == text
    assert Path("good.yaml").read_text() == "registries: {}\n", "the others are laid out all the same"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: |\n  text", "a: |-\n  text\n"),
        ("a: |+\n  text\n\n\n", "a: |+\n  text\n\n\n"),
        ("a: >2\n     x\n\n\n", "a: >2\n     x\n"),
        ("a:\n    'long\n\n    text'\n", "a: 'long\n\n    text'\n"),
        ("# only a comment  \n\n\n", "# only a comment\n"),
        ("--- # one\na: 1\n...\n--- \n\n# two\n\n\nb: 2\n\n", "--- # one\na: 1\n...\n---\n# two\n\nb: 2\n"),
        ("a: &x [1,2]\nb: *x\nc: {a , b: }\n", "a: &x [1,2]\nb: *x\nc: {a , b: }\n"),
        ("a:\n- - 1\n  - 2\n-\n  - 3 # c\n", "a:\n  - - 1\n    - 2\n  - - 3 # c\n"),
        ("a: {b: 1, # why\n    c: 2}\n", "a: {b: 1, # why\n    c: 2}\n"),
        ("\n\n'a' :   1\n", "'a': 1\n"),
        ("consent: &x []\norganization: a\nregistries: {m: {consent: *x}}\n", None),
    ],
)
def test_fmt_in_odd_places(before: str, after: str | None) -> None:
    now = formatted(Source("m.yaml", before.encode(), ""))
    assert now == (after or before.replace("consent: &x []\norganization: a\n", "organization: a\nconsent: &x []\n"))
    assert list(yaml.safe_load_all(now)) == list(yaml.safe_load_all(before))


def test_fmt_does_not_move_an_anchor_behind_its_repetition() -> None:
    text = "registries:\n  m:\n    consent: &x []\norganization: acme\nconsent: *x\n"
    assert formatted(Source("m.yaml", text.encode(), "")) == text


def test_fmt_leaves_other_files_alone(cli: Cli) -> None:
    Path("compose.yaml").write_text("services:   {}\n")
    done = cli("fmt", ".")
    assert (done.code, done.out) == (0, "")
    assert "compose.yaml is left alone: it is not a manifest" in done.err
    assert Path("compose.yaml").read_text() == "services:   {}\n"


# import -----------------------------------------------------------------------------------------------------------


def test_import_one_file_a_registry(adopted: Cli) -> None:
    done = adopted("import", "-o", "live")
    assert done.code == 0
    assert done.out == "live/Golden-Datasets.yaml\nlive/model.yaml\n"
    assert "2 registries, 3 collections, 6 aliases" in done.err
    plan = adopted("plan", "live", "--detailed-exitcode")
    assert plan.code == 0
    assert "No changes" in plan.out
    assert adopted("fmt", "--check", "live").code == 0
    both = adopted("import")
    assert both.out.count("apiVersion") == 1
    assert {"Golden Datasets", "model"} == set(yaml.safe_load(both.out)["registries"])


def test_import_one_file_a_collection_with_digests(adopted: Cli) -> None:
    assert adopted("import", "model", "-o", "live", "--split", "collection", "--digests").code == 0
    files = sorted(str(path.relative_to("live")) for path in Path("live").rglob("*.yaml"))
    assert files == ["model/churn.yaml", "model/fraud-detector.yaml", "model/registry.yaml"]
    fraud = yaml.safe_load(Path("live/model/fraud-detector.yaml").read_text())
    block = fraud["registries"]["model"]["collections"]["fraud-detector"]
    assert re.fullmatch("[0-9a-f]{32}", block["aliases"]["production"]["digest"])
    assert adopted("plan", "live", "--detailed-exitcode").code == 0


def test_import_of_a_collection_leaves_the_settings_of_its_registry_alone(adopted: Cli) -> None:
    registry = yaml.safe_load(adopted("import", "model/churn", "model/fraud-detector").out)["registries"]["model"]
    assert list(registry) == ["collections"]
    assert list(registry["collections"]) == ["churn", "fraud-detector"]


def test_import_without_members(adopted: Cli) -> None:
    assert "members" in yaml.safe_load(adopted("import", "model").out)["registries"]["model"]
    assert "members" not in yaml.safe_load(adopted("import", "model", "--no-members").out)["registries"]["model"]


def test_import_overwrites_nothing(adopted: Cli) -> None:
    Path("live").mkdir()
    Path("live/model.yaml").write_text("mine\n")
    done = adopted("import", "-o", "live")
    assert done.code == 1
    assert done.err.startswith("error: live/model.yaml is there already\n    hint: nothing was written")
    assert [path.name for path in Path("live").iterdir()] == ["model.yaml"]
    assert Path("live/model.yaml").read_text() == "mine\n"


def test_import_into_a_place_that_is_no_folder(adopted: Cli) -> None:
    Path("live").write_text("a file\n")
    done = adopted("import", "-o", "live")
    assert done.code == 1
    assert "cannot write live" in done.err
    assert Path("live").read_text() == "a file\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["modell"], "registry 'modell' is missing, or not visible to this key\n    hint: did you mean 'model'?"),
        (["model/fraud-detectr"], "model/fraud-detectr is not there\n    hint: did you mean 'fraud-detector'?"),
        (["model/churn:production"], "write registry or registry/collection"),
        (["a//b"], "is not an address"),
        (["--split", "collection"], "--split collection needs -o DIR"),
    ],
)
def test_import_of_what_is_not_there(adopted: Cli, arguments: list[str], says: str) -> None:
    done = adopted("import", *arguments)
    assert (done.code, done.out) == (1, "")
    assert says in done.err


def test_import_of_an_empty_organization(cli: Cli) -> None:
    assert cli("local", "init", "--org", "acme").code == 0
    done = cli("import")
    assert (done.code, done.out) == (1, "")
    assert "acme has no registry that this key can see" in done.err


def test_importing_again_after_a_bootstrap_gives_the_same_bytes(adopted: Cli) -> None:
    first = adopted("import", "--no-members").out
    Path("m.yaml").write_text(first)
    seed = yaml.safe_load(Path("seed.yaml").read_text())
    del seed["registries"]
    Path("empty.yaml").write_text(yaml.safe_dump(seed))
    assert adopted("local", "seed", "empty.yaml", "--db", "other.db").code == 0
    assert adopted("--backend", "local:other.db", "apply", "m.yaml", "--auto-approve").code == 0
    assert adopted("--backend", "local:other.db", "import", "--no-members").out == first


# promote and set --------------------------------------------------------------------------------------------------


def test_promote_what_is_live(adopted: Cli) -> None:
    assert adopted("import", "model", "-o", ".").code == 0
    assert adopted("set", "model/fraud-detector:staging=acme-ml/fraud/fraud-detector:v8", "model.yaml").code == 0
    done = adopted("promote", "model/fraud-detector", "--from", "staging", "--to", "production", "--live", "model.yaml")
    assert done.code == 0
    assert "+          production: acme-ml/fraud/fraud-detector:v13" in done.out
    missing = adopted("promote", "model/fraud-detector", "--from", "nope", "--to", "production", "--live", "model.yaml")
    assert missing.code == 1
    assert "model/fraud-detector:nope is missing in the registry" in missing.err


def test_promote_what_is_live_onto_a_pinned_alias(adopted: Cli) -> None:
    assert adopted("import", "model", "-o", ".", "--digests").code == 0
    done = adopted("promote", "model/fraud-detector", "--from", "staging", "--to", "production", "--live", "model.yaml")
    assert done.code == 0
    pinned = yaml.safe_load(Path("model.yaml").read_text())["registries"]["model"]["collections"]["fraud-detector"][
        "aliases"
    ]
    assert pinned["production"] == pinned["staging"]
    assert adopted("plan", "model.yaml", "--detailed-exitcode").code == 2


def test_promote_says_when_a_pin_goes(adopted: Cli) -> None:
    assert adopted("import", "model", "-o", ".", "--digests").code == 0
    assert adopted("set", "model/churn:staging=v0", "model.yaml").code == 0
    done = adopted("promote", "model/churn", "--from", "staging", "--to", "production", "model.yaml")
    assert done.code == 0
    assert "model/churn:production was pinned to a digest and is not any more" in done.err
    assert "+          production: v0" in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["promote", "model/churn", "--from", "staging", "--to", "production"], "add --live to take the version"),
        (["promote", "model/churn", "--from", "production", "--to", "production"], "are the same alias"),
        (["promote", "model", "--from", "a", "--to", "b"], "write registry/collection"),
        (["promote", "model/churn", "--from", "latest", "--to", "b"], "belongs to the server"),
        (["promote", "model/none", "--from", "a", "--to", "b"], "model/none is not declared in these manifests"),
        (["promote", "model/churn", "--from", "a"], "Missing option '--to'"),
        (["set", "model/churn:production"], "there is no `=` in it"),
        (["set", "model/churn=v1"], "names no alias"),
        (["set", "model/churn:v3=v1"], "belongs to the server"),
        (["set", "model/churn:production=staging"], "is not a version"),
        (["set", "model/churn:production=v1", "--digest", "abc"], "is not a legal digest"),
        (["set", "model/churn:production=${nope}:v1"], "the variable `nope` is not defined"),
        (["set", "model/churn:production=v1", "nowhere"], "there is no such file or folder"),
    ],
)
def test_edits_that_are_refused_change_nothing(adopted: Cli, arguments: list[str], says: str) -> None:
    assert adopted("import", "model", "-o", "live").code == 0
    os.remove("seed.yaml")  # noqa: PTH107
    before = Path("live/model.yaml").read_bytes()
    done = adopted(*arguments)
    assert done.code == 1
    assert says in done.err
    assert Path("live/model.yaml").read_bytes() == before


def test_set_with_equals_signs_in_names_and_with_variables(cli: Cli) -> None:
    text = "apiVersion: regsync/v1\nvariables: {team: a}\nregistries:\n  m:\n    collections:\n      c: {type: t}\n"
    Path("m.yaml").write_text(text)
    assert cli("set", "m/c:a=b=x/y/z:v1").code == 0
    assert cli("set", "m/c:plain=${team}/y/z:v2").code == 0
    assert Path("m.yaml").read_text() == text.replace(
        "{type: t}", '{type: t, aliases: {a=b: x/y/z:v1, plain: "${team}/y/z:v2"}}'
    )


def test_set_in_an_overlay(cli: Cli) -> None:
    text = "apiVersion: regsync/v1\nregistries:\n  m:\n    collections:\n      c:\n        aliases:\n          p: v1\n"
    Path("base").mkdir()
    Path("base/m.yaml").write_text(text)
    Path("over.yaml").write_text(text.replace("p: v1", "p: v2"))
    done = cli("set", "m/c:p=v3", "base", "--overlay", "over.yaml")
    assert (done.code, done.out) == (0, "over.yaml:7\n-          p: v2\n+          p: v3\n")
    assert Path("base/m.yaml").read_text() == text


def test_set_warns_of_versions_that_can_move(cli: Cli) -> None:
    Path("m.yaml").write_text("apiVersion: regsync/v1\nregistries: {m: {collections: {c: {type: t}}}}\n")
    done = cli("set", "m/c:p=x/y/z:latest")
    assert done.code == 0
    assert "[unpinned-version]" in done.err


# graph ------------------------------------------------------------------------------------------------------------


def test_graph_draws_what_plan_shows(adopted: Cli) -> None:
    assert adopted("import", "model", "-o", ".").code == 0
    assert adopted("graph", "model.yaml").out == 'flowchart TD\n  none["No changes"]\n' + "".join(
        f"  classDef {kind} stroke:{color},stroke-width:2px\n"
        for kind, color in {"add": "#2da44e", "change": "#bf8700", "remove": "#cf222e"}.items()
    )
    assert adopted("set", "model/churn:new=acme-ml/fraud/churn:v0", "model.yaml").code == 0
    drawn = adopted("graph", "model.yaml", "--format", "dot")
    assert drawn.code == 0
    assert '"op-1" -> "op-2";' in drawn.out
