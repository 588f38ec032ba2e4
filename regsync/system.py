"""What differs from one operating system to the next."""

from __future__ import annotations

import os

READ_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    READ_FLAGS |= getattr(os, _flag, 0)
"""For opening what may be a pipe or a device, and is checked before it is read. Not every system has each flag, or needs it."""
