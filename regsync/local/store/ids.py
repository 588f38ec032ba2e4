"""Opaque ids as W&B's GraphQL API has them: base64 of `Kind:number`.

The number is the row's integer key, which SQLite hands out in order and never reuses. So the same calls on a new
registry file give the same ids, and an id never comes to mean another thing.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from enum import StrEnum

from regsync.local.store.errors import Invalid


class Kind(StrEnum):
    """What an id points at, in W&B's words. A team's and an organization's own namespace are both `Entity`."""

    ORGANIZATION = "Organization"
    ENTITY = "Entity"
    USER = "User"
    PROJECT = "Project"
    RUN = "Run"
    ARTIFACT_TYPE = "ArtifactType"
    COLLECTION = "ArtifactCollection"
    ARTIFACT = "Artifact"
    MEMBERSHIP = "ArtifactCollectionMembership"
    ALIAS = "ArtifactAlias"
    TAG = "Tag"
    FILE = "File"
    ACTION = "ArtifactCollectionAction"
    API_KEY = "ApiKey"
    FIRST_KEY = "FirstApiKey"
    RUN_QUEUE = "RunQueue"
    RUN_QUEUE_ITEM = "RunQueueItem"
    RESOURCE_CONFIG = "DefaultResourceConfig"
    LAUNCH_AGENT = "LaunchAgent"


def encode(kind: Kind, key: int | str) -> str:
    """The global id of a row.

    >>> encode(Kind.ARTIFACT, 12)
    'QXJ0aWZhY3Q6MTI='
    """
    return binascii.b2a_base64(f"{kind}:{key}".encode(), newline=False).decode()


def encoder(kind: Kind) -> Callable[[int], str]:
    """`encode` for many rows of one kind."""
    template, base64 = f"{kind}:%d".encode(), binascii.b2a_base64
    return lambda key: base64(template % key, newline=False).decode()


def decode(text: str, kind: Kind) -> int:
    """The integer key in a global id of that kind. Raises `Invalid` for anything else.

    >>> decode('QXJ0aWZhY3Q6MTI=', Kind.ARTIFACT)
    12
    """
    try:
        found, _, key = b64decode(text, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        found, key = "", ""
    if found != kind or not (key.isascii() and key.isdigit()) or len(key) > 18:
        raise Invalid(f"{text!r} is not the id of a {kind}")
    return int(key)


def decode_run_file(text: str) -> tuple[int, str]:
    """The run's integer key and the name in the global id of a run's file. Raises `Invalid` for anything else."""
    try:
        place, _, name = b64decode(text, validate=True).decode().removeprefix(f"{Kind.FILE}:run/").partition("/")
    except ValueError:
        place, name = "", ""
    if not (place.isascii() and place.isdigit()) or len(place) > 18 or not name:
        raise Invalid(f"{text!r} is not the id of a run's file")
    return int(place), name
