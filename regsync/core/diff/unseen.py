"""What the key cannot see: nothing is deleted unseen, and where everything unlisted is to go, all of it has to be seen."""

from __future__ import annotations

from regsync.core.desired import DesiredCollection, Kind
from regsync.core.diff.context import Findings
from regsync.core.live import LiveCollection, LiveRegistry
from regsync.diagnostics import Position, counted
from regsync.names import Address

_BETTER_KEY = "use a key that sees all of it"


def may_delete(address: Address, live: LiveRegistry | LiveCollection, position: Position, findings: Findings) -> bool:
    """Whether all that would go with it has been seen; an error is recorded where it has not."""
    inside: list[LiveRegistry | LiveCollection] = [live]
    if isinstance(live, LiveRegistry):
        inside += live.collections.values()
    hidden = sum(each.unseen or 0 for each in inside)
    unproven = any(each.unseen is None for each in inside)
    if hidden:
        findings.error(
            "not-all-shown",
            f"{address} holds {counted(hidden, 'thing')} that this key cannot see, and nothing is deleted unseen",
            position,
            f"{_BETTER_KEY}, or leave {address} as it is",
        )
    elif unproven:
        _not_proven(address, position, findings, "delete it in the web app, once you have looked at all that it holds")
    return not hidden and not unproven


def may_remove_unlisted(
    address: Address, live: LiveRegistry | LiveCollection, kind: Kind, position: Position, findings: Findings
) -> bool:
    """Whether everything of that kind has been seen, so that what is not listed is known; an error is recorded where it has not."""
    if live.unseen:
        what = "collection" if isinstance(live, LiveRegistry) else "thing"
        findings.error(
            "not-all-shown",
            f"{address} holds {counted(live.unseen, what)} that this key cannot see, so it cannot be told which {kind} are not listed",
            position,
            f"{_BETTER_KEY}, or name what is to go as `absent`, in place of `unlisted: {{{kind}: remove}}`",
        )
    elif live.unseen is None:
        _not_proven(
            address, position, findings, f"name what is to go as `absent`, in place of `unlisted: {{{kind}: remove}}`"
        )
    return live.unseen == 0


def note_absent_unseen(wanted: DesiredCollection, live: LiveCollection, address: Address, findings: Findings) -> None:
    """Warn that what is declared absent, and does not show, may be among what the key cannot see."""
    if not live.unseen:
        return
    aliases = [
        alias for alias, item in (wanted.aliases or {}).items() if item.ref is None and alias not in live.aliases
    ]
    versions = [str(item.ref) for item in wanted.versions or () if item.absent]
    if aliases or versions:
        findings.warn(
            "not-all-shown",
            f"{address} holds {counted(live.unseen, 'thing')} that this key cannot see; "
            f"{', '.join([*aliases, *versions])}, declared absent, may be among them",
            wanted.origin,
            _BETTER_KEY,
        )


def _not_proven(address: Address, position: Position, findings: Findings, hint: str) -> None:
    findings.error(
        "list-not-proven",
        f"this server lists what {address} holds by search only, and a search may leave something out",
        position,
        hint,
    )
