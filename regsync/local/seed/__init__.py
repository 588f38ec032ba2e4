"""Worlds from YAML: a seed `document`, its `reader`, and `planting` it into a registry file."""
