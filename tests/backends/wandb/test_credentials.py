"""Where the key comes from, where it may go, and that it is shown nowhere."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from base64 import b64encode
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import httpx
import pytest

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection.credentials import find_credentials
from regsync.backends.wandb.connection.transport import ReadOnlyClient
from regsync.backends.wandb.connection.url import base_url, is_default, key_page
from regsync.hiding import hide
from tests.backends.wandb.wire import Response, relay
from tests.backends.wandb.worlds import KEYS, PEOPLE, QUICK, Work, served, write_world

KEY = "k" * 44
URL = "https://wandb.example.com"


def client(url: str) -> ReadOnlyClient:
    return ReadOnlyClient(url, find_credentials(url), QUICK, lambda _: None)


def used_key(url: str) -> str:
    """The key that a request to that server would carry."""
    request = client(url)._http.build_request("POST", "/graphql")
    flow = find_credentials(url).auth.sync_auth_flow(request)
    return next(flow).headers["authorization"]


def basic(key: str) -> str:
    return "Basic " + b64encode(f"api:{key}".encode()).decode()


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "netrc"
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("NETRC", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return path


def entry(machine: str, key: str) -> str:
    """What `wandb login` writes, as in the files that it wrote (`netrc/`)."""
    return f"machine {machine}\n  login user\n  password {key}\n"


WRITTEN = Path(__file__).parent / "netrc"
"""Files that the logins of real clients left, each named after the releases that wrote it, in their order."""
ONE_LOGIN, EARLIER_LOGIN = "0123456789abcdef0123456789abcdef01234567", "OTHER6789abcdef01234456789abcdef01234567"


@pytest.mark.parametrize("release", ["0.23.1", "0.29.0", "0.30.0", "0.31.0"])
def test_the_key_of_a_real_login_is_found_under_both_names(netrc: Path, release: str) -> None:
    shutil.copy(WRITTEN / f"wandb-{release}.netrc", netrc)
    machine = "api.forge.coreweave.com" if release == "0.31.0" else "api.wandb.ai"
    assert netrc.read_text() == entry(machine, ONE_LOGIN)
    for server in ("https://api.wandb.ai", "https://api.forge.coreweave.com"):
        assert used_key(server) == basic(ONE_LOGIN)


@pytest.mark.parametrize("first", ["0.23.1", "0.31.0"])
def test_of_two_real_logins_the_one_for_the_server_is_taken_in_whatever_order_they_were_made(
    netrc: Path, first: str
) -> None:
    second = "0.31.0" if first == "0.23.1" else "0.23.1"
    shutil.copy(WRITTEN / f"wandb-{first}-then-{second}.netrc", netrc)
    new, old = "https://api.forge.coreweave.com", "https://api.wandb.ai"
    key = {first: EARLIER_LOGIN, second: ONE_LOGIN}
    assert (used_key(old), used_key(new)) == (basic(key["0.23.1"]), basic(key["0.31.0"]))


@pytest.mark.parametrize("machine", ["api.wandb.ai", "api.forge.coreweave.com"])
@pytest.mark.parametrize("server", ["https://api.wandb.ai", "https://api.forge.coreweave.com"])
def test_the_public_cloud_has_two_names(netrc: Path, machine: str, server: str) -> None:
    netrc.write_text(entry(machine, KEY))
    assert used_key(server) == basic(KEY)
    both = entry("api.wandb.ai", KEYS["alice"]) + entry("api.forge.coreweave.com", KEYS["bob"])
    netrc.write_text(both)
    assert used_key(server) == basic(KEYS["alice" if "wandb.ai" in server else "bob"]), "the one that was asked for"


@pytest.mark.parametrize(
    ("release", "taken"),
    [("0.23.0", "alice"), ("0.29.0", "alice"), ("0.30.0", "alice"), ("0.31.0", "bob"), ("1.2", "bob"), (None, "bob")],
)
def test_where_nobody_chose_the_installed_client_does(
    netrc: Path, monkeypatch: pytest.MonkeyPatch, release: str | None, taken: str
) -> None:
    def version(name: str) -> str:
        if release is None:
            raise metadata.PackageNotFoundError(name)
        return release

    monkeypatch.setattr(metadata, "version", version)
    netrc.write_text(entry("api.wandb.ai", KEYS["alice"]) + entry("api.forge.coreweave.com", KEYS["bob"]))
    request = httpx.Request("POST", "https://api.wandb.ai/graphql")
    used = next(find_credentials("https://api.wandb.ai", is_default=True).auth.sync_auth_flow(request))
    assert used.headers["Authorization"] == basic(KEYS[taken])


def test_the_server_that_the_client_was_told_to_use(
    netrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / ".config/wandb/settings"
    settings.parent.mkdir(parents=True)
    settings.write_text("[default]\nbase_url = https://wandb.corp.example\n")
    assert base_url(None) == "https://wandb.corp.example" and not is_default(None)
    assert base_url(URL) == URL
    with pytest.raises(BackendError, match=r"no API key for wandb\.example\.com") as raised:
        find_credentials(URL)
    assert f"--host {URL}" in str(raised.value.hint) and "settings says https://wandb.corp.exam" in str(
        raised.value.hint
    )
    monkeypatch.setenv("WANDB_BASE_URL", "https://other.example")
    assert base_url(None) == "https://other.example"
    monkeypatch.delenv("WANDB_BASE_URL")
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "elsewhere"))
    assert base_url(None) == "https://api.wandb.ai" and is_default(None)
    monkeypatch.delenv("WANDB_CONFIG_DIR")
    settings.write_text("[default]\nbase_url = https://wandb.ai\n")
    with pytest.raises(BackendError, match=r"settings: wandb\.ai is the web app"):
        base_url(None)
    settings.write_text("base_url = x\n")
    with pytest.raises(BackendError, match="not in the format of settings"):
        base_url(None)


def test_settings_in_the_working_folder_choose_no_server(
    netrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client reads them; a stranger's pull request may hold them, and they would decide where the key goes."""
    (tmp_path / "repository/wandb").mkdir(parents=True)
    (tmp_path / "repository/wandb/settings").write_text("[default]\nbase_url = https://evil.example\n")
    monkeypatch.chdir(tmp_path / "repository")
    assert base_url(None) == "https://api.wandb.ai"


def test_the_environment_comes_first(netrc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc.write_text(f"machine wandb.example.com login user password {KEY}\n")
    assert used_key(URL) == basic(KEY)
    monkeypatch.setenv("WANDB_API_KEY", f" {KEYS['bob']}\n")
    assert used_key(URL) == basic(KEYS["bob"])


@pytest.mark.parametrize("machine", ["localhost", "localhost:8080"])
def test_netrc_is_found_by_host_and_by_host_and_port(netrc: Path, machine: str) -> None:
    netrc.write_text(f"machine {machine} login user password {KEY}\n")
    assert used_key("http://localhost:8080") == basic(KEY)


@pytest.mark.parametrize(
    ("machine", "asked"),
    [
        ("Wandb.Example.com", "https://wandb.example.com"),
        ("wandb.example.com:443", "https://wandb.example.com"),
        ("WANDB.example.com:8443", "https://wandb.example.com:8443"),
        ("wandb.example.com.", "https://wandb.example.com"),
        ("localhost:80", "http://LOCALHOST"),
        ("[FD00::1]:443", "https://[fd00::1]"),
    ],
)
def test_what_a_login_wrote_is_found_however_the_address_was_typed(netrc: Path, machine: str, asked: str) -> None:
    """The client writes the host and port as they stand in `wandb login --host`."""
    netrc.write_text(entry(machine, KEY))
    assert find_credentials(base_url(asked)).source.startswith("netrc")


def test_an_entry_for_another_port_is_not_taken(netrc: Path) -> None:
    netrc.write_text(entry("wandb.example.com:8443", KEY) + entry("wandb.example.com:80", KEY))
    with pytest.raises(BackendError, match=r"no API key for wandb\.example\.com"):
        find_credentials("https://wandb.example.com")


def test_netrc_in_the_home_folder(netrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETRC")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text(f"machine api.wandb.ai login user password {KEY}\n")
    assert used_key("https://api.wandb.ai") == basic(KEY)


@pytest.mark.parametrize(
    "text", ["", f"machine other.example.com login user password {KEY}\n", f"default login user password {KEY}\n"]
)
def test_a_key_for_another_host_is_never_used(netrc: Path, text: str) -> None:
    netrc.write_text(text)
    with pytest.raises(BackendError, match=r"no API key for wandb\.example\.com") as raised:
        find_credentials(URL)
    assert "WANDB_API_KEY" in (raised.value.hint or "")


def test_a_broken_netrc_is_told_without_its_content(netrc: Path) -> None:
    netrc.write_text(f"machine wandb.example.com login user passwort {KEY}\n")
    with pytest.raises(BackendError, match="line 1 is not netrc's format") as raised:
        find_credentials(URL)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("key", ["a b", "kéy", "a\x00b", "a\nb", "a\r\nX-Header: b"])
def test_what_cannot_be_a_key_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    if "\x00" in key:
        return  # No environment variable can hold it.
    monkeypatch.setenv("WANDB_API_KEY", key)
    with pytest.raises(BackendError, match="cannot be an API key") as raised:
        find_credentials(URL)
    assert key not in str(raised.value)


def test_nothing_of_a_client_shows_the_key(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    file = write_world(tmp_path / "registry.db", PEOPLE)
    caplog.set_level(logging.DEBUG)
    with served(file) as server:
        work = Work(tmp_path, server)
        with work.reader() as reader:
            reader.registry_names()
            shown = f"{reader!r} {reader.client!r} {reader.client.credentials!r} {reader.client.credentials.auth!r}"
            shown += f"{vars(reader.client)}"
    assert "HTTP 200" in caplog.text
    for secret in (KEYS["alice"], basic(KEYS["alice"])):
        assert secret not in shown + caplog.text


# Where it may go -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        (None, "https://api.wandb.ai"),
        ("https://Wandb.Example.com/", "https://wandb.example.com"),
        ("https://wandb.example.com:443/path/", "https://wandb.example.com/path"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:99/", "http://[::1]:99"),
        ("http://localhost.:8080", "http://localhost:8080"),
        ("https://api.wandb.ai./graphql", "https://api.wandb.ai"),
        ("https://wandb.example.com/path/graphql/", "https://wandb.example.com/path"),
        ("https://forge.coreweave.com/api/wandb/", "https://api.forge.coreweave.com"),
        ("https://forge.coreweave.com:443/api/wandb", "https://api.forge.coreweave.com"),
    ],
)
def test_one_server_has_one_address(given: str | None, normal: str) -> None:
    assert base_url(given) == normal


def test_the_address_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.com")
    assert base_url(None) == "https://wandb.example.com"
    assert base_url("https://other.example.com") == "https://other.example.com"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://wandb.example.com", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("http://localhost.example.com", "unencrypted"),
        ("http://10.0.0.1:8080", "unencrypted"),
        ("https://user:secret-password@wandb.example.com", "holds a user name or a password"),
        ("https://user@wandb.example.com", "holds a user name or a password"),
        ("wandb.example.com", "is not the address of a server"),
        ("ftp://wandb.example.com", "is not the address of a server"),
        ("file:///etc/passwd", "is not the address of a server"),
        ("https://", "is not the address of a server"),
        ("https://wandb .example.com", "is not the address of a server"),
        ("https://wandb.example.com?x=1", "is not the address of a server"),
        ("https://wandb.example.com:port", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://wandb.ai", "is the web app, not the API"),
        ("https://app.wandb.ai/", "is the web app, not the API"),
        ("https://forge.coreweave.com/wandb", "is the web app, not the API"),
        ("https://forge.coreweave.com:8443/api/wandb", "is the web app, not the API"),
    ],
)
def test_an_address_that_a_key_must_not_go_to(url: str, says: str) -> None:
    with pytest.raises(BackendError, match=says) as raised:
        base_url(url)
    assert raised.value.hint and "secret-password" not in f"{raised.value}{raised.value.hint}"


def test_the_key_follows_no_redirect(tmp_path: Path) -> None:
    file = write_world(tmp_path / "registry.db", PEOPLE)
    with served(file) as server, relay(server) as other, relay(server) as first:
        first.reset(lambda *_: Response(308, b"", {"Location": f"{other.url}/graphql"}))
        with pytest.raises(BackendError, match="sends us elsewhere"), Work(tmp_path, first.url).reader() as reader:
            reader.destination()
        assert len(first.requests) == 1 and other.requests == []


def test_where_users_find_their_key() -> None:
    assert key_page("https://api.wandb.ai") == "https://wandb.ai/authorize"
    assert key_page(URL) == f"{URL}/authorize"


# Identity tokens -----------------------------------------------------------------------------------------------------


class Exchange:
    """A server that exchanges identity tokens, and answers requests that carry the newest access token."""

    def __init__(self) -> None:
        self.granted = 0
        self.accepts = 1
        self.forms: list[str] = []
        self.agents: set[str | None] = set()
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                exchange.agents.add(self.headers["user-agent"])
                if self.path == "/oidc/token":
                    exchange.forms.append(body)
                    exchange.granted += 1
                    self._answer(200, {"access_token": f"access-{exchange.granted}", "expires_in": 3600})
                elif self.headers["authorization"] == f"Bearer access-{exchange.accepts}":
                    self._answer(200, {"data": {"viewer": None}})
                else:
                    self._answer(401, {"errors": [{"message": f"expired {self.headers['authorization']}"}]})

            def _answer(self, status: int, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


def test_an_identity_token_is_exchanged_and_again_when_it_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("identity-token\n")
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("WANDB_IDENTITY_TOKEN_FILE", str(token))
    exchange = Exchange()
    options = replace(QUICK, user_agent="acme-gateway/1")
    reading = ReadOnlyClient(exchange.url, find_credentials(exchange.url), options, lambda _: None)
    try:
        assert reading.read("{ viewer { id } }", {}, "a test") == {"viewer": None}
        assert reading.read("{ viewer { id } }", {}, "a test") == {"viewer": None}
        assert exchange.granted == 1 and "assertion=identity-token" in exchange.forms[0]
        assert exchange.agents == {"acme-gateway/1"}, "the exchange names the same program as what it is for"
        exchange.accepts = 2
        assert reading.read("{ viewer { id } }", {}, "a test") == {"viewer": None}
        exchange.accepts = 9
        with pytest.raises(BackendError, match="does not accept the API key") as raised:
            reading.read("{ viewer { id } }", {}, "a test")
        assert "access-" not in str(raised.value) and "identity-token" not in f"{reading.credentials!r}"
        assert hide("a identity-token b access-2") == "a [hidden] b [hidden]"
    finally:
        reading.close()
        exchange.server.shutdown()
        exchange.server.server_close()


def test_a_token_file_that_is_missing_and_two_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_IDENTITY_TOKEN_FILE", str(tmp_path / "missing"))
    with pytest.raises(BackendError, match="both WANDB_API_KEY and WANDB_IDENTITY_TOKEN_FILE are set"):
        find_credentials(URL)
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(BackendError, match=r"cannot read .*missing"):
        client("http://127.0.0.1:9").read("{ a }", {}, "a test")
