"""What a user of the registry does, written with the `wandb` package alone. Each file runs as a process of its own.

They import nothing of regsync: the older client's environment does not have it.
"""
