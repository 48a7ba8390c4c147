"""What a user asks for: settings, the run that they describe, its result, and the record that makes it again.

`images`, `drawings` and `scenes` hold the tasks of each subject, which `subjects` lists. `runs` takes their steps,
`files` is what they read and write, and `settings` what they are asked for.
"""
