"""What may reach a terminal."""

from __future__ import annotations

import unicodedata


def harmless(shown: str) -> None:
    """Raises `AssertionError` where there is anything but what is seen, and line ends."""
    unseen = {each for each in set(shown) - {"\n"} if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    if unseen:
        raise AssertionError(f"{', '.join(sorted(f'U+{ord(each):04X}' for each in unseen))} would reach the terminal")
