"""The notebooks in notebooks/, from the pages of the lecture and the sources beside them.

python -m notebooks.build          # write them, with what they print
python -m notebooks.build --check  # run them, and write nothing
"""

import base64
import io
import re
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

from notebooks.snippets import LECTURE, snippets

FOLDER = Path(__file__).parent
SOURCES: dict[str, list[Path]] = {
    "lecture": [LECTURE / "index.md", *sorted(LECTURE.glob("[01]*.md"))],
    **{name: [FOLDER / f"{name}.md"] for name in ("edit_your_own_picture", "write_a_method", "three_d")},
}
INSTALL = "%pip install --quiet potstill"
WIDTH = 900


def source(page: Path) -> str:
    """A page as the source of cells: without outputs, which a run makes, and without links to other pages."""
    text = page.read_text(encoding="utf-8")
    lines: list[str | None] = [*text.splitlines()]
    for snippet in snippets(text):
        if snippet.lines:
            first, last = snippet.lines
            lines[first - 1 : last + 1] = [None] * (last - first + 2)
    text = "\n".join(line for line in lines if line is not None)
    text = re.sub(r"^\[한국어\].*?\n\n", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"!\[(.*?)\]\((.*?)\)", lambda found: f"![{found[1]}]({inline(page.parent / found[2])})", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:|data:)[^)]*\)", r"\1", text)


def inline(path: Path) -> str:
    """A picture as a data URI, small enough for a notebook."""
    picture = Image.open(path).convert("RGB")
    picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.quantize(48).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def build(name: str) -> Any:
    """A notebook without outputs: an install cell, then the cells of its pages."""
    install = nbformat.v4.new_code_cell(INSTALL, metadata={"tags": ["install"]})
    cells = [cell for page in SOURCES[name] for cell in jupytext.reads(source(page), "md").cells]
    book = nbformat.v4.new_notebook(cells=[cells[0], install, *cells[1:]])
    book.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
    return book


def executed(book: Any) -> Any:
    """The notebook with what its cells print. The install cell is not run.

    Raises:
        CellExecutionError: a cell raised.
    """
    with tempfile.TemporaryDirectory() as folder:
        install = next(cell for cell in book.cells if "install" in cell.metadata.get("tags", []))
        install.cell_type = "raw"
        NotebookClient(book, timeout=600, resources={"metadata": {"path": folder}}, record_timing=False).execute()
        install.cell_type = "code"
    return book


def texts(book: Any) -> list[tuple[str, str]]:
    """What the cells hold, without the bytes of pictures."""
    return [(cell.cell_type, re.sub(r"data:[^)]*", "", cell.source)) for cell in book.cells]


def main(check: bool) -> None:
    """Run all of them; write them unless `check`."""
    for name in SOURCES:
        book = executed(build(name))
        if not check:
            nbformat.write(book, FOLDER / f"{name}.ipynb")
        print(textwrap.shorten(f"{name}: {len(book.cells)} cells", 80))


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
