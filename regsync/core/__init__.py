"""The decisions: Desired × Live → changes → ordered operations → proof → Plan, and the way back.

Pure: no I/O, no clock, no randomness. `planner` is the entry; `tests/test_imports.py` keeps it pure.
"""
