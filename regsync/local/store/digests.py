"""Digests as the W&B client computes them, so that both sides agree on which content is the same.

Source: `wandb/sdk/artifacts/artifact_manifests/artifact_manifest_v1.py` and `wandb/sdk/lib/hashutil.py`, 0.31.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable

from regsync.names import Digest

_HEADER = b"wandb-artifact-manifest-v1\n"


def entry_digest(md5_hex: str) -> str:
    """An MD5 as a manifest entry writes it: base64 instead of hex.

    >>> entry_digest('d41d8cd98f00b204e9800998ecf8427e')
    '1B2M2Y8AsgTpgAmY7PhCfg=='
    """
    return b64encode(bytes.fromhex(md5_hex)).decode("ascii")


def manifest_digest(entries: Iterable[tuple[str, str]]) -> Digest:
    """The digest of an artifact version, from `(path, entry digest)` of its files. Their order does not matter."""
    hasher = hashlib.md5(_HEADER, usedforsecurity=False)
    for path, digest in sorted(entries):
        hasher.update(f"{path}:{digest}\n".encode())
    return Digest(hasher.hexdigest())
