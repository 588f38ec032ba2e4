"""What carries a document to the server and its answer back: URL, key, limits, retries, pages, errors."""
