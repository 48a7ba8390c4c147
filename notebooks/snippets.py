"""The code of a page in Markdown: python blocks, each with the text block below it, which is what it prints.

python -m notebooks.snippets    # run the lecture, write what it prints into it, and copy that to the Korean pages
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
KOREAN = LECTURE.parent / "ko" / "lecture"
BLOCK = re.compile(r"^```.*?^```$|^\$\$.*?\$\$$", re.MULTILINE | re.DOTALL)
"""A fence of code, or a formula on lines of its own."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


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


def blocks(text: str) -> list[str]:
    """The blocks of code and the formulas of a page, which do not depend on its language."""
    return [found[0] for found in BLOCK.finditer(text)]


def with_blocks(text: str, model: str) -> str:
    """A page with the blocks of another, in their order."""
    others = iter(blocks(model))
    return BLOCK.sub(lambda found: next(others, found[0]), text)


def agree(one: str, other: str) -> bool:
    """Whether two outputs are the same but for spaces, and numbers within 15 %, or 0.02.

    Processors round differently, and runs of hundreds of steps under strong guidance amplify that.
    """
    if NUMBER.sub("#", one).split() != NUMBER.sub("#", other).split():
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(abs(float(x) - float(y)) <= 0.02 + 0.15 * abs(float(x)) for x, y in pairs)


def differences(page: Path) -> list[str]:
    """What the blocks of a page print, where it does not agree with what stands below them."""
    names, wrong = {"__name__": page.stem}, []
    for snippet in snippets(page.read_text(encoding="utf-8")):
        printed = run(snippet, page, names)
        if not agree(snippet.said or "", printed):
            wrong.append(f"{page.name}, code at line {snippet.line + 1}: it prints\n{printed}")
    return wrong


if __name__ == "__main__":
    if pages := [Path(name) for name in sys.argv[1:]]:
        sys.exit("\n".join(text for page in pages for text in differences(page)) or None)
    for page in sorted(LECTURE.glob("*.md")):
        page.write_text(with_outputs(page), encoding="utf-8")
        twin = KOREAN / page.name
        twin.write_text(with_blocks(twin.read_text("utf-8"), page.read_text("utf-8")), encoding="utf-8")
