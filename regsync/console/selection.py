"""`--target`, `--exclude`, `--shard` and `--allow`: what part of the manifests a plan covers, and which hazards it may hold."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from regsync.console import completing
from regsync.slots import dataclass

if TYPE_CHECKING:
    from regsync.core.desired import HazardName
    from regsync.core.plan import Selection, Shard
    from regsync.names import Address

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SelectionArguments:
    """The four options as they were written."""

    targets: tuple[str, ...]
    excludes: tuple[str, ...]
    allow: tuple[str, ...]
    shard: str | None = None

    def selection(self) -> Selection:
        """Read them. Raises `click.BadParameter` for what is no address or no hazard."""
        from regsync.core.plan import Selection

        return Selection(
            tuple(address(text, "--target") for text in self.targets),
            tuple(address(text, "--exclude") for text in self.excludes),
            dict(_consent(text) for text in self.allow),
            None if self.shard is None else _shard(self.shard),
        )


def address(text: str, where: str) -> Address:
    """Read an address from the command line. Raises `click.BadParameter`."""
    from regsync.names import parse_address

    try:
        return parse_address(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint=where) from error


def _shard(text: str) -> Shard:
    from regsync.core.plan import parse_shard

    try:
        return parse_shard(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}", param_hint="--shard") from error


def addresses_and_paths(arguments: tuple[str, ...]) -> tuple[tuple[Address, ...], tuple[Path, ...]]:
    """What is on a command line as `[ADDR…] [PATH…]`: what is there as a file or folder, or looks like one, is a path.

    An address with the name of a folder is written `wandb-registry-NAME`. Raises `click.BadParameter`.
    """
    addresses, paths = [], []
    for text in arguments:
        if Path(text).exists() or text.endswith((".yaml", ".yml", "/")) or text.startswith((".", "/", "~")):
            paths.append(Path(text))
        else:
            addresses.append(address(text, "ADDR"))
    return tuple(addresses), tuple(paths)


def _consent(text: str) -> tuple[HazardName, int | None]:
    from regsync.core.desired import HazardName
    from regsync.diagnostics import did_you_mean

    name, equals, number = text.partition("=")
    if name not in list(HazardName):
        hint = did_you_mean(name, [hazard.value for hazard in HazardName]) or f"hazards are {', '.join(HazardName)}"
        raise click.BadParameter(f"there is no hazard {name!r}; {hint}", param_hint="--allow")
    if equals and not re.fullmatch(r"0*[1-9][0-9]{0,11}", number):
        raise click.BadParameter(f"{text!r}: write HAZARD or HAZARD=NUMBER, as in remove-alias=2", param_hint="--allow")
    return HazardName(name), int(number) if equals else None


def _hazards(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    from regsync.core.desired import HazardName

    return [name.value for name in HazardName if name.value.startswith(begun)]


def selection_options(function: Callable[P, R]) -> Callable[..., R]:
    """Give a command the four options; the function gets them as `selection: SelectionArguments`."""

    @click.option(
        "--target",
        "targets",
        metavar="ADDR",
        multiple=True,
        shell_complete=completing.addresses,
        help="Plan only this address. Repeatable.",
    )
    @click.option(
        "--exclude",
        "excludes",
        metavar="ADDR",
        multiple=True,
        shell_complete=completing.addresses,
        help="Leave this address out. Repeatable.",
    )
    @click.option(
        "--shard",
        metavar="I/N",
        help="Plan only part I of N. Registries are shared out by size; all parts together are the whole plan.",
    )
    @click.option(
        "--allow",
        "allow",
        metavar="HAZARD[=N]",
        multiple=True,
        help="Consent to a hazard, at most N of it. Repeatable.",
        shell_complete=_hazards,
    )
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        kwargs["selection"] = SelectionArguments(
            kwargs.pop("targets"),  # type: ignore[arg-type]
            kwargs.pop("excludes"),  # type: ignore[arg-type]
            kwargs.pop("allow"),  # type: ignore[arg-type]
            kwargs.pop("shard"),  # type: ignore[arg-type]
        )
        return function(*args, **kwargs)

    return wrapper
