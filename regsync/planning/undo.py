"""The plan that takes back what a receipt says was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regsync.backends.base import Status
from regsync.core.desired import Consents, Desired
from regsync.core.fingerprint import scope_fingerprints
from regsync.core.order import number_off
from regsync.core.plan import ManifestInfo, Plan, Selection
from regsync.core.planner import Inputs, make_undo_plan
from regsync.core.scope import scope_of_actions
from regsync.core.staleness import check_destination
from regsync.core.undo import undo_of
from regsync.execution.receipt import decode_receipt, decode_receipt_operations
from regsync.planning.evidence import gather
from regsync.stages import one_by_one

if TYPE_CHECKING:
    from regsync.backends.base import Reader


def plan_undo(document: Any, reader: Reader, allow: Consents) -> Plan:
    """The plan that takes back what a receipt says was done, as far as that is possible now.

    Raises `RegsyncError` (no receipt, or malformed), `StalePlanError` (changed by hand, or of another destination) and
    `BackendError`.
    """
    receipt = decode_receipt(document)
    operations = [operation for operation, status in decode_receipt_operations(document) if status is Status.DONE]
    destination = reader.destination()
    check_destination(receipt.destination, destination, "receipt")
    scope = scope_of_actions(operation.action for operation in operations)
    live = reader.observe(scope, exactly=True)
    selection = Selection(allow=allow)
    inputs = Inputs(
        desired=Desired(organization=destination.organization, registries={}),
        live=live,
        scope=scope,
        resolved={},
        destination=destination,
        manifest=ManifestInfo(receipt.manifest_digest, (), receipt.commit),
        fingerprints=scope_fingerprints(live.registries, scope),
        manages_protected=reader.capabilities.manages_protected_aliases,
        selection=selection,
    )
    undo = undo_of(operations, live, destination.user, one_by_one)
    evidence = gather(number_off(undo.drafts), inputs.desired, reader.describe)
    return make_undo_plan(inputs, undo, receipt.digest, evidence, one_by_one)
