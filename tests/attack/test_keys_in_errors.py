"""Attacks on keys: whatever a server sends back, no key is shown, in no usual form, in no large part."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsync import hiding

KEY = "0b7d3f5a9c1e2846ab90cd12ef34ab56cd78ef90"

FORMS = {
    "as it is": KEY,
    "capital letters": KEY.upper(),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 behind api:": base64.b64encode(f"api:{KEY}".encode()).decode(),
    "base64 behind one letter": base64.b64encode(f"x{KEY}yz".encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(f"xy{KEY}".encode()).decode(),
    "base32": base64.b32encode(f"api:{KEY}".encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "hexadecimal with colons": KEY.encode().hex(":"),
    "percent signs": "".join(f"%{ord(each):02X}" for each in KEY),
    "JSON escapes": "".join(f"\\u{ord(each):04x}" for each in KEY),
    "string escapes": "".join(f"\\x{ord(each):02x}" for each in KEY),
    "HTML": "".join(f"&#{ord(each)};" for each in KEY),
    "HTML hexadecimal": "".join(f"&#x{ord(each):x};" for each in KEY),
    "a line a piece": "\n".join(KEY[at : at + 4] for at in range(0, 40, 4)),
    "letter by letter": " ".join(KEY),
    "backwards": KEY[::-1],
    "in an address": quote(f"//u:{KEY}@h/"),
    "two halves": f"{KEY[:20]} and then {KEY[20:]}",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_6_no_usual_form_of_a_key_comes_through(form: str) -> None:
    hiding.remember(KEY)
    shown = hiding.hide(f"bad request: Authorization {form} is not known")
    assert hiding.HIDDEN in shown
    assert longest_part(form, shown) < 12
    assert shown.startswith("bad request: Authorization ")
    assert shown.endswith(" is not known")


def test_6_a_key_that_is_cut_does_not_come_through() -> None:
    hiding.remember(KEY)
    assert KEY[:16] not in hiding.hide(f"bad key: {KEY[:-1]}")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz .,:", max_size=200))
def test_other_text_stays(text: str) -> None:
    hiding.remember(KEY)
    assert hiding.hide(text) == text


def longest_part(whole: str, shown: str) -> int:
    """How many characters of `whole` stand in `shown` in one piece."""
    sizes = range(1, len(whole) + 1)
    return max(
        (size for size in sizes if any(whole[at : at + size] in shown for at in range(len(whole) - size + 1))),
        default=0,
    )
