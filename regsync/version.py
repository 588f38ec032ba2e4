"""The version of regsync; plans and receipts name it."""

__version__ = "0.1.0"
