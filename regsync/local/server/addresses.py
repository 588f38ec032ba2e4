"""Addresses of file contents that need no key: the client sends none to the address of an upload or a download.

Each one is signed, says what it is for, and expires. The secret lives as long as the server process, so an address of
an earlier process is refused like an expired one, and the client asks for another.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeTimedSerializer

from regsync.local.store.errors import Forbidden
from regsync.slots import dataclass

LIFETIME = 3600
"""Seconds that an address is good for."""


class Purpose(StrEnum):
    """What may be done at an address."""

    DOWNLOAD = "content"
    UPLOAD = "upload"


class Signer:
    """Makes and checks the signed part of addresses, for one server process."""

    def __init__(self, secret: str | None = None, lifetime: int = LIFETIME) -> None:
        key = secret or secrets.token_hex(32)
        self._lifetime = lifetime
        self._serializers = {purpose: URLSafeTimedSerializer(key, salt=purpose) for purpose in Purpose}

    def sign(self, purpose: Purpose, claim: dict[str, Any]) -> str:
        """The token that grants `claim`."""
        return str(self._serializers[purpose].dumps(claim))

    def check(self, purpose: Purpose, token: str) -> dict[str, Any]:
        """What a token grants. Raises `Forbidden` for one that is made up, for another purpose, or expired."""
        try:
            claim = self._serializers[purpose].loads(token, max_age=self._lifetime)
        except BadSignature as error:
            raise Forbidden("this address is not valid, or not any more; ask the API for another one") from error
        granted: dict[str, Any] = claim
        return granted


@dataclass(frozen=True, slots=True)
class Addresses:
    """Makes addresses below the base URL that the client itself used for its request."""

    base_url: str
    signer: Signer

    def download(self, user_id: int | None, shown: str, **claim: Any) -> str:
        """Where that user can get content from. `claim` says which, for `transfer.py`; `shown` is for the reader only."""
        token = self.signer.sign(Purpose.DOWNLOAD, {"user": user_id, **claim})
        return f"{self.base_url}/{Purpose.DOWNLOAD}/{token}/{quote(shown)}"

    def upload(self, user_id: int | None, **claim: Any) -> str:
        """Where content can be put by that user. `claim` says what it is, for `transfer.py`."""
        return f"{self.base_url}/{Purpose.UPLOAD}/{self.signer.sign(Purpose.UPLOAD, {'user': user_id, **claim})}"
