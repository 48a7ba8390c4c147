"""The code of a page in Markdown: python blocks, each with the text block below it, which is what it prints.

    python notebooks/snippets.py docs/lecture/*.md    # run the pages and write what they print into them
"""

import contextlib
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

LECTURE = Path(__file__).parents[1] / "docs" / "lecture"


@dataclass(frozen=True)
class Snippet:
    """A python block, and the text block right below it."""

    code: str
    line: int
    """Of the page, where the code begins."""
    said: str | None
    """What it should print; None if no text block follows."""
    lines: tuple[int, int] | None
    """Of the page, where that stands."""


def snippets(text: str) -> list[Snippet]:
    """The python blocks of a page, in order."""
    tokens = MarkdownIt().parse(text)
    found = []
    for token, after in zip(tokens, [*tokens[1:], Token("", "", 0)], strict=True):
        if token.type == "fence" and token.info.strip() == "python" and token.map:
            output = after if after.type == "fence" and after.info.strip() == "text" else None
            lines = (output.map[0] + 1, output.map[1] - 1) if output and output.map else None
            found.append(Snippet(token.content, token.map[0] + 1, output.content if output else None, lines))
    return found


def run(snippet: Snippet, page: Path, names: dict) -> str:
    """What the block prints, in the namespace that the blocks of its page share."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * snippet.line + snippet.code, str(page), "exec"), names)
    return printed.getvalue()


def with_outputs(page: Path) -> str:
    """The text of a page, with what its blocks print now."""
    text, names = page.read_text(encoding="utf-8"), {"__name__": page.stem}
    lines, shift = text.splitlines(keepends=True), 0
    for snippet in snippets(text):
        printed = re.sub(r" +\n", "\n", run(snippet, page, names)).splitlines(keepends=True)
        if snippet.lines:
            first, last = (number + shift for number in snippet.lines)
            lines[first:last] = printed
            shift += len(printed) - (last - first)
    return "".join(lines)


if __name__ == "__main__":
    for name in map(Path, sys.argv[1:]):
        name.write_text(with_outputs(name), encoding="utf-8")
