"""JSON as strangers send it: read strictly, so that whatever is kept can be written and searched again. And JSON as they get it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson
from starlette.responses import JSONResponse

from regsync.local.store.errors import Invalid

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Answered(JSONResponse):
    """An answer in JSON. orjson writes a page of links in a tenth of the time that the standard library takes."""

    def render(self, content: Any) -> bytes:
        try:
            return orjson.dumps(content)
        except TypeError:  # It writes no whole numbers of more than 64 bits.
            return super().render(content)


def read(text: str | bytes | bytearray, what: str) -> Any:
    """The value of a JSON document. `what` begins the error: "<what> is not JSON". Raises `Invalid`.

    `NaN` and the infinities, which JSON does not have and the client sends, are kept as text, as W&B shows them. Text
    that is no Unicode (half of a surrogate pair) is refused: neither the registry file nor an answer could hold it.
    """
    try:
        written = text if isinstance(text, str) else bytes(text).decode("utf-8-sig")
        value = _DECODER.decode(written)
        if _SURROGATE.search(written):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{what} is not JSON: {str(error)[:200] or 'nested too deeply'}") from error
    return value


def read_object(text: str | bytes | bytearray | None, what: str) -> dict[str, Any]:
    """A JSON object that was sent as text; an empty one where nothing was. Raises `Invalid`."""
    value = read(text or "{}", what)
    if not isinstance(value, dict):
        raise Invalid(f"{what} is not a JSON object")
    return value


def _number(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else str(number).replace("inf", "Infinity")


_DECODER = json.JSONDecoder(parse_constant=str, parse_float=_number)
