"""Thousands of tasks: a manifest, the processes that run its rows, the table of results."""
