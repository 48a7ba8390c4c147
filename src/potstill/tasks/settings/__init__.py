"""What a task is asked for: settings as text, JSON and options, their defaults, and the checks that tasks share."""
