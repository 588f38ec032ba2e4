"""`python -m regsync`, and the command `regsync`."""

import gc

# As `run` does; here, so that what it loads is not searched for cycles either.
gc.disable()

from regsync.console.unused import leave_out  # noqa: E402

leave_out()

from regsync.commands import main  # noqa: E402

if __name__ == "__main__":
    main()
