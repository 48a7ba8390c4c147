"""A mistake on the command line in one line: what tyro draws as a box, put into words."""

import difflib
import re
from collections.abc import Callable

_KINDS = {"INT": "a whole number", "FLOAT": "a number", "None": "None", "INT INT": "two whole numbers"}


def told(printed: str, help: Callable[[], str]) -> str:
    """One line for a box of tyro's: an unknown option first, for what seems missing is often behind it.

    Args:
        printed: what tyro printed of the mistake.
        help: gives the command's --help, where the options stand.
    """
    text = " ".join(re.sub(r"[─-╿]|-{4,}|\x1b\[[0-9;]*m", " ", printed).split())
    if found := re.search("Unrecognized options: (.*?)(?: Perhaps you meant| Argument helptext|$)", text):
        return _unknown(found[1], set(re.findall(r"--[a-z][a-z0-9-]+", help())))
    text = re.split("Argument helptext|Got errors|For full helptext|Perhaps you meant", text)[0].strip(" .")
    text = re.sub("^(Value error|Required options|Parsing error|Invalid choice|Missing argument) ", "", text)
    text = re.sub("^Error parsing (task|model|output|[a-z.]*command): ", "", text)
    if found := re.fullmatch(r"Error parsing (\S+): no type matching (.*) could be instantiated from \[(.*)\]", text):
        kinds = [_KINDS.get(kind.strip("{}"), kind) for kind in sorted(found[2].split("|"), key="{None}".__eq__)]
        return f"{found[1]} = {_short(found[3])} must be {' or '.join(kinds)}"
    if found := re.fullmatch(r"Error parsing (\S+): could not convert string to float: (.*)", text):
        return f"{found[1]} = {_short(found[2])} must be a number"
    if found := re.fullmatch(r"Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)", text):
        return f"{found[1]} = {_short(found[2])} must be a whole number"
    if found := re.fullmatch(r"Error parsing (\S+): Could not find valid parse for arguments: \[(.*)\]", text):
        kind = re.search(rf"{found[1]} \[(\w+)", help())
        each = _KINDS.get(kind[1], kind[1]) if kind else "such a value"
        return f"{found[1]} = {_short(found[2])}: each must be {each}"
    if found := re.fullmatch(r"Error parsing (\S+): Exceeds the limit .*", text):
        return f"{found[1]} has far too many digits: give a smaller number"
    if found := re.match("Missing value for argument '(.*?)'", text):
        name = found[1] if found[1].startswith("-") else found[1].rpartition(".")[2].upper()
        return f"{name} needs a value; a file whose name starts with - is written ./-name"
    if found := re.fullmatch(r"invalid choice (.*) for argument '(.*?)'. Expected one of \((.*)\)", text):
        choices = sorted(set(re.findall("'(.*?)'", found[3])))
        return f"{found[2]} = {_short(found[1])} must be one of {', '.join(choices)}"
    return re.sub("^Missing from [^:]*: ", "missing: ", text.replace(" (required)", ";")).strip(" .;")


def _unknown(tokens: str, options: set[str]) -> str:
    first = re.split("[ ,=]", tokens)[0]
    if not first.startswith("-"):
        return f"unexpected {_short(first)!r}: leave it out, or put a text of several words in quotes"
    if first in options:
        return f"{first} stands where only files and texts may, behind --: put it before"
    close = difflib.get_close_matches(first, options, n=1)
    hint = f": did you mean {close[0]}?" if close else "; a file whose name starts with - is written ./-name"
    return f"unknown option {_short(first)}{hint}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
