"""Thousands of tasks: a manifest, the executors of its rows, the table of results."""
