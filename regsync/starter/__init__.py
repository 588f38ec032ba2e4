"""What `regsync init` writes: settings from `templates/`, workflows from the repository's examples."""
