"""`-vv`: a line on stderr for every request that a backend sends."""

from __future__ import annotations

import logging

import click


class _Stderr(logging.Handler):
    """Shows a record as `--verbose` shows lines. What is logged holds no key; see `regsync/backends/wandb/connection/transport.py`."""

    def emit(self, record: logging.LogRecord) -> None:
        from regsync.looks.escape import plain

        click.echo(plain(record.getMessage()), err=True)


def show_requests() -> None:
    """Show what the logger `regsync` gets, from now on."""
    logger = logging.getLogger("regsync")
    logger.setLevel(logging.DEBUG)
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        logger.addHandler(_Stderr())
