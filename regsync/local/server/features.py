"""What this server tells clients that it can do.

The client's own list is `wandb.proto.wandb_internal_pb2.ServerFeature` (0.31). Only what is true is named here, so that
the client keeps to its older ways for the rest.
"""

from __future__ import annotations

FEATURES = (
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "ARTIFACT_REGISTRY_SEARCH",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
    "ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID",
    "ARTIFACT_DIGEST_ALGORITHM",
    "LARGE_FILENAMES",
    "MARK_RUN_FILES_UPLOADED",
    # regsync's own: what its `wandb` backend asks of this server and W&B does not offer.
    "REGSYNC_PROTECTED_ALIASES",
    "REGSYNC_NEXT_VERSION_INDEX",
    "REGSYNC_INSTANCE_ID",
)

INSTANCE = "REGSYNC_INSTANCE="
"""One more feature, which has the instance's id behind it: who asks for features need not ask for that."""

OLDEST_CLIENT, NEWEST_CLIENT = "0.20.0", "0.99.0"
"""The range of `wandb` versions that this server says it takes. Tested: see `tests/interop/`."""

SERVER_VERSION = "0.79.0"
"""The version of W&B's own server that the features amount to, for clients that ask by version."""
