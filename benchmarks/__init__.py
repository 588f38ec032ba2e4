"""Speed and memory, as ratios measured side by side in one run, because machines are noisy. Run: `make bench`."""
