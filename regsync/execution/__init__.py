"""Carrying out a plan: execution, journal, receipt, and the lock of a working copy."""
