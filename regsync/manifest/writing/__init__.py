"""From data to new YAML text: `render`, and manifests made from what is live."""
