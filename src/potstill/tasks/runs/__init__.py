"""Runs of tasks and their results: started, saved, resumed, replayed and compared."""
