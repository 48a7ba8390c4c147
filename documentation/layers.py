"""The picture of the layers: each row imports from the rows below it, as tests/test_architecture.py checks.

python -m documentation.layers layers.svg
"""

import ast
import textwrap
from html import escape
from pathlib import Path

import tyro

import potstill

SRC = Path(potstill.__file__).parent
LAWS = Path(__file__).parents[1] / "tests/test_architecture.py"
WIDTH, GAP, LINE, LETTER = 960, 10, 16, 6.3


def rows() -> tuple[tuple[str, ...], ...]:
    """The rows of packages and modules, the highest first, as the test of the architecture states them."""
    for node in ast.parse(LAWS.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROWS":
            return ast.literal_eval(node.value)
    raise ValueError(f"{LAWS} states no ROWS")


def about(name: str) -> str:
    """The first sentence of the docstring of a package or module."""
    path = SRC if name == "potstill" else SRC / name
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0].split(". ")[0].rstrip(".").replace("`", "")


def svg() -> str:
    """The picture: a box for each package, with what it is."""
    parts, top = [], GAP
    for row in rows():
        names = [name for name in row if name != "__main__"]
        wide = (WIDTH - GAP * (len(names) + 1)) / len(names)
        lines = [textwrap.wrap(about(name), int((wide - 20) / LETTER)) for name in names]
        tall = 34 + LINE * max(map(len, lines))
        for place, (name, texts) in enumerate(zip(names, lines, strict=True)):
            left = GAP + place * (wide + GAP)
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{tall}" rx="6" fill="#eef3f9"'
                f' stroke="#3b6ea5"/><text x="{left + 10:.1f}" y="{top + 20}" font-weight="600">{name}</text>'
            )
            parts += [
                f'<text x="{left + 10:.1f}" y="{top + 39 + LINE * line}" font-size="12">{escape(text)}</text>'
                for line, text in enumerate(texts)
            ]
        top += tall + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
        ' font-family="system-ui, sans-serif" font-size="14" fill="#1b2733">\n'
        f'<title>The layers of potstill</title><rect width="{WIDTH}" height="{top}" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main(out: Path, /) -> None:
    """Draw it to a file."""
    out.write_text(svg(), encoding="utf-8")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
