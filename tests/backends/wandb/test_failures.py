"""Typical failures, and that each says what happened, where, and what to do next."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from regsync.backends.base import BackendError, Outcome, Status
from regsync.backends.local.reading import LocalReader
from regsync.backends.wandb.connection.fetch import Json
from regsync.backends.wandb.connection.transport import ReadingOnlyError, _not_connected, only_reads
from regsync.core import actions as a
from regsync.core.live import RegistryScope, Version
from regsync.local.store import artifacts
from regsync.local.store.database import open_store
from regsync.names import Role, SourceRef, Visibility
from tests.backends.wandb import faults
from tests.backends.wandb.script import SEED
from tests.backends.wandb.wire import Behaviour, Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import KEYS, PEOPLE, QUICK, Work, everything, served, write_world

SCOPE = {"model": RegistryScope(None, True)}
WORLD: Json = {
    **SEED,
    "registries": {
        **SEED["registries"],
        "secret": {"visibility": "restricted", "members": {"alice": "admin"}, "collections": {}},
    },
}


@pytest.fixture(scope="module")
def between(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    file = write_world(tmp_path_factory.mktemp("failures") / "registry.db", WORLD)
    with served(file) as server, relay(server) as made:
        made.file = file  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def work(between: Relay, tmp_path: Path) -> Iterator[Work]:
    between.reset()
    yield Work(tmp_path, between.url)
    between.reset()


def as_user(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEYS[name])


def read_error(work: Work, organization: str | None = "acme") -> BackendError:
    """The error of a whole read."""
    with pytest.raises(BackendError) as raised, work.reader(organization) as reader:
        reader.observe(SCOPE)
    return raised.value


READS = [
    (faults.wrong_key, "does not accept the API key", "WANDB_API_KEY"),
    (faults.bad_gateway, "HTTP 502: a page titled '502 Bad Gateway'", "run this again"),
    (faults.answer_page, "the answer is not W&B's API: HTTP 200, text/html: a page titled", "check the URL"),
    (faults.forbidden_page, "HTTP 403, text/html: a page titled '403 Forbidden'", "proxy or a login page"),
    (faults.garbage, "the answer is not W&B's API: HTTP 200, application/json", "check the URL"),
    (faults.answer_partial, "answered only in part: context deadline exceeded", "nothing is concluded"),
    (faults.endless, "does not end: after 2 pages the server gives the same page again", "nothing is concluded"),
    (faults.redirect, "sends us elsewhere (HTTP 307 to http://127.0.0.1:9/graphql)", "the key is sent to no other"),
    (faults.dropped, "the connection broke", "run this again"),
    (faults.slow, "no answer within 0.5 s", "REGSYNC_HTTP_TIMEOUT"),
    (faults.busy, "the server asks to wait (HTTP 429: rate limit exceeded)", "REGSYNC_HTTP_DEADLINE"),
    (faults.internal_error, "HTTP 500: internal server error", "run this again"),
]


@pytest.mark.parametrize(("fault", "message", "hint"), READS, ids=[fault.__name__ for fault, _, _ in READS])
def test_a_read_that_fails_says_why(work: Work, between: Relay, fault: faults.Fault, message: str, hint: str) -> None:
    between.reset(faults.from_then_on(fault, 2))
    error = read_error(work)
    assert message in error.message and between.url.removeprefix("http://") in error.message + (error.hint or "")
    assert hint in (error.hint or "")
    assert not faults.is_secret_in(f"{error.message} {error.hint} {work.said}", list(KEYS.values()))


def test_waits_are_shown(work: Work, between: Relay) -> None:
    between.reset(faults.once(faults.busy, 2))
    with work.reader() as reader:
        reader.observe(SCOPE)
    assert len(work.said) == 1
    assert "the server asks to wait (HTTP 429" in work.said[0] and "trying again in" in work.said[0]


def test_a_server_that_asks_for_a_long_wait_is_not_hammered(work: Work, between: Relay) -> None:
    def behave(request: Request, forward: Forward) -> Response:
        return as_json({"errors": [{"message": "slow down"}]}, 429, **{"RateLimit-Reset": "3600"})

    between.reset(behave)
    assert "the server asks to wait" in read_error(work).message
    assert len(between.requests) == 1


def test_retry_after_may_be_a_date(work: Work, between: Relay) -> None:
    def behave(request: Request, forward: Forward) -> Response:
        late = {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}
        return Response(429, b"", late)

    between.reset(behave)
    read_error(work)
    assert len(between.requests) == 1


def test_a_list_that_never_ends_is_given_up(work: Work, between: Relay) -> None:
    between.reset(faults.from_then_on(faults.endless_and_new, 2))
    error = read_error(replace(work, options=replace(QUICK, max_pages=20, deadline=10.0)))
    assert "does not end: after 20 pages" in error.message
    assert len(between.requests) <= 3 * 22


def counting(number: int) -> Behaviour:
    """Counts so many collections where there are three."""

    def behave(request: Request, forward: Forward) -> Response:
        body = forward().body.replace(b'"totalCount":3', f'"totalCount":{number}'.encode())
        return Response(200, body, {"Content-Type": "application/json"})

    return behave


def test_a_count_of_less_than_there_is_is_an_error(work: Work, between: Relay) -> None:
    between.reset(counting(2))
    assert "the server counts 2 items and answered 3" in read_error(work).message


def test_a_count_of_more_than_there_is_is_asked_for_twice_and_counted_as_not_seen(work: Work, between: Relay) -> None:
    between.reset(counting(4))
    with work.reader() as reader:
        assert reader.observe(SCOPE).registries["model"].unseen == 1
    assert len([each for each in between.requests if "totalCount" in each.document]) == 2


def test_an_answer_that_lacks_what_was_promised_is_an_error(work: Work, between: Relay) -> None:
    def behave(request: Request, forward: Forward) -> Response:
        body = forward().body
        return Response(200, body.replace(b'"defaultArtifactType"', b'"x"'), {"Content-Type": "application/json"})

    between.reset(behave)
    assert "is not of the form that the API promises" in read_error(work).message


def test_no_organization_of_that_name_names_those_there_are(work: Work) -> None:
    error = read_error(work, "acmee")
    assert "there is no organization 'acmee', or it is not visible to this key" in error.message
    assert error.hint == "did you mean 'acme'?"
    assert "its display name is 'acme'" in (read_error(work, "acme-org").hint or "")


def test_the_only_organization_need_not_be_named(work: Work) -> None:
    with work.reader(None) as reader:
        assert reader.destination()[1:5] == (work.server, "acme", "acme-org", "alice")


def test_several_organizations_must_be_chosen_from(tmp_path: Path) -> None:
    from regsync.local.store import accounts

    file = write_world(tmp_path / "registry.db", PEOPLE)
    store = open_store(file)
    with store.write() as tx:
        globex = accounts.add_organization(tx, "globex")
        accounts.set_organization_member(tx, globex, accounts.user(tx, "alice"), Role.MEMBER)
    store.close()
    with served(file) as server:
        error = read_error(Work(tmp_path, server), None)
    assert "this key is in 2 organizations: acme, globex" in error.message


def test_a_restricted_registry_that_the_key_cannot_see_looks_absent(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user("bob", monkeypatch)
    with work.reader() as reader:
        assert "secret" not in reader.registry_names()
        assert reader.observe({"secret": RegistryScope(None)}).registries == {}
    with work.writer() as writer:
        action = a.CreateRegistry("secret", None, Visibility.ORGANIZATION, None)
        outcome = writer.perform([action])[0]
    assert outcome.status is Status.FAILED
    assert "perhaps by something that this key cannot see" in (outcome.hint or "")


def test_a_server_that_cannot_be_reached(work: Work) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        error = read_error(replace(work, server=f"http://127.0.0.1:{sock.getsockname()[1]}"))
    assert "cannot be reached" in error.message and "Connection refused" in error.message
    assert "check the URL" in (error.hint or "")


def test_a_server_that_speaks_no_tls(work: Work, between: Relay) -> None:
    error = read_error(replace(work, server=between.url.replace("http:", "https:")))
    assert "TLS: " in error.message and "check host and port" in (error.hint or "")


def test_a_certificate_that_is_not_trusted_is_told_apart() -> None:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_message = "self-signed certificate"
    raised = httpx.ConnectError("failed")
    raised.__cause__ = refused
    error = _not_connected(raised)
    assert error.message == "TLS: the certificate is not trusted: self-signed certificate"
    assert "SSL_CERT_FILE" in (error.hint or "")


def test_a_proxy_that_refuses(work: Work, between: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_error(407, "Proxy Authentication Required")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-password@127.0.0.1:{server.server_address[1]}")
    try:
        error = read_error(replace(work, server="https://wandb.invalid"))
    finally:
        server.shutdown()
        server.server_close()
    assert "the proxy refuses: 407" in error.message and "HTTPS_PROXY" in (error.hint or "")
    assert "proxy-password" not in f"{error.message} {error.hint} {work.said}"


def test_a_server_on_this_machine_is_reached_without_a_proxy(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a plain http server must not travel to the proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with work.reader() as reader:
        assert reader.registry_names()


# Writing -------------------------------------------------------------------------------------------------------------


def perform(work: Work, action: a.Action) -> Outcome:
    with work.writer() as writer:
        return writer.perform([action])[0]


def version(work: Work, ref: SourceRef) -> Version:
    with work.reader() as reader:
        found = reader.resolve([ref])[ref]
    assert isinstance(found, Version)
    return found


def test_linking_another_type_says_what_to_do(work: Work) -> None:
    rows = version(work, SourceRef("acme-ml", "fraud", "rows", "v0"))
    outcome = perform(work, a.LinkVersion("model", "detector", rows, None))
    assert outcome.status is Status.FAILED and "type" in (outcome.message or "")
    assert "a collection has one type, which never changes" in (outcome.hint or "")


def test_a_member_who_moves_a_protected_alias_is_told_who_may(
    work: Work, between: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = everything(between.file).registries["first name"]  # type: ignore[attr-defined]
    assert links is not None
    model = everything(between.file).registries["model"].collections["detector"].links  # type: ignore[attr-defined]
    as_user("carol", monkeypatch)
    outcome = perform(work, a.SetAlias("model", "detector", "production", model[0], 0, model[1], 1))
    assert outcome.status is Status.FAILED and not outcome.fatal
    assert "production" in (outcome.message or "")
    assert "only admins of registry model" in (outcome.hint or "")


def test_a_key_that_may_not_write_is_told_about_its_role(
    work: Work, between: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user("bob", monkeypatch)
    live = everything(between.file).registries["model"]  # type: ignore[attr-defined]
    outcome = perform(
        work, a.UpdateRegistry("model", live.description, live.description, live.visibility, Visibility.RESTRICTED)
    )
    assert outcome.status is Status.FAILED and "regsync doctor" in (outcome.hint or "")


def test_a_member_that_does_not_exist(work: Work) -> None:
    outcome = perform(work, a.SetMember("model", "nobody", None, Role.MEMBER))
    assert outcome.status is Status.FAILED and "there is no user 'nobody'" in (outcome.message or "")
    outcome = perform(work, a.SetMember("model", "team:nothing", None, Role.MEMBER))
    assert outcome.status is Status.FAILED and "there is no team 'nothing'" in (outcome.message or "")


def test_what_moved_since_is_not_overwritten(work: Work, between: Relay) -> None:
    links = everything(between.file).registries["model"].collections["detector"].links  # type: ignore[attr-defined]
    outcome = perform(work, a.SetAlias("model", "detector", "staging", links[0], 0, links[2], 2))
    assert outcome.status is Status.FAILED and outcome.stale and "it points at v1" in (outcome.message or "")
    assert not any(request.writes for request in between.requests)


def test_what_is_there_already_is_not_sent(work: Work, between: Relay) -> None:
    """Adding an alias is an automation trigger, so one that is in place is never added again."""
    links = everything(between.file).registries["model"].collections["detector"].links  # type: ignore[attr-defined]
    outcome = perform(work, a.SetAlias("model", "detector", "staging", links[0], 0, links[1], 1))
    assert outcome.status is Status.SKIPPED
    assert not any(request.writes for request in between.requests)


def test_a_link_whose_source_was_deleted_is_read_and_can_lose_its_aliases(tmp_path: Path) -> None:
    file = write_world(tmp_path / "registry.db", SEED)
    store = open_store(file)
    with store.write() as tx:
        artifacts.delete(tx, artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "detector", "v1")))
    store.close()
    with served(file) as server:
        work = Work(tmp_path, server)
        with work.reader() as reader:
            detector = reader.observe(SCOPE).registries["model"].collections["detector"]
            gone = reader.resolve([SourceRef("acme-ml", "fraud", "detector", "v1")])
        assert sorted(detector.links) == [0, 1, 2] and detector.aliases["staging"] == 1
        assert "deleted" in str(gone) or "does not exist" in str(gone)
        moved = perform(work, a.SetAlias("model", "detector", "staging", detector.links[1], 1, detector.links[2], 2))
        assert moved.status is Status.DONE
        with LocalReader(file, "acme") as local:
            assert local.observe(SCOPE).registries["model"].collections["detector"].aliases["staging"] == 2


# The client that only reads ------------------------------------------------------------------------------------------


def test_the_client_for_planning_cannot_send_a_mutation(work: Work, between: Relay) -> None:
    with work.reader() as reader:
        assert not hasattr(reader, "perform") and not hasattr(reader.client, "write")
        with pytest.raises(ReadingOnlyError):
            reader.client.read("mutation M { deleteModel(input: {id: 1}) { success } }", {}, "a test")
    assert between.requests == []


@pytest.mark.parametrize(
    "document",
    [
        "mutation{a}",
        "query A { a } mutation B { b }",
        "fragment F on T { a }\n\tmutation B { b }",
        '# comment with "quote\nmutation { a }',
        'query A($a: String = "}") { a } mutation { b }',
        'query A { a(b: """ { \\""" """) } mutation { b }',
        "subscription { a }",
        "\ufeffmutation { a }",
        "query A{a},mutation{b}",
    ],
)
def test_a_mutation_is_seen_wherever_it_hides(document: str) -> None:
    assert not only_reads(document)


@pytest.mark.parametrize(
    "document",
    ["{ mutation }", "query A { mutation { mutation } }", 'query A { a(b: "mutation { c }") }', "# mutation\n{ a }"],
)
def test_the_word_alone_is_no_mutation(document: str) -> None:
    assert only_reads(document)
