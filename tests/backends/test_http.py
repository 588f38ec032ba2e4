"""What the environment says about proxies and certificates: it is followed, or an error names the variable."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import certifi
import httpx
import pytest

from regsync.backends.base import BackendError
from regsync.backends.http import http_client, is_excepted, proxy_for
from regsync.forge.base import ForgeError
from regsync.forge.http import Client, Token

URL = "https://wandb.example.com"
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.lower().endswith("_proxy") or name in VARIABLES:
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("entries", "excepted", "not_excepted"),
    [
        ("localhost,127.0.0.1,10.0.0.0/8,fd00::/8", ["10.1.2.3", "fd00::1"], ["11.1.2.3", "fe80::1", "example.com"]),
        ("[::1], [fd00::]/8 , ::ffff:0:0/96", ["::1"], ["::2", "example.com"]),
        (".corp.example *.lab.example", ["a.corp.example", "corp.example", "x.lab.example"], ["mycorp.example"]),
        ("corp.example", ["corp.example", "a.b.corp.example"], ["notcorp.example"]),
        ("corp.example:8443,10.0.0.1:443", ["10.0.0.1"], ["corp.example", "10.0.0.2"]),
        ("http://corp.example,https://lab.example:443/x", ["corp.example", "lab.example"], ["other.example"]),
        (
            "corp.example. .lab.example.",
            ["corp.example", "corp.example.", "x.lab.example"],
            ["corp.exampl", "example."],
        ),
        ("fe80::/10", ["fe80::1%eth0"], ["fd00::1%eth0"]),
        (",, ://,[,/,*.,10.0.0.0/99,:::::, é", [], ["example.com", "10.0.0.1", "::1"]),
        ("*", ["example.com", "10.0.0.1"], []),
    ],
)
def test_no_proxy(entries: str, excepted: list[str], not_excepted: list[str]) -> None:
    assert [is_excepted(host, 443, entries) for host in excepted] == [True] * len(excepted)
    assert [is_excepted(host, 443, entries) for host in not_excepted] == [False] * len(not_excepted)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value", ["http://proxy.example:3128", "proxy.example:3128", " http://user:pw@proxy.example:3128 "]
)
def test_proxies_of_every_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    found = proxy_for(URL)
    assert found is not None and found.url.host == "proxy.example" and found.url.port == 3128
    monkeypatch.setenv("NO_PROXY", "fd00::/8,example.com")
    assert proxy_for(URL) is None
    assert proxy_for("http://127.0.0.1:8080") is None, "a key of plain http must not travel to a proxy"


def test_the_proxy_of_the_other_scheme_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert proxy_for(URL) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("http://", "HTTPS_PROXY is not the address of a proxy"),
        ("http://:3128", "HTTPS_PROXY is not the address of a proxy"),
        ("http://user:secret-password@host:port", "HTTPS_PROXY is not the address of a proxy"),
        ("http://[::1", "HTTPS_PROXY is not the address of a proxy"),
        ("ftp://proxy.example", "of the kind ftp"),
        ("socks4://proxy.example:1080", "of the kind socks4"),
        ("socks5://proxy.example:1080", "the package for it is not installed"),
    ],
)
def test_proxies_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    """In the backend and in the forge alike."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(BackendError, match=says) as raised:
        http_client(URL)
    with pytest.raises(ForgeError, match=says) as also:
        Client("GitHub", "https://api.github.com", "x", Token("T", "Authorization", "x", advice=""), {})
    for error in (raised.value, also.value):
        assert error.hint and error.code == "connection-setup"
        assert "secret-password" not in f"{error.message}{error.hint}"


# Certificates --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server on this machine with a certificate of its own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2"]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *names],
        cwd=folder,
        check=True,
        capture_output=True,
    )

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}", folder / "cert.pem"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_the_environment(
    certified: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    url, certificate = certified
    with pytest.raises(httpx.ConnectError, match="self-signed"), http_client(url) as client:
        client.get("/")
    monkeypatch.setenv(name, str(certificate))
    with http_client(url) as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_file_and_a_folder_of_certificates_add_up(
    certified: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As OpenSSL has it: an image that sets SSL_CERT_DIR for the public authorities does not take away what a user names."""
    url, certificate = certified
    monkeypatch.setenv(name, str(certificate))
    for folder in (str(tmp_path), f"/nowhere{os.pathsep}{tmp_path}", "/nowhere"):
        monkeypatch.setenv("SSL_CERT_DIR", folder)
        with http_client(url) as client:
            assert client.get("/").status_code == 200


def test_a_folder_of_certificates_counts_beside_a_file(
    certified: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = certified
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    shutil.copy(certificate, tmp_path / f"{name}.0")
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with http_client(url) as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_certificates_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/nowhere.pem")
    for url in (URL, "https://localhost:1"):
        with pytest.raises(BackendError, match=f"{name} names .*/nowhere.pem"):
            http_client(url)
    http_client("http://127.0.0.1:1").close()
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    if name != "SSL_CERT_DIR":
        monkeypatch.setenv(name, str(empty))
        with pytest.raises(BackendError, match=f"{name} names a file without certificates"):
            http_client(URL)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", None])
def test_a_file_for_keys_that_cannot_be_written_is_not_blamed_on_certificates(
    certified: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    if name:
        monkeypatch.setenv(name, str(certified[1]))
    monkeypatch.setenv("SSLKEYLOGFILE", "/nowhere/keys.log")
    with pytest.raises(BackendError, match="certificates cannot be set up") as raised:
        http_client(URL)
    assert raised.value.hint == "correct SSLKEYLOGFILE, or unset it"
