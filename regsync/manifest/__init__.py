"""Manifests: `reading` turns YAML into `Desired`, `editing` changes files in place, `writing` makes new ones."""
