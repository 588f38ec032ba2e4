"""From YAML text to `Desired`: files, syntax, structure, variables, overlays, and everything that can be checked offline."""
