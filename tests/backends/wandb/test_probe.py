"""`doctor --probe`: on our server every row is as assumed; on servers that do otherwise, the rows that say so differ."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest

from regsync.backends.base import BackendError
from regsync.backends.checkup import Probed
from regsync.backends.wandb.writing.assumptions import ASSUMPTIONS
from regsync.commands import run
from regsync.schema_files import schema
from tests.backends.wandb import faults
from tests.backends.wandb.faults import is_secret_in
from tests.backends.wandb.servers import (
    Server,
    denying,
    lacking,
    like_wandb,
)
from tests.backends.wandb.wire import DROPPED, Behaviour, Forward, Relay, Request, Response, as_json
from tests.backends.wandb.worlds import KEYS, Work, everything, prints

NAME = "thrown away"
PAGE = (Path(__file__).parents[3] / "docs" / "wandb.md").read_text(encoding="utf-8")


def probe(work: Work, stop_requested: Callable[[], bool] = lambda: False) -> Probed:
    with work.writer() as writer:
        return writer.probe(NAME, (), stop_requested)


def differing(probed: Probed) -> set[str]:
    return {row.assumption for row in probed.rows if row.as_assumed is not True}


def assumption_rows() -> list[list[str]]:
    """The cells of the page's table."""
    table = PAGE.partition("## What is assumed\n\n")[2].partition("\n\n")[0]
    return [re.split(r" \| |^\| | \|$", line)[1:4] for line in table.splitlines()[2:]]


def test_the_page_and_the_probe_have_the_same_rows() -> None:
    assert [tuple(row[:2]) for row in assumption_rows()] == [(each.text, each.otherwise) for each in ASSUMPTIONS]


def test_on_our_server_every_row_is_as_assumed_and_nothing_is_left(work: Work, file: Path) -> None:
    before = prints(everything(file))
    probed = probe(work)
    assert [(row.assumption, row.as_assumed) for row in probed.rows] == [(each.name, True) for each in ASSUMPTIONS]
    assert probed.left == () and not probed.stopped
    assert prints(everything(file)) == before


def no_answer_index(request: Request, forward: Forward) -> Response:
    """A server that does not tell the index of a link."""
    answer = forward()
    if "linkArtifact" not in request.document:
        return answer
    body = answer.json
    body["data"]["m0"]["versionIndex"] = None
    return as_json(body)


def aliases_that_are_lost(request: Request, forward: Forward) -> Response:
    """A server that answers that an alias was set, and does not set it."""
    if "addAliases" in request.document:
        return as_json({"data": {"m0": {"success": True}}})
    return forward()


def search_of_any_case(request: Request, forward: Forward) -> Response:
    """A server whose search does not look at case."""
    return forward(request.body.replace(NAME.upper().encode(), NAME.encode()))


def edits_that_do_nothing(request: Request, forward: Forward) -> Response:
    """A server that drops an empty text."""
    return _with_input(request, forward, lambda given: given.get("description") == "", {"description": None})


def what_is_not_named_is_closed(request: Request, forward: Forward) -> Response:
    """A server that takes a setting that an edit does not name for one that is off."""
    if "upsertModel" not in request.document:
        return forward()
    off = {"allowAllArtifactTypesInRegistry": False, "artifactTypes": [{"name": "model"}]}
    return _with_input(request, forward, lambda given: "allowAllArtifactTypesInRegistry" not in given, off)


def _with_input(
    request: Request, forward: Forward, chosen: Callable[[dict[str, object]], bool], more: dict[str, object]
) -> Response:
    body = json.loads(request.body)
    given = body["variables"].get("i0")
    if not request.writes or not isinstance(given, dict) or not chosen(given):
        return forward()
    given.update(more)
    return forward(json.dumps(body).encode())


def indices_that_skip(request: Request, forward: Forward) -> Response:
    """A server on which the second link is made, taken back, and made again."""
    answer = forward()
    if "linkArtifact" in request.document and answer.json["data"]["m0"]["versionIndex"] == 1:
        artifact = request.variables["i0"]["artifactID"]
        place = {"n": request.variables["i0"]["projectName"], "e": request.variables["i0"]["entityName"]}
        query = 'query C($n: String, $e: String) { project(name: $n, entityName: $e) { artifactCollection(name: "probed") { id } } }'
        found = forward(json.dumps({"query": query, "variables": place}).encode()).json
        collection = found["data"]["project"]["artifactCollection"]["id"]
        unlink = "mutation U($i0: UnlinkArtifactInput!) { m0: unlinkArtifact(input: $i0) { success } }"
        given = {"artifactID": artifact, "artifactPortfolioID": collection}
        forward(json.dumps({"query": unlink, "variables": {"i0": given}}).encode())
        return forward()
    return answer


class LateLookUps:
    """A server whose look-up by name does not show a registry for some time after it was made."""

    def __init__(self) -> None:
        self.left = 0

    def __call__(self, request: Request, forward: Forward) -> Response:
        if "upsertModel" in request.document and not self.left:
            self.left = 2
            return forward()
        if "query There" in request.document and self.left > 1:
            self.left -= 1
            return as_json({"data": {"project": None}})
        return forward()


class RefusedRelinks:
    """A server that refuses to link what is linked already."""

    def __init__(self) -> None:
        self.linked: set[str] = set()

    def __call__(self, request: Request, forward: Forward) -> Response:
        given = request.variables.get("i0")
        artifact = given.get("artifactID") if isinstance(given, dict) else None
        if "unlinkArtifact" in request.document:
            self.linked.discard(artifact)
        elif "linkArtifact" in request.document:
            if artifact in self.linked:
                error = {"message": "already linked", "path": ["m0"]}
                return as_json({"data": {"m0": None}, "errors": [error]})
            self.linked.add(artifact)
        return forward()


class ReusedIndices:
    """A server that gives the index of an unlinked version to the next one: v2 is called v1, which is free."""

    def __init__(self) -> None:
        self.unlinked = False

    def __call__(self, request: Request, forward: Forward) -> Response:
        self.unlinked = self.unlinked or "unlinkArtifact" in request.document
        answer = forward()
        if not self.unlinked:
            return answer
        return as_json(
            json.loads(answer.body.replace(b'"versionIndex":2', b'"versionIndex":1').replace(b'"v2"', b'"v1"'))
        )


def collections_keep_their_names(request: Request, forward: Forward) -> Response:
    """A server that takes a new name for a collection, and does not set it."""
    query = "query N($id: ID!) { artifactCollection(id: $id) { name } }"
    body = json.loads(request.body)
    edits = [each for each in (body.get("variables") or {}).values() if isinstance(each, dict) and "name" in each]
    for given in [each for each in edits if "artifactPortfolioID" in each]:
        asked = {"query": query, "variables": {"id": given["artifactPortfolioID"]}}
        given["name"] = forward(json.dumps(asked).encode()).json["data"]["artifactCollection"]["name"]
    return forward(json.dumps(body).encode())


def collections_that_stay(request: Request, forward: Forward) -> Response:
    """A server that answers that a collection was deleted, and does not delete it."""
    if "deleteArtifactPortfolio" in request.document:
        return as_json({"data": {"m0": {"success": True}}})
    return forward()


def tags_without_pages(request: Request, forward: Forward) -> Response:
    """A server whose lists of tags do not say whether there are more."""
    if re.search(r"tags \{ edges \{ node \{ name \} \} pageInfo", request.document):
        return as_json({"errors": [{"message": 'Cannot query field "pageInfo" on type "TagConnection".'}]}, 400)
    return forward()


SWITCHES: list[tuple[Behaviour, set[str]]] = [
    (like_wandb(), set()),
    (Server(one_mutation=True), {"together"}),
    (Server(null_is_unchanged=True), {"clear", "clear-collection"}),
    (like_wandb("createArtifactPortfolio"), {"empty-collection"}),
    (like_wandb("createArtifactType"), {"empty-collection"}),
    (lacking(["aliasActionHistory"]), {"alias-history"}),
    (denying("members", "teamMembers"), {"members", "organization-role"}),
    (no_answer_index, {"link-answer"}),
    (aliases_that_are_lost, {"move-alias", "alias-history", "remove-alias"}),
    (search_of_any_case, {"search"}),
    (edits_that_do_nothing, {"empty"}),
    (what_is_not_named_is_closed, {"edit"}),
    (indices_that_skip, {"next-index", "latest"}),
    (Server(largest_page=100), {"page"}),
    (lacking(["features"]), {"features"}),
    (LateLookUps(), {"look-up"}),
    (RefusedRelinks(), {"link-again"}),
    (ReusedIndices(), {"index-reuse"}),
    (tags_without_pages, {"tag-pages"}),
    (collections_keep_their_names, {"rename-collection"}),
    (lacking(["renameProject"]), {"rename"}),
    (collections_that_stay, {"delete-collection"}),
    (denying("organizations"), set()),
    (lacking(["createArtifactCollectionTagAssignments"]), {"tags"}),
    (lacking(["updateProjectTeamMember"]), {"members"}),
]


@pytest.mark.parametrize(("behave", "rows"), SWITCHES, ids=[str(sorted(rows)) for _, rows in SWITCHES])
def test_each_row_differs_on_a_server_that_does_otherwise(
    work: Work, between: Relay, file: Path, behave: Behaviour, rows: set[str]
) -> None:
    before = prints(everything(file))
    between.reset(deepcopy(behave))  # Some remember what they saw.
    probed = probe(work)
    assert differing(probed) == rows
    assert probed.left == ()
    assert prints(everything(file)) == before


def test_every_row_has_a_server_that_does_otherwise() -> None:
    assert {row for _, rows in SWITCHES for row in rows} == {each.name for each in ASSUMPTIONS}


def test_a_registry_that_is_there_is_not_touched(work: Work, between: Relay, file: Path) -> None:
    before = prints(everything(file))
    with work.writer() as writer, pytest.raises(BackendError, match="already"):
        writer.probe("model", (), lambda: False)
    assert not any(request.writes for request in between.requests)
    assert prints(everything(file)) == before


def test_a_registry_that_appears_in_between_is_not_deleted(work: Work, between: Relay, file: Path) -> None:
    def as_edited(request: Request, forward: Forward) -> Response:
        answer = forward()
        if "upsertModel" not in request.document:
            return answer
        body = answer.json
        body["data"]["m0"]["inserted"] = False
        return as_json(body)

    between.reset(as_edited)
    with pytest.raises(BackendError, match="appeared at the same time"):
        probe(work)
    assert NAME in everything(file).registries


@pytest.mark.parametrize("number", range(4, 60, 8))
def test_nothing_is_left_wherever_it_is_stopped(work: Work, between: Relay, file: Path, number: int) -> None:
    before = prints(everything(file))
    probed = probe(work, lambda: len(between.requests) >= number)
    assert probed.left == () and probed.stopped
    assert prints(everything(file)) == before


@pytest.mark.parametrize("fault", [faults.dropped, faults.answer_dropped, faults.internal_error, faults.wrong_key])
@pytest.mark.parametrize("number", [6, 12, 33])
def test_nothing_is_left_after_an_error(
    work: Work, between: Relay, file: Path, fault: faults.Fault, number: int
) -> None:
    before = prints(everything(file))
    between.reset(faults.once(fault, number))
    with suppress(BackendError):
        assert probe(work).left == ()
    assert prints(everything(file)) == before


def test_a_registry_whose_making_was_not_answered_is_deleted_too(work: Work, between: Relay, file: Path) -> None:
    before = prints(everything(file))

    def unanswered(request: Request, forward: Forward) -> Response:
        answer = forward()
        return DROPPED if "upsertModel" in request.document else answer

    between.reset(unanswered)
    assert probe(work).left == ()
    assert prints(everything(file)) == before


def test_what_cannot_be_deleted_is_named(work: Work, between: Relay) -> None:
    between.reset(lacking(["deleteModel"]))
    assert probe(work).left == (f"{NAME} renamed",)


# The command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def here(between: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGSYNC_BACKEND", f"wandb:{between.url}")
    return between


def test_the_table_and_the_json(here: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--probe", "--auto-approve"]) == 0
    table, said = capfd.readouterr()
    assert table.count("as assumed") == len(ASSUMPTIONS) and "Nothing was left behind" in said
    assert run(["doctor", "--probe", "--auto-approve", "--format", "json"]) == 0
    out, _ = capfd.readouterr()
    document = json.loads(out)
    jsonschema.validate(document, schema("probe"))
    assert document["complete"] is True and document["left_behind"] is False
    assert {row["result"] for row in document["rows"]} == {"as assumed"}
    assert not is_secret_in(out, list(KEYS.values()))
    for name in ("acme", "alice", "fraud", "detector", "regsync-probe", here.url, "127.0.0.1"):
        assert name not in out


def test_it_asks_first(here: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--probe"]) == 1
    assert "--auto-approve" in capfd.readouterr().err
    assert not any(request.writes for request in here.requests)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_real_signal_leaves_nothing_behind(
    here: Relay, file: Path, capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """The signal arrives while the server works on the second link, and once more while the registry is deleted."""
    before = prints(everything(file))
    sent: list[str] = []

    def signalling(request: Request, forward: Forward) -> Response:
        for mutation, times in (("linkArtifact", 2), ("deleteModel", 1)):
            if mutation in request.document:
                sent.append(mutation)
                if sent.count(mutation) == times:
                    os.kill(os.getpid(), number)
        return forward()

    here.reset(signalling)
    assert run(["doctor", "--probe", "--auto-approve"]) == 1
    out, err = capfd.readouterr()
    assert "not tried: stopped" in " ".join(out.split()) and "deleted first" in err and "Nothing was left behind" in err
    assert sent == ["linkArtifact", "linkArtifact", "deleteModel"]
    assert prints(everything(file)) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["--registry", "x"],
        ["--auto-approve"],
        ["--probe", "registry.yaml"],
        ["--probe", "--registry", "a/b"],
        ["--probe", "--source", "acme-ml/fraud/detector:v1"],
        ["--probe", "--source", "v1", "--source", "v2"],
    ],
)
def test_what_does_not_go_together_is_said(
    here: Relay, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    Path("registry.yaml").write_text("apiVersion: regsync/v1\n")
    assert run(["doctor", *arguments]) == 1
    assert "Traceback" not in capfd.readouterr().err
    assert here.requests == []


def test_sources_can_be_named(here: Relay, capfd: pytest.CaptureFixture[str]) -> None:
    given = ["--source", "acme-ml/fraud/detector:v4", "--source", "acme-ml/fraud/detector:v5"]
    assert run(["doctor", "--probe", "--auto-approve", *given]) == 0
    capfd.readouterr()
    assert run(["doctor", "--probe", "--auto-approve", *given[:2], "--source", "acme-ml/fraud/detector:v99"]) == 1
    assert "v99" in capfd.readouterr().err
