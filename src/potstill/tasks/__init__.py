"""What a user asks for: settings, the run that they describe, its result, and the record that makes it again."""
