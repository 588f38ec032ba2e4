"""`python -m regsync`: the same as the command `regsync`."""

from regsync.commands import main

main()
