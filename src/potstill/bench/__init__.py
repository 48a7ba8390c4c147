"""The benchmarks: `potstill bench`."""
