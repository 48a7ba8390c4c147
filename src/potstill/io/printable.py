"""Text from outside, such as names of files, made safe to print, draw and encode."""


def printable(text: str) -> str:
    """The text on one line; a control character or an unpaired surrogate becomes its escape, such as \\x1b."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))
