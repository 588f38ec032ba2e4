"""Terraform-style plan and apply for the W&B Registry."""

__version__ = "0.1.0"
