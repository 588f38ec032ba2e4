"""What only reads: the live state, versions by name, facts about the server."""
